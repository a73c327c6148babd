"""The stage around ``detection.image``: looks at the pixels of each case, and says which rectangles identify somebody."""

from __future__ import annotations

from collections.abc import Sequence

from deidstream import formats
from deidstream.core.case import Case
from deidstream.core.document import Document
from deidstream.core.errors import Malformed
from deidstream.core.outcome import Forward, Outcome
from deidstream.detection.fields.dicom.pictures import may_show_faces
from deidstream.detection.image.burned import findings
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

        Raises Malformed when a source cannot be read, Unavailable when a model does not answer.
        """
        return [Forward(self._examined(case).advance()) for case in cases]

    def _examined(self, case: Case) -> Case:
        header = case.header
        document = case.document or formats.split(header.format, case.source, header.attribute("charset"))
        try:
            sight = self._pictures.look(header.format, case.source, may_show_faces(document))
        except Malformed as error:
            return _said(case, document, error.code)
        found = findings(sight, case.subjects, self._layers, self._identity, header.attribute("language"))
        return _said(case.changed(findings=case.findings + tuple(found)), document, "examined")


def _said(case: Case, document: Document, what: str) -> Case:
    others = tuple(one for one in case.header.attributes if one[0] != "pixels")
    return case.with_header(attributes=(*others, ("pixels", what))).changed(document=document)
