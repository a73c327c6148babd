"""Reading: no byte is lost, every element is where pydicom finds it, and what breaks the rules is refused without its content."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from deidstream.core.document import splice
from deidstream.core.errors import Malformed
from deidstream.formats import sniff
from deidstream.formats.dicom import split
from deidstream.formats.dicom.schemes import PUBLIC
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from tests.formats.dicom.files import REFUSED, SYNTAXES, bundled, report, written

_FILES = [path for path in bundled() if path.name not in REFUSED]


def _elements(dataset: Dataset) -> Iterator[tuple[int, bytes | None]]:
    """Tags in order, and raw values of strings."""
    for element in dataset:
        yield int(element.tag), None
        if element.VR == "SQ":
            for item in element.value:
                yield from _elements(item)


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.name)
def test_what_no_edit_names_keeps_every_byte_and_every_element_is_found(path: Path) -> None:
    source = path.read_bytes()
    document = split(source)
    assert splice(document, ()) == source
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = sorted(tag for tag, _ in _elements(pydicom.dcmread(path, force=True)))
    ours = [element.tag for element in document.walk()]
    lengths = [tag for tag in ours if tag & 0xFFFF == 0]
    assert theirs in (sorted(ours), sorted(tag for tag in ours if tag not in lengths))
    assert len(list(document.leaves)) == len({leaf.path for leaf in document.leaves})


def test_there_are_files_of_every_kind() -> None:
    assert len(_FILES) > 150


@pytest.mark.parametrize("path", [path for path in bundled() if path.name in REFUSED], ids=lambda path: path.name)
def test_broken_files_are_refused_with_place_and_rule(path: Path) -> None:
    with pytest.raises(Malformed, match=REFUSED[path.name]):
        split(path.read_bytes())


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("bare", [False, True])
def test_instances_are_known_by_their_content(syntax: str, bare: bool) -> None:
    content = written(report(PatientID="4711"), syntax, bare)
    assert sniff(content) == "dicom"
    assert split(content).value("PatientID") == "4711"


def test_a_truncated_file_says_where_and_not_what() -> None:
    content = written(report(PatientName="Quiltrane^Ada", PatientID="4711081"))
    messages = set()
    for size in range(140, len(content) - 1):
        try:
            split(content[:size])
        except Malformed as error:
            messages.add(str(error))
    assert len(messages) > 3
    assert not any("Quiltrane" in message or "4711081" in message for message in messages)


def test_what_is_read_as_a_tag_by_mistake_is_named_by_no_error() -> None:
    content = written(report(PatientID="4711081x"))
    at = content.index(b"4711081x")
    broken = content[: at - 2] + b"\0\0" + content[at:]  # its length says 0, so its value is read as an element
    with pytest.raises(Malformed) as raised:
        split(broken)
    assert raised.value.place == "dataset"


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_bytes_are_changed_a_file_is_read_whole_or_refused(data: st.DataObject) -> None:
    content = bytearray(written(report(PatientName="A^B", PatientID="4711081", ContentSequence=[report()])))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(132, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        document = split(bytes(content))
        assert splice(document, ()) == bytes(content)
        list(document.leaves)
    except Malformed:
        pass


def test_elements_that_share_a_keyword_do_not_hide_one_another() -> None:
    made = report()
    with pydicom.config.disable_value_validation():
        for tag in (0x00280412, 0x00280422, 0x60000022, 0x60020022):
            made.add_new(tag, "LO", f"Zq{tag:08x}")
        made.add_new(0x00203101, "CS", "ONE")
        made.add_new(0x00203102, "CS", "TWO")
        document = split(written(made))
    assert len(list(document.walk())) == len({one.path for one in document.walk()})
    assert {document.value(f"SourceImageIDs(0020,310{number})") for number in (1, 2)} == {"ONE", "TWO"}
    # And their texts are read, tags in parentheses or not.
    read = {part.text for part in document.parts}
    assert {"Zq00280412", "Zq00280422", "Zq60000022", "Zq60020022"} <= read


def test_one_path_for_two_elements_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from deidstream.formats.dicom import reader
    from deidstream.formats.dicom.element import Entry

    content = written(report(PatientID="4711", PatientComments="words"))
    monkeypatch.setattr(reader, "dictionary", lambda tag: Entry("Same", "LO", True))
    with pytest.raises(Malformed, match="element-twice"):
        split(content)


@pytest.mark.parametrize(
    ("value", "is_read"),
    [
        ("HEAD", False),
        ("ISO_IR 100", False),
        ("ORIGINAL\\PRIMARY\\M_FFE ", False),
        ("", False),
        ("Head, called by Dr. Quiltrane", True),
        ("QUILTRANE^ADABEL", True),
        ("ORIGINAL\\Quiltrane", True),
        ("QUILTRANE ADABEL MARIA", True),  # longer than a code may be
        ("PROTOKÓŁ", True),
    ],
)
def test_a_code_string_that_is_no_code_is_read_as_a_text(value: str, is_read: bool) -> None:
    content = written(report()) + b"\x08\0\x08\0CS" + _short(value.encode("iso8859-2"))
    assert [part.locator for part in split(content).parts] == (["ImageType:text"] if is_read else [])


def _short(value: bytes) -> bytes:
    value += b" " * (len(value) % 2)
    return len(value).to_bytes(2, "little") + value


@pytest.mark.parametrize(
    ("scheme", "version", "read"),
    [
        ("SCT", "", set()),
        ("DCM", "01", set()),
        ("DCM", "asked by Quiltrane", {"CodingSchemeVersion"}),
        ("99PMP", "", {"CodeValue", "CodeMeaning"}),
        ("L", "", {"CodeValue", "CodeMeaning"}),
        (None, "", {"CodeValue", "CodeMeaning"}),
        ("QUILT", "", {"CodeValue", "CodeMeaning", "CodingSchemeDesignator"}),  # of a scheme that nobody has published
        ("SCT2", "2", {"CodeValue", "CodeMeaning", "CodingSchemeDesignator"}),
        ("99 Quiltrane", "", {"CodeValue", "CodeMeaning", "CodingSchemeDesignator"}),
    ],
)
def test_codes_are_read_but_for_those_of_schemes_that_the_standard_names(
    scheme: str | None, version: str, read: set[str]
) -> None:
    item = Dataset()
    item.CodeValue, item.CodeMeaning = "T-1", "Finding"
    if scheme:
        item.CodingSchemeDesignator = scheme
    if version:
        item.add_new(0x00080103, "SH", version)
    document = split(written(report(ConceptNameCodeSequence=[item])))
    assert {part.locator.rpartition(".")[2].removesuffix(":text") for part in document.parts} == read


def test_the_public_schemes_hold_those_that_pydicom_knows() -> None:
    from pydicom._uid_dict import UID_dictionary
    from pydicom.sr._cid_dict import cid_concepts
    from pydicom.sr._concepts_dict import concepts

    known = set(concepts) | {scheme for group in cid_concepts.values() for scheme in group}
    issued = {one[4] for one in UID_dictionary.values() if one[1] == "Coding Scheme" and len(one) > 4}
    assert known <= PUBLIC
    assert issued - PUBLIC == {"MAYONRISBSASRG"}  # a keyword; the designator is MAYOASRG
    assert not any(one.startswith("99") for one in PUBLIC)
