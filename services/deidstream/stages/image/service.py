"""The stage around ``detection.image``: reads printed pages, and says which rectangles of other pixels identify somebody."""

from __future__ import annotations

from collections.abc import Sequence

from deidstream import formats
from deidstream.core.case import Case
from deidstream.core.document import NESTED, Document
from deidstream.core.errors import Malformed
from deidstream.core.outcome import Forward, Outcome
from deidstream.core.page import Pages
from deidstream.detection import fields
from deidstream.detection.fields.dicom.pictures import may_show_faces
from deidstream.detection.image.burned import findings
from deidstream.detection.image.misread import misread
from deidstream.formats.pdf import PdfDocument
from deidstream.formats.printed import printed, see
from deidstream.ports import Pictures, SubjectLayer, TextLayer

__all__ = ["Image"]


class Image:
    """``pictures`` decodes and looks; ``layers`` and ``identity`` are those of the text stage, for what is read."""

    def __init__(self, pictures: Pictures, layers: Sequence[TextLayer], identity: SubjectLayer) -> None:
        self._pictures = pictures
        self._layers = layers
        self._identity = identity

    def handle(self, cases: Sequence[Case]) -> list[Outcome]:
        """One Forward a case, in order. What cannot be examined goes on as that: policies decide.

        Raises Malformed when a source, or a page of it, cannot be read, Unavailable when a model does not answer.
        """
        return [Forward(self._examined(self._read(case)).advance()) for case in cases]

    def _read(self, case: Case) -> Case:
        """With the pages of its printed documents, where it has any."""
        document = formats.opened(case)
        read = tuple(self._pages(path, one) for path, one in printed(document))
        if not read:
            return case.changed(document=document)
        see(document, read)
        pages = [part for part in document.parts if any(part.locator.startswith(f"{one.path}{NESTED}") for one in read)]
        found = tuple(misread(document.parts if document.format == "pdf" else pages, case.subjects))
        return case.changed(document=document, pages=read, findings=case.findings + found)

    def _pages(self, path: str, document: PdfDocument) -> Pages:
        """Those of a document inside a value that cannot be read are none: the value goes."""
        try:
            return Pages(path, tuple(self._pictures.read(document.source)))
        except Malformed as error:
            if not path:
                raise
            return Pages(path, refused=error.code)

    def _examined(self, case: Case) -> Case:
        header, document = case.header, formats.opened(case)
        if not fields.is_pictured(document):
            return case
        try:
            sight = self._pictures.look(header.format, case.source, may_show_faces(document))
        except Malformed as error:
            return _said(case, document, error.code)
        found = findings(sight, case.subjects, self._layers, self._identity, header.attribute("language"))
        return _said(case.changed(findings=case.findings + tuple(found)), document, "examined")


def _said(case: Case, document: Document, what: str) -> Case:
    others = tuple(one for one in case.header.attributes if one[0] != "pixels")
    return case.with_header(attributes=(*others, ("pixels", what))).changed(document=document)
