"""PDFs made with pikepdf for the tests, and what a reader sees in one."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pikepdf
import pypdfium2
from pikepdf import Array, Dictionary, Name, String

Picture = npt.NDArray[np.uint8]
SCALE = 200 / 72


def pdf(*pages: Sequence[str], then: Callable[[pikepdf.Pdf], None] | None = None, **saving: Any) -> bytes:
    """A4, Helvetica 12, the lines of each page from (60, 780) down, 20 points apart."""
    out = pikepdf.new()
    font = out.make_indirect(
        Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding)
    )
    for lines in pages:
        page = out.add_blank_page(page_size=(595, 842))
        page.Resources = Dictionary(Font=Dictionary(F1=font))
        shown = " ".join(f"({line}) Tj T*" for line in lines)
        page.Contents = out.make_stream(f"BT /F1 12 Tf 60 780 Td 20 TL {shown} ET\n".encode("cp1252"))
    if then is not None:
        then(out)
    stream = io.BytesIO()
    out.save(stream, **saving)
    return stream.getvalue()


def drawing(out: pikepdf.Pdf, operators: str, page: int = 0) -> None:
    """Adds ``operators`` to a page."""
    out.pages[page].contents_add(out.make_stream(operators.encode()))


def annotated(out: pikepdf.Pdf, text: str, kind: pikepdf.Name = Name.FreeText, **more: Any) -> None:
    """An annotation on the first page that shows ``text`` at (300, 500)."""
    font = out.pages[0].Resources.Font.F1
    look = out.make_stream(
        f"BT /F1 12 Tf 2 4 Td ({text}) Tj ET".encode(),
        Type=Name.XObject,
        Subtype=Name.Form,
        BBox=Array([0, 0, 200, 20]),
        Resources=Dictionary(Font=Dictionary(F1=font)),
    )
    one = Dictionary(
        Type=Name.Annot,
        Subtype=kind,
        Rect=Array([300, 500, 500, 520]),
        Contents=String(text),
        F=4,
        AP=Dictionary(N=look),
        **more,
    )
    out.pages[0].Annots = Array([out.make_indirect(one)])


def text_of(source: bytes, page: int = 0) -> str:
    """What pdfium, as any reader, gives who copies all of a page."""
    return str(pypdfium2.PdfDocument(source)[page].get_textpage().get_text_range())


def looks(source: bytes, page: int = 0) -> Picture:
    """uint8 ``[height, width, 3]``, at 200 dots an inch."""
    document = pypdfium2.PdfDocument(source)
    document.init_forms()
    return np.array(document[page].render(scale=SCALE, rev_byteorder=True).to_numpy()[:, :, :3])


def everything(source: bytes) -> bytes:
    """All objects and all streams of a file, decoded: where anything hidden would stand."""
    opened = pikepdf.open(io.BytesIO(source))
    out = [re.sub(rb"stream.*?endstream", b"", source, flags=re.S)]
    for one in opened.objects:
        out.append(repr(one).encode())
        if isinstance(one, pikepdf.Stream):
            try:
                out.append(one.read_bytes())
            except pikepdf.PdfError:
                out.append(one.read_raw_bytes())
    return b"\n".join(out)
