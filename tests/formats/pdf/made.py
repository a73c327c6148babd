"""PDFs made with pikepdf for the tests, and what a reader sees in one."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from string import ascii_letters
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


def misnamed(out: pikepdf.Pdf) -> None:
    """The font draws what it did, and says another letter for each: a text layer that nobody sees."""
    turned = "".join(
        f"<{ord(one):02X}> <{ord(other):04X}>\n"
        for one, other in zip(ascii_letters, ascii_letters[11:] + ascii_letters[:11], strict=True)
    )
    maps = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
        f"1 begincodespacerange <00> <FF> endcodespacerange {len(ascii_letters)} beginbfchar\n{turned}endbfchar\n"
        "endcmap CMapName currentdict /CMap defineresource pop end end"
    )
    out.pages[0].Resources.Font.F1.ToUnicode = out.make_stream(maps.encode())


def as_boxes(text: str, x: float, y: float, size: int = 48) -> str:
    """Operators that draw ``text`` as small rectangles, 4 to a point: letters, and no curve or picture among them."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size)
    mask = Image.new("L", (round(font.getlength(text)) + 8, size * 2))
    ImageDraw.Draw(mask).text((2, 2), text, fill=255, font=font)
    operators = []
    for row, ink in enumerate(np.asarray(mask) > 127):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], ink.astype(np.int8), [0]))))
        for start, end in edges.reshape(-1, 2).tolist():
            operators.append(f"{x + start / 4} {y - row / 4} {(end - start) / 4} 0.26 re f")
    return "\n".join(operators)


def pictured(
    out: pikepdf.Pdf, picture: Picture, where: tuple[float, float, float, float], page: int = 0, quality: int = 0
) -> None:
    """Adds an image on a page at left, bottom, width and height, in points; ``quality``: as JPEG."""
    image = out.make_stream(picture.tobytes(), Type=Name.XObject, Subtype=Name.Image)
    if quality:
        image.write(_jpeg(picture, quality), filter=Name.DCTDecode)
    image.Width, image.Height, image.BitsPerComponent = picture.shape[1], picture.shape[0], 8
    image.ColorSpace = Name.DeviceRGB
    if "/XObject" not in out.pages[page].Resources:
        out.pages[page].Resources.XObject = Dictionary()
    name = f"Im{len(out.pages[page].Resources.XObject)}"
    out.pages[page].Resources.XObject["/" + name] = image
    left, bottom, width, height = where
    drawing(out, f"q {width} 0 0 {height} {left} {bottom} cm /{name} Do Q", page)


def _jpeg(picture: Picture, quality: int) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def lettered(text: str, size: int = 40) -> Picture:
    """``text`` on white, as a picture."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size)
    canvas = Image.new("RGB", (round(font.getlength(text)) + 20, size * 2), (255, 255, 255))
    ImageDraw.Draw(canvas).text((10, size // 3), text, fill=(0, 0, 0), font=font)
    return np.asarray(canvas)


def scanned(*pages: Sequence[str], seed: int = 7, quality: int = 0, **saving: Any) -> bytes:
    """The pages of ``pdf`` as a scanner gives them: pictures, grey, blurred, a little noisy and askew, ``quality``: as JPEG."""
    from PIL import Image, ImageFilter

    whole = pdf(*pages)
    chance = np.random.default_rng(seed)

    def replaced(out: pikepdf.Pdf) -> None:
        for number in range(len(pages)):
            sheet = Image.fromarray(looks(whole, number)).rotate(
                0.4, Image.Resampling.BICUBIC, fillcolor=(255, 255, 255)
            )
            blurred = np.asarray(sheet.filter(ImageFilter.GaussianBlur(0.6))).astype(np.int16)
            noisy = np.clip(blurred - 12 + chance.normal(0, 6, blurred.shape), 0, 255).astype(np.uint8)
            pictured(out, noisy, (0, 0, 595, 842), number, quality)

    return pdf(*([] for _ in pages), then=replaced, **saving)
