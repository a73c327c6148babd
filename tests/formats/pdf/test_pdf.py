"""A PDF is read as people read it, and written so that nothing is left under a box or beside a page."""

from __future__ import annotations

import io

import numpy as np
import pikepdf
import pytest
from deidstream.core.document import Edit, splice
from deidstream.core.errors import Malformed, Unsafe
from deidstream.core.page import Box, Page, Pages, Run, Sheet
from deidstream.core.span import Span
from deidstream.formats import sniff, split
from deidstream.formats.pdf import PdfDocument
from deidstream.formats.pdf.reader import layers
from deidstream.formats.pdf.writer import written
from pikepdf import Array, Dictionary, Name, String

from tests.formats.pdf.made import Picture, annotated, drawing, everything, looks, pdf, pictured, text_of

LETTER = ["Discharge letter", "Patient: Quilty McGrath, born 03.04.1961", "Haemoglobin 13.2 g/dl, Hodgkin stage II."]
SECRET = "Quilty McGrath"
CURVES = "10 0 0 10 100 300 cm 0 0 m 0 8 6 8 6 0 c 4 -3 2 -3 0 0 c f"
"""A filled shape with curves, 60 points wide, from (100, 300)."""


def opened(source: bytes) -> PdfDocument:
    """As its text layer says, believed: what pixels say against it is tested with the reader of pages."""
    document = split("pdf", source)
    assert isinstance(document, PdfDocument)
    believed = [Page(one.text, one.boxes, (False,) * len(one.text), one.pictures) for one, _ in layers(source)]
    document.see(Pages("", tuple(believed)))
    document.press = written
    return document


def without(source: bytes, new: str = "Jonas Abel") -> bytes:
    """``source`` with every sighting of the patient replaced, and what no page shows taken out."""
    document = opened(source)
    edits = [Edit("unseen", None, None)]
    for part in document.parts:
        at = part.text.find(SECRET)
        if at >= 0:
            edits.append(Edit(part.locator, Span(at, at + len(SECRET)), new))
    return splice(document, edits)


