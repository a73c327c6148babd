"""Instances without their pixel data: on every file of pydicom what is read is the same, and what is put together again too."""

from __future__ import annotations

from pathlib import Path

import pytest
from deidstream.core.errors import Malformed
from deidstream.formats.dicom import DicomDocument, Element, split
from deidstream.formats.dicom.apart import apart, together

from tests.formats.dicom.files import bundled

MARK = bytes(range(200, 216))


def _read(path: Path) -> DicomDocument | None:
    try:
        return split(path.read_bytes())
    except Malformed:
        return None


def _outermost(document: DicomDocument) -> Element | None:
    return next(
        (one for one in document.elements if one.keyword.endswith("PixelData") and one.tag >> 16 == 0x7FE0), None
    )


def _values(document: DicomDocument) -> dict[str, tuple[str, bytes]]:
    return {one.path: (one.vr, document.bare(one)) for one in (*document.opened.meta, *document.walk())}


@pytest.mark.parametrize("path", bundled(), ids=lambda path: path.name)
def test_all_but_the_pixel_data_is_there_and_it_comes_back_where_it_was(path: Path) -> None:
    content, document = path.read_bytes(), _read(path)
    taken = apart(content, MARK)
    if document is None:
        assert taken is None or _read_fails(taken.source)
        return
    element = _outermost(document)
    if element is None or element.value == element.end or document.opened.deflated:
        assert taken is None
        return
    assert taken is not None
    assert (taken.start, taken.end) == (element.value, element.end)
    small = split(taken.source)
    before, after = _values(document), _values(small)
    assert after.pop(element.path) == (element.vr, taken.mark)
    del before[element.path]
    assert after == before
    sides = together(taken.source, taken)
    assert sides is not None
    assert sides[0] + content[taken.start : taken.end] + sides[1] == content


def _read_fails(source: bytes) -> bool:
    try:
        split(source)
    except Malformed:
        return True
    return False


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small_RLE.dcm"])
def test_whatever_stands_there_instead_stays_and_gets_nothing_back(name: str) -> None:
    path = next(one for one in bundled() if one.name == name)
    taken = apart(path.read_bytes(), MARK)
    assert taken is not None
    other = taken.source.replace(MARK, bytes(16)).replace(MARK.hex().encode(), bytes(32))
    assert other != taken.source
    assert together(other, taken) is None
    at = taken.start - (8 if name.startswith("CT") else 12)
    assert together(taken.source[:at], taken) is None


def test_what_is_no_instance_is_left_to_who_reads_it_whole() -> None:
    for content in (b"", b"\0" * 200, b"\0" * 128 + b"DICM", b"MSH|^~\\&|"):
        assert apart(content, MARK) is None
