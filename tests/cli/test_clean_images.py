"""Picture files through all stages: text, codes and metadata gone, every other pixel as it was."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from deidstream.adapters.pictures.models import open_reader
from PIL import Image, PngImagePlugin

from tests.cli.command import run
from tests.formats.dicom.pictures import drawn, speckle

_SECRET = b"Quiltrane"
_LINES = {(10, 8): "Quiltrane Adabel", (10, 36): "MRN 4711081"}


def _exif() -> Image.Exif:
    made = Image.Exif()
    made[0x013B], made[0x010E], made[0x0112] = "Quiltrane", "Quiltrane", 6
    return made


def _xmp() -> bytes:
    return b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>Quiltrane</x:xmpmeta>"


def _files(folder: Path) -> dict[str, np.ndarray]:
    clean = np.repeat(speckle()[:, :, None], 3, axis=2)
    marked = drawn(clean, _LINES)
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", "Quiltrane")
    notes.add_itxt("XML:com.adobe.xmp", _xmp().decode())
    lying = np.rot90(marked)  # as a camera on its side stores it: orientation 6 has it turned clockwise
    Image.fromarray(lying).save(folder / "a.png", pnginfo=notes, exif=_exif(), icc_profile=b"Quiltrane")
    Image.fromarray(lying).save(
        folder / "b.jpg", quality=95, exif=_exif(), icc_profile=b"Quiltrane", xmp=_xmp(), comment=_SECRET
    )
    Image.fromarray(clean).save(folder / "c.jpg", quality=90, exif=_exif(), comment=_SECRET)
    (folder / "c.jpg").write_bytes((folder / "c.jpg").read_bytes() + b"Quiltrane behind the end")
    pages = [Image.fromarray(speckle(seed=2)), Image.fromarray(drawn(speckle(seed=3), _LINES))]
    pages[0].save(
        folder / "d.tiff", save_all=True, append_images=pages[1:], compression="tiff_lzw", tiffinfo={315: "Quiltrane"}
    )
    coded = speckle().copy()
    code = np.asarray(zxingcpp.create_barcode("MRN4711081", zxingcpp.BarcodeFormat.QRCode).to_image(scale=3))
    coded[100 : 100 + code.shape[0], 100 : 100 + code.shape[1]] = code
    Image.fromarray(coded).save(folder / "e.bmp")
    Image.fromarray(clean).save(folder / "f.webp", lossless=True, exif=_exif(), xmp=_xmp(), icc_profile=b"Quiltrane")
    return {"a.png": lying, "d.tiff": np.asarray(pages[1]), "e.bmp": coded, "f.webp": clean}


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, np.ndarray], list[dict[str, str]]]:
    folder = tmp_path_factory.mktemp("images")
    (folder / "in").mkdir()
    files = _files(folder / "in")
    options = ("--tagger", "none", "--preview", "--findings", folder / "findings.jsonl")
    assert run("clean", folder / "in", "--out", folder / "out", *options).code == 0
    return folder / "out", files, [json.loads(one) for one in (folder / "findings.jsonl").read_text().splitlines()]


def test_no_byte_of_metadata_stays_but_the_orientation(cleaned: tuple[Path, object, object]) -> None:
    for path in sorted(cleaned[0].glob("?.*")):
        content = path.read_bytes()
        assert not [one for one in (_SECRET, b"adobe:ns") if one in content], path.name
        image = Image.open(io.BytesIO(content))
        assert "icc_profile" not in image.info
        if path.name in ("a.png", "b.jpg", "c.jpg"):
            assert dict(image.getexif()) == {0x0112: 6}, path.name


def test_nothing_is_left_to_read(cleaned: tuple[Path, object, object]) -> None:
    reader = open_reader(Path(__file__).parents[2] / "models", threads=2)
    for name, page in (("a.png", 0), ("b.jpg", 0), ("d.tiff", 1)):
        image = Image.open(cleaned[0] / name)
        image.seek(page)
        text = "".join(one.text for one in reader.read(np.asarray(image.convert("RGB")), "image", 1).lines)
        assert not [one for one in ("uiltrane", "dabel", "4711081") if one in text], name
    assert not zxingcpp.read_barcodes(np.asarray(Image.open(cleaned[0] / "e.bmp")))


def test_what_is_outside_of_the_rectangles_keeps_every_bit(
    cleaned: tuple[Path, dict[str, np.ndarray], list[dict[str, str]]],
) -> None:
    out, files, found = cleaned
    for name, before in files.items():
        image = Image.open(out / name)
        image.seek(1 if name == "d.tiff" else 0)
        apart = (np.asarray(image) != before).reshape(*before.shape[:2], -1).any(axis=2)
        apart = np.rot90(apart, -1).copy() if name == "a.png" else apart
        places = [one["part"].split("@")[1] for one in found if one["file"] == name]
        for x, y, width, height in (map(int, place.split(",")) for place in places):
            apart[y : y + height, x : x + width] = False
        assert not apart.any(), name
        assert bool(places) == (name != "f.webp"), name
    first = Image.open(out / "d.tiff")
    assert np.array_equal(np.asarray(first), speckle(seed=2))


def test_the_preview_shows_each_picture_before_and_after_with_its_rectangles_and_reasons(
    cleaned: tuple[Path, dict[str, np.ndarray], list[dict[str, str]]],
) -> None:
    out, files, found = cleaned
    path = out / ".preview.html"
    text = path.read_text()
    assert path.stat().st_mode & 0o077 == 0, "it shows patients"
    assert "not de-identified" in text
    assert text.count("<rect") == sum("@" in one["part"] for one in found)
    first, second = re.findall(r"base64,([^\"]+)", text.partition("<h2>a.png</h2>")[2])[:2]
    before, after = (np.asarray(Image.open(io.BytesIO(base64.b64decode(one)))) for one in (first, second))
    assert np.array_equal(before, np.rot90(files["a.png"], -1)), "people see it upright"
    assert np.array_equal(after, np.rot90(np.asarray(Image.open(out / "a.png")), -1))


def test_a_jpeg_without_anything_on_it_keeps_its_compressed_pixels(cleaned: tuple[Path, object, object]) -> None:
    before, after = (Image.open(folder / "c.jpg") for folder in (cleaned[0].parent / "in", cleaned[0]))
    assert np.array_equal(np.asarray(before), np.asarray(after))
    scan = (cleaned[0].parent / "in" / "c.jpg").read_bytes()
    start, end = scan.rindex(b"\xff\xda"), scan.rindex(b"\xff\xd9")
    assert scan[start:end] in (cleaned[0] / "c.jpg").read_bytes()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 64, "frame-broken"),
        ("b.jpg", b"\xff\xd8\xff\xe0" + b"\0" * 64, "frame-broken"),
        ("c.gif", b"GIF89a" + b"\0" * 64, "unsupported-format"),
    ],
)
def test_what_is_broken_or_not_understood_is_quarantined(
    name: str, content: bytes, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(content)
    run("clean", tmp_path / "in", "--out", tmp_path / "out", "--tagger", "none", "--report", tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text())["reasons"] == {reason: 1}
