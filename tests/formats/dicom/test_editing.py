"""Edits: one value changes, and with it the lengths of what holds it; all else keeps its bytes."""

from __future__ import annotations

import io
import zlib

import pydicom
import pytest
from deidstream.core.document import Edit, splice
from deidstream.core.span import Span
from deidstream.formats.dicom import label, split
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian

from tests.formats.dicom.files import SYNTAXES, report, written


def _nested(undefined: bool) -> Dataset:
    inner, outer = Dataset(), Dataset()
    inner.StudyDescription = "inner"
    inner.is_undefined_length_sequence_item = undefined  # type: ignore[attr-defined]
    outer.ContentSequence = Sequence([inner, Dataset()])
    outer["ContentSequence"].is_undefined_length = undefined
    made = report(PatientName="Old^Name", PatientComments="before")
    made.ContentSequence = Sequence([outer])
    made["ContentSequence"].is_undefined_length = undefined
    return made


def _read(content: bytes) -> Dataset:
    return pydicom.dcmread(io.BytesIO(content), force=True)


@pytest.mark.parametrize("syntax", [*SYNTAXES, DeflatedExplicitVRLittleEndian])
@pytest.mark.parametrize("undefined", [False, True])
def test_a_value_deep_inside_may_grow_and_shrink(syntax: str, undefined: bool) -> None:
    document = split(written(_nested(undefined), syntax))
    path = "ContentSequence[1].ContentSequence[1].StudyDescription"
    for text in ("", "x", "a longer one", "even"):
        made = _read(splice(document, [Edit(path, None, text), Edit("PatientName", None, "New^One")]))
        assert made.ContentSequence[0].ContentSequence[0].StudyDescription == text
        assert made.PatientName == "New^One"
        assert made.PatientComments == "before"


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("undefined", [False, True])
def test_elements_and_sequences_go_as_a_whole_or_become_empty(syntax: str, undefined: bool) -> None:
    document = split(written(_nested(undefined), syntax))
    gone = _read(splice(document, [Edit("ContentSequence", None, None), Edit("PatientName", None, None)]))
    assert "ContentSequence" not in gone
    assert "PatientName" not in gone
    emptied = _read(splice(document, [Edit("ContentSequence[1].ContentSequence", None, "")]))
    assert list(emptied.ContentSequence[0].ContentSequence) == []
    assert emptied.PatientComments == "before"


def test_a_removed_sequence_takes_what_lies_in_it() -> None:
    document = split(written(_nested(False)))
    path = "ContentSequence[1].ContentSequence[1].StudyDescription"
    made = _read(splice(document, [Edit("ContentSequence", None, None), Edit(path, None, None)]))
    assert "ContentSequence" not in made


def test_group_lengths_follow() -> None:
    content = written(report(PatientName="Old^Name"))
    at = content.index(b"\x10\0\x10\0PN")
    document = split(content[:at] + b"\x10\0\0\0UL\4\0" + (16).to_bytes(4, "little") + content[at:])
    edited = split(splice(document, [Edit("PatientName", None, "Much^Longer")]))
    length = edited.element("(0010,0000)")
    assert length is not None
    assert int.from_bytes(edited.bare(length), "little") == 8 + len("Much^Longer ")


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("ISO_IR 100", "Bäcker grüßt Müller heute"),
        ("ISO_IR 192", "Иванов видел 山田 heute"),
        ("ISO_IR 144", "Иванов видел его"),
        ("GB18030", "王小东 今天 来过"),
        (["", "ISO 2022 IR 87"], "Yamada 山田 heute"),
        (["", "ISO 2022 IR 149"], "Hong 홍길동 heute"),
    ],
)
def test_a_span_changes_in_any_character_set_and_the_rest_reads_as_before(charset: str | list[str], text: str) -> None:
    made = report(SpecificCharacterSet=charset, PatientComments=text)
    document = split(written(made))
    assert document.value("PatientComments") == text
    word = Span(text.index(" ") + 1, text.rindex(" "))
    edited = splice(document, [Edit("PatientComments", word, "X"), Edit("PatientComments", Span(0, 1), "Y")])
    assert _read(edited).PatientComments == "Y" + text[1 : word.start] + "X" + text[word.end :]


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\\\x7f"), max_size=40), st.data())
def test_any_span_of_any_text_is_replaced_and_no_other(text: str, data: st.DataObject) -> None:
    text = text.strip()
    document = split(written(report(SpecificCharacterSet="ISO_IR 192", PatientComments=text)))
    read = document.value("PatientComments")
    start = data.draw(st.integers(0, len(read)))
    end = data.draw(st.integers(start, len(read)))
    made = splice(document, [Edit("PatientComments", Span(start, end), "ü!")])
    assert split(made).value("PatientComments") == (read[:start] + "ü!" + read[end:]).rstrip(" \0")


def test_a_deflated_data_set_is_deflated_again() -> None:
    content = written(report(PatientName="Quiltrane^Ada"), DeflatedExplicitVRLittleEndian)
    made = splice(split(content), [Edit("PatientName", None, "Other^One")])
    start = made.index(b"1.2.840.10008.1.2.1.99")
    assert b"Quiltrane" not in made
    assert b"Quiltrane" not in zlib.decompress(made[split(made).opened.start :], -15)
    assert start > 0


@pytest.mark.parametrize("syntax", [*SYNTAXES, DeflatedExplicitVRLittleEndian])
def test_the_label_says_what_was_done_and_clears_preamble_and_meta(syntax: str) -> None:
    made = report(PatientName="A^B")
    content = written(made, syntax)
    content = b"hospital note" + content[13:]
    labelled = label(split(content), {"113100": "Basic"}, "MODIFIED")
    read = _read(labelled)
    assert labelled[:128] == b"\0" * 128
    assert (read.PatientIdentityRemoved, read.LongitudinalTemporalInformationModified) == ("YES", "MODIFIED")
    assert [item.CodeValue for item in read.DeidentificationMethodCodeSequence] == ["113100"]
    assert read.file_meta.MediaStorageSOPInstanceUID == read.SOPInstanceUID
    assert [element.tag for element in read] == sorted(element.tag for element in read)
    assert "SourceApplicationEntityTitle" not in read.file_meta