def changed(before: Picture, after: Picture) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of all pixels that differ by more than a trace of being drawn anew."""
    rows, columns = np.nonzero((np.abs(before.astype(int) - after) > 48).any(axis=2))
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def test_it_reads_the_pages_and_gives_them_back_untouched() -> None:
    source = pdf(LETTER, ["Second page"])
    document = opened(source)
    assert [leaf.path for leaf in document.leaves] == ["page[1]", "page[2]", "unseen"]
    assert [line.strip() for line in document.parts[0].text.splitlines()] == LETTER
    assert splice(document, ()) == source
    assert sniff(source) == sniff(b"\n\n" + source, "x.bin") == "pdf"


def test_what_is_replaced_is_gone_from_text_and_picture_and_all_else_looks_as_before() -> None:
    source = pdf(LETTER)
    out = without(source)
    assert "Jonas Abel" in text_of(out)
    assert "McGrath" not in text_of(out)
    assert "Haemoglobin 13.2 g/dl, Hodgkin stage II." in text_of(out)
    before, after = looks(source), looks(out)
    left, top, right, bottom = changed(before, after)
    # Helvetica 12 (Adobe's font metrics): "Patient: " is 44.0 points wide, the name 80.0; the line stands on y = 760.
    assert 60 + 44 < left * 72 / 200 + 1 < right * 72 / 200 < 60 + 44 + 80 + 1
    assert 842 - 760 - 14 < top * 72 / 200 < bottom * 72 / 200 < 842 - 760 + 5


def test_under_the_box_there_is_nothing() -> None:
    """With nothing written in its place, the place is as white as the paper."""
    source = pdf(LETTER)
    out = without(source, new="")
    place = np.s_[190:250, 292:508]
    assert (looks(source)[place] < 128).any()
    assert (looks(out)[place] > 250).all()


def test_what_no_page_shows_is_not_there_any_more() -> None:
    def hide(out: pikepdf.Pdf) -> None:
        out.docinfo["/Author"] = SECRET
        with out.open_metadata() as metadata:
            metadata["dc:title"] = SECRET
        out.attachments["letter.txt"] = SECRET.encode()
        out.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=String(f"app.alert('{SECRET}')"))
        annotated(out, "ward", Popup=Dictionary(Contents=String(SECRET)), T=String(SECRET))

    source = pdf(["Nothing to see"], then=hide)
    assert everything(source).count(b"McGrath") >= 4
    assert b"McGrath" not in everything(without(source))
    earlier = pdf(LETTER)
    later = earlier.replace(b"Quilty", b"Dr Who") + b"\n% " + SECRET.encode()
    assert b"McGrath" not in everything(without(later.replace(b"McGrath,", b"No Name,")))


@pytest.mark.parametrize("kind", [Name.FreeText, Name.Stamp, Name.Widget])
def test_annotations_and_forms_are_read_as_they_are_shown(kind: pikepdf.Name) -> None:
    def add(out: pikepdf.Pdf) -> None:
        more = {"FT": Name.Tx, "T": String("name"), "V": String(SECRET)} if kind == Name.Widget else {}
        annotated(out, f"For {SECRET}", kind, **more)
        if kind == Name.Widget:
            out.Root.AcroForm = Dictionary(Fields=Array([out.pages[0].Annots[0]]))

    source = pdf(["A letter"], then=add)
    assert f"For {SECRET}" in opened(source).parts[0].text
    out = without(source)
    assert b"McGrath" not in everything(out)
    assert "Jonas Abel" in text_of(out)
    left, top, right, bottom = changed(looks(source), looks(out))
    assert 300 < left * 72 / 200 < right * 72 / 200 < 500
    assert 842 - 520 < top * 72 / 200 < bottom * 72 / 200 < 842 - 499


def test_pictures_and_outlined_letters_are_things_that_can_be_taken_out() -> None:
    def add(out: pikepdf.Pdf) -> None:
        image = out.make_stream(bytes([200, 30, 30]) * 4, Type=Name.XObject, Subtype=Name.Image)
        image.Width, image.Height, image.BitsPerComponent, image.ColorSpace = 2, 2, 8, Name.DeviceRGB
        form = out.make_stream(
            b"q 0.5 0 0 0.5 10 20 cm q 80 0 0 40 0 0 cm /Im Do Q Q",
            Type=Name.XObject,
            Subtype=Name.Form,
            BBox=Array([0, 0, 100, 100]),
            Matrix=Array([2, 0, 0, 2, 5, 7]),
            Resources=Dictionary(XObject=Dictionary(Im=image)),
        )
        out.pages[0].Resources.XObject = Dictionary(Fm=form)
        drawing(out, f"q 1 0 0 1 200 500 cm /Fm Do Q q {CURVES} Q 60 200 m 500 200 l 500 260 l S")

    source = pdf(LETTER, then=add)
    document = opened(source)
    assert [leaf.type for leaf in document.leaves] == ["text", "picture", "picture", "unseen"]
    for number, box in enumerate(document.pages[0].pictures, 1):
        out = splice(document, [Edit(f"page[1].picture[{number}]", None, None)])
        left, top, right, bottom = changed(looks(source), looks(out))
        assert abs(left - box.left) < 3
        assert abs(right - box.right) < 3
        assert abs(top - box.top) < 3 or number == 2  # the control points of a curve lie beyond it
        assert abs(bottom - box.bottom) < 3 or number == 2
        assert "Quilty" in text_of(out)


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_pages_may_be_turned(turned: int) -> None:
    def turn(out: pikepdf.Pdf) -> None:
        out.pages[0].Rotate = turned
        out.pages[0].CropBox = Array([20, 30, 595, 842])

    source = pdf(LETTER, then=turn)
    out = without(source, new="")
    assert looks(out).shape == looks(source).shape
    left, top, right, bottom = changed(looks(source), looks(out))
    upright = changed(looks(pdf(LETTER)), looks(without(pdf(LETTER), new="")))
    sides = sorted((right - left, bottom - top))
    assert sides == pytest.approx(sorted((upright[2] - upright[0], upright[3] - upright[1])), abs=3)
    assert "McGrath" not in text_of(out)


def test_the_text_layer_has_all_scripts() -> None:
    source = pdf(LETTER)
    for name in ("Łukasz Żółć", "Ольга Иванова", "محمد علي", "田中 太郎"):
        assert name.split()[0] in text_of(without(source, new=name))


def test_the_same_file_is_written_the_same_way() -> None:
    assert without(pdf(LETTER)) == without(pdf(LETTER))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (b"%PDF-1.7", "pdf-unreadable"),
        (pdf(LETTER)[:300], "pdf-unreadable"),
        (pdf(), "pdf-unreadable"),
        (pdf(LETTER, encryption=pikepdf.Encryption(owner="o", user="u")), "pdf-encrypted"),
        (
            pdf(LETTER, then=lambda out: setattr(out.pages[0], "MediaBox", Array([0, 0, 14000, 14000]))),
            "page-too-large",
        ),
        (pdf(*[[]] * 501), "too-many-pages"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_is_refused_with_its_reason(source: bytes, reason: str) -> None:
    with pytest.raises(Malformed) as caught:
        list(layers(source))
    assert caught.value.code == reason


@pytest.mark.parametrize(("shade", "is_scan"), [(230, True), (20, False), (None, False)])
def test_a_scan_is_a_large_picture_of_light_paper(shade: int | None, is_scan: bool) -> None:
    """Neither a radiograph nor a photograph."""
    chance = np.random.default_rng(1)
    shown = chance.integers(0, 256, (400, 300, 3)) if shade is None else np.full((400, 300, 3), shade)
    shown[180:220, 50:250] = 0
    source = pdf([], then=lambda out: pictured(out, shown.astype(np.uint8), (50, 50, 495, 742)))
    [(layer, _)] = layers(source)
    assert (layer.scans == layer.pictures) is is_scan
    small = pdf([], then=lambda out: pictured(out, shown.astype(np.uint8), (50, 50, 200, 200)))
    [(layer, _)] = layers(small)
    assert (len(layer.pictures), layer.scans) == (1, ())


def test_what_nobody_has_read_is_never_written() -> None:
    with pytest.raises(Unsafe, match="page-not-read"):
        splice(split("pdf", pdf(LETTER)), ())
    with pytest.raises(Malformed, match="pdf-unreadable"):
        split("pdf", b"Patient: Quilty McGrath")


def test_one_that_only_its_owner_may_change_is_read() -> None:
    source = pdf(LETTER, encryption=pikepdf.Encryption(owner="o", user=""))
    assert "McGrath" not in text_of(without(source))
    assert not pikepdf.open(io.BytesIO(without(source))).is_encrypted


def test_words_whose_boxes_touch_are_words_in_the_text_layer() -> None:
    """Boxes of words that were read reach up to the middle of the blanks between them."""
    runs = [
        Run(word, Box(170 + 100 * at, 150, 270 + 100 * at, 180)) for at, word in enumerate(["Quilty", "has", "gone"])
    ]
    out = written(pdf(["A letter"]), [Sheet((), tuple(runs))])
    assert text_of(out).split() == ["Quilty", "has", "gone"]


def test_where_two_things_are_put_in_one_place_one_is_written() -> None:
    """A layer that says something else than its page shows: both are replaced, and stand where one stood."""
    text, boxes = "Quilty McGrath", (Box(100, 100, 300, 140), Box(102, 101, 298, 139))
    page = Page(text, tuple(boxes[at >= 7] for at in range(len(text))), (False,) * len(text))
    document = opened(pdf(["A letter"]))
    document.see(Pages("", (page,)))
    edits = [Edit("page[1]", Span(0, 6), "Jonas"), Edit("page[1]", Span(7, 14), "Jonas")]
    assert text_of(splice(document, edits)).split() == ["Jonas"]
