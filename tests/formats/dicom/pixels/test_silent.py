"""Comments and other programs' segments go from compressed frames; decoded pixels and all lengths stay as they were."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pydicom
import pytest
from deidstream.core.errors import Malformed
from deidstream.formats.dicom import split
from deidstream.formats.dicom.apart import apart
from deidstream.formats.dicom.pixels.silent import silenced
from deidstream.formats.dicom.pixels.streams import unsaid
from openjpeg.utils import encode_array
from PIL import Image
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels import pixel_array
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless

from tests.formats.dicom.files import bundled, written
from tests.formats.dicom.pictures import instance, speckle

_SECRET = b"Quiltrane^Adabel"


def _compressed() -> list[Path]:
    found = []
    for path in bundled():
        try:
            document = split(path.read_bytes())
        except Malformed:
            continue
        if any(one.undefined and one.keyword == "PixelData" for one in document.walk()):
            found.append(path)
    return found


def _read(content: bytes) -> np.ndarray | None:
    try:
        return np.asarray(pixel_array(pydicom.dcmread(io.BytesIO(content), force=True), raw=True))
    except Exception:  # noqa: BLE001 - some of them nobody decodes
        return None


@pytest.mark.parametrize("path", _compressed(), ids=lambda path: path.name)
def test_decoded_pixels_stay_bit_identical(path: Path) -> None:
    content = path.read_bytes()
    document = split(content)
    made = silenced(document)
    assert len(made.source) == len(content)
    before = _read(content)
    if before is not None:
        assert np.array_equal(before, _read(made.source))
    assert silenced(made) is made  # nothing is left
    element = document.element("PixelData")
    assert element is not None
    assert made.source[: element.value] == content[: element.value]


@pytest.mark.parametrize("framed", [True, False])
def test_frames_in_pixel_data_that_has_a_length_are_no_way_round(framed: bool) -> None:
    """Against the rules, but pydicom and others read it."""
    content = next(path for path in bundled() if path.name == "JPEG2000.dcm").read_bytes()
    element = split(content).element("PixelData")
    assert element is not None
    assert b"Kakadu" in content
    value = content[element.value : element.end] if framed else b"Kakadu!!"
    told = content[: element.value - 4] + struct.pack("<I", len(value)) + value + content[element.end :]
    if framed:
        made = silenced(split(told)).source
        assert b"Kakadu" not in made
        assert np.array_equal(_read(told), _read(made))
        assert apart(told, b"0123456789abcdef") is None  # nor is it left unread in its file
    else:
        with pytest.raises(Malformed, match="fragments-broken"):
            silenced(split(told))


def test_there_are_compressed_files_of_several_syntaxes_and_some_change() -> None:
    files = [split(path.read_bytes()) for path in _compressed()]
    assert len(files) >= 30
    assert 4 <= sum(silenced(one) is not one for one in files) < len(files) / 2


def _frame(syntax: str, seed: int = 1) -> bytes:
    picture = speckle(64, 64, seed)
    if syntax == JPEG2000Lossless:
        return bytes(encode_array(picture, bits_stored=8))
    if syntax == JPEGLSLossless:
        return next(
            generate_frames(pydicom.dcmread(io.BytesIO(instance(picture, syntax))).PixelData, number_of_frames=1)
        )
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG")
    return out.getvalue()


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def _with(frame: bytes, syntax: str) -> bytes:
    """With a secret in every place that says nothing about pixels."""
    if syntax == JPEG2000Lossless:
        siz = 4 + int.from_bytes(frame[4:6], "big")
        sot = frame.index(b"\xff\x90")
        length = int.from_bytes(frame[sot + 6 : sot + 10], "big")
        inner = _segment(0x64, b"\0\1" + _SECRET)
        tile = frame[sot : sot + 6] + struct.pack(">I", length + len(inner)) + frame[sot + 10 : sot + 12] + inner
        return frame[:siz] + _segment(0x64, b"\0\1" + _SECRET) + frame[siz:sot] + tile + frame[sot + 12 :] + _SECRET
    more = (
        _segment(0xE1, b"Exif\0\0" + _SECRET) + _segment(0xFE, _SECRET) + _segment(0xEE, b"Adobe" + b"\0" * 7 + _SECRET)
    )
    if syntax == JPEGLSLossless:
        more = _segment(0xE8, _SECRET) + _segment(0xFE, _SECRET)
    return frame[:2] + more + frame[2:] + _SECRET


def _instance(syntax: str, fragments: list[bytes], frames: int = 1, has_table: bool = False) -> bytes:
    made = pydicom.dcmread(io.BytesIO(instance(speckle(64, 64))))
    made.PixelData = encapsulate(fragments, has_bot=has_table)
    made["PixelData"].is_undefined_length = True
    if frames > 1:
        made.NumberOfFrames = frames
    return written(made, syntax)


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEGLSLossless, JPEG2000Lossless])
@pytest.mark.parametrize("frames", [1, 2])
@pytest.mark.parametrize("pieces", [1, 3])
def test_what_says_nothing_about_pixels_goes_from_every_frame(syntax: str, frames: int, pieces: int) -> None:
    whole = [_with(_frame(syntax, seed), syntax) for seed in range(frames)]
    plain = [_frame(syntax, seed) for seed in range(frames)]
    cut = [one[at : at + 200] for one in whole for at in range(0, len(one), 200)] if pieces > 1 else whole
    content = _instance(syntax, cut, frames, has_table=pieces == 1)
    assert content.count(_SECRET) >= frames
    made = silenced(split(content))
    value = made.bare(made.element("PixelData"))
    assert _SECRET not in b"".join(_fragments(value))
    assert len(made.source) == len(content)
    if pieces == 1:
        assert np.array_equal(_read(made.source), _read(_instance(syntax, plain, frames, has_table=True)))


def _fragments(value: bytes) -> list[bytes]:
    at, found = 8 + int.from_bytes(value[4:8], "little"), []
    while value[at : at + 4] == b"\xfe\xff\x00\xe0":
        length = int.from_bytes(value[at + 4 : at + 8], "little")
        found.append(value[at + 8 : at + 8 + length])
        at += 8 + length
    return found


def test_a_wrapper_of_jpeg_2000_keeps_its_shape_and_none_of_its_texts() -> None:
    wrapped = (
        _box(b"jP  ", b"\r\n\x87\n")
        + _box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
        + _box(b"jp2h", _box(b"ihdr", struct.pack(">IIHBBBB", 64, 64, 1, 7, 7, 0, 0)) + _box(b"xml ", _SECRET))
        + _box(b"xml ", _SECRET)
        + _box(b"jp2c", _frame(JPEG2000Lossless) + _SECRET)
        + _box(b"uuid", _SECRET)
    )
    found, _ = unsaid(wrapped)
    made = bytearray(wrapped)
    for start, end in found:
        made[start:end] = bytes(end - start)
    assert _SECRET not in made
    assert len(made) == len(wrapped)


def test_what_decoders_go_by_stays() -> None:
    adobe, jfif = _segment(0xEE, b"Adobe\0\x64\0\0\0\0\1"), _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
    frame = _frame(JPEGBaseline8Bit)
    assert unsaid(frame[:2] + adobe + jfif + frame[2:])[0] == []
    thumbnail = _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\1\1Qui")
    (start, end), *_ = unsaid(frame[:2] + thumbnail + frame[2:])[0]
    assert (end - start, start) == (5, 2 + 4 + 12)
    lossless = _frame(JPEGLSLossless)
    spiff = _segment(0xE8, b"SPIFF\0" + b"\1" * 24)
    entry, last = _segment(0xE8, b"\0\0\0\4" + _SECRET), _segment(0xE8, b"\0\0\0\1\xff\xd8")
    found, _ = unsaid(lossless[:2] + _segment(0xE8, b"mrfx\1") + spiff + entry + last + lossless[2:])
    assert [end - start for start, end in found] == [len(_SECRET)]


def test_tables_of_offsets_say_where_frames_are_and_nothing_else() -> None:
    frames = [_frame(JPEGBaseline8Bit, seed) for seed in (1, 2)]
    content = _instance(JPEGBaseline8Bit, frames, 2, has_table=True)
    assert silenced(split(content)).source == content
    element = split(content).element("PixelData")
    assert element is not None
    broken = content[: element.value + 8] + b"Quilltra" + content[element.value + 16 :]
    assert silenced(split(broken)).source == content
    with pytest.raises(Malformed, match="frames-unclear"):
        silenced(split(content.replace(content[element.value : element.value + 16], b"\xfe\xff\x00\xe0\4\0\0\0Quil")))


def test_a_frame_that_is_no_stream_is_refused() -> None:
    for frame in (_SECRET, b"\xff\xd8" + _SECRET, b"\xff\x4f\xff\x51\0\4ab" + _SECRET):
        with pytest.raises(Malformed, match="frame-broken"):
            silenced(split(_instance(JPEGBaseline8Bit, [frame])))
