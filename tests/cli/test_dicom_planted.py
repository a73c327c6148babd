"""Values planted in many kinds of instances: none is left; what hides from the profile stops the instance."""

from __future__ import annotations

import io
from pathlib import Path

import pydicom
import pytest
import yaml
from deidstream.adapters import policy_files
from pydicom.dataset import Dataset

from tests.cli.command import run
from tests.formats.dicom.files import report, written

_ROOT = "1.2.840.10008.5.1.4.1.1."
_KINDS = {
    "CT": "2", "MR": "4", "US": "6.1", "secondary capture": "7", "photograph": "77.1.4", "SEG": "66.4",
    "basic SR": "88.11", "comprehensive SR": "88.33", "KO": "88.59", "PR": "11.1", "ECG": "9.1.1",
    "RTPLAN": "481.5", "RTSTRUCT": "481.3", "RTDOSE": "481.2", "registration": "66.1",
}  # fmt: skip


def _kept(content: bytes) -> set[str]:
    """Of what was planted, what is still there."""
    return {f"Zq{number:05d}" for number in range(3000) if f"Zq{number:05d}".encode() in content}


def _clean(folder: Path, content: bytes, *options: str) -> tuple[int, bytes, str]:
    policy = yaml.safe_load((policy_files.FOLDER / "research-dates-shifted.yaml").read_text())
    policy["dicom"] = {"options": list(options), "pixels": "keep"}
    (folder / "p.yaml").write_text(yaml.safe_dump(policy))
    (folder / "x.dcm").write_bytes(content)
    ran = run("clean", folder / "x.dcm", "--out", folder / "out", "--policy", folder / "p.yaml", "--tagger", "none")
    out = folder / "out" / "x.dcm"
    return ran.code, out.read_bytes() if out.exists() else b"", ran.out + ran.err


@pytest.mark.parametrize("kind", _KINDS)
def test_of_what_is_planted_in_each_kind_nothing_is_left(kind: str, tmp_path: Path) -> None:
    made = report(SOPClassUID=_ROOT + _KINDS[kind], Modality="OT", ICCProfile=b"Zq02901 ")
    item = Dataset()
    item.PatientName, item.PatientComments, item.OperatorsName = "Zq02902", "Zq02903", "Zq02904"
    inner = Dataset()
    inner.InstitutionName, inner.TextValue, inner.ImageComments = "Zq02905", "Zq02906", "Zq02907"
    inner.private_block(0x0029, "Zq02908", create=True).add_new(1, "UN", b"Zq02909 ")
    item.ReferencedSeriesSequence = [inner]
    made.ContentSequence = [item]
    made.private_block(0x0029, "Zq02910", create=True).add_new(1, "OB", b"Zq02911 ")
    made.PatientName, made.PatientID, made.StudyDescription = "Zq02912^Zq02913", "Zq02914", "Zq02915"
    made.add_new(0x50000022, "LO", "Zq02916")
    made.add_new(0x60000022, "LO", "Zq02917")
    made.add_new(0xFFFCFFFC, "OB", b"Zq02918 ")
    if kind in ("CT", "MR", "US", "secondary capture", "photograph", "SEG", "RTDOSE"):
        made.add_new(0x7FE00010, "OW", b"\0\0")
    content = written(made)
    assert len(_kept(content)) == 18
    code, out, said = _clean(tmp_path, content)
    assert code == 0, said
    assert _kept(out) == set()
    assert pydicom.dcmread(io.BytesIO(out)).SOPClassUID == made.SOPClassUID


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        (0x00180050, "OB", b"Adabel"),
        (0x00180050, "LO", "Adabel"),
        (0x00280010, "CS", "ADABEL"),
        (0x00280010, "DS", "4711081"),
        (0x00180050, "DS", "47110811"),
        (0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.88.11.A"),
    ],
)
def test_what_stands_where_a_number_or_class_should_stops_the_instance(
    tag: int, vr: str, value: object, tmp_path: Path
) -> None:
    with pydicom.config.disable_value_validation():
        made = report()
        made.add_new(tag, vr, value)
        content = written(made).replace(b"47110811", b"Adabel^Q")
        code, out, _ = _clean(tmp_path, content)
    assert code != 0
    assert out == b""


def test_file_meta_information_is_written_anew(tmp_path: Path) -> None:
    made = report()
    written(made)
    made.file_meta.FileMetaInformationVersion = b"Zq00001 "
    made.file_meta.ImplementationVersionName = "Zq00002"
    made.file_meta.SourceApplicationEntityTitle = "Zq00003"
    made.file_meta.PrivateInformationCreatorUID = "1.2.3.4"
    made.file_meta.PrivateInformation = b"Zq00004 "
    out = io.BytesIO()
    made.preamble = b"Zq00005".ljust(128, b"\0")
    pydicom.dcmwrite(out, made)
    assert len(_kept(out.getvalue())) == 5
    code, cleaned, said = _clean(tmp_path, out.getvalue())
    assert code == 0, said
    assert _kept(cleaned) == set()


@pytest.mark.parametrize("keyword", ["BodyPartExamined", "PatientPosition"])
def test_the_header_is_read_again_and_holds_what_still_names_the_patient(keyword: str, tmp_path: Path) -> None:
    made = report(PatientID="4711081", PatientName="Quiltrane^Adabel", **{keyword: "QUILTRANE"})
    code, out, said = _clean(tmp_path, written(made))
    assert code != 0
    assert out == b"", said


def test_a_number_of_the_patient_in_a_public_code_holds(tmp_path: Path) -> None:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "121071", "DCM", "Finding of 4711081"
    made = report(PatientID="4711081", PatientName="Quiltrane^Adabel", ConceptNameCodeSequence=[code])
    ran, out, said = _clean(tmp_path, written(made))
    assert ran != 0
    assert out == b"", said


def test_a_text_where_a_date_should_be_is_not_retained_as_a_date(tmp_path: Path) -> None:
    content = written(report(StudyDate="20240310", SeriesDate="19990101")).replace(b"19990101", b"Zq00001 ")
    code, out, said = _clean(tmp_path, content, "retain-longitudinal-temporal-full-dates")
    assert code == 0, said
    assert _kept(out) == set()
    assert pydicom.dcmread(io.BytesIO(out)).StudyDate == "20240310"


def test_of_names_with_more_components_than_there_may_be_nothing_is_left(tmp_path: Path) -> None:
    with pydicom.config.disable_value_validation():
        many = "^".join(f"Zq{number:05d}" for number in range(7))
        made = report(
            PatientName=many, OperatorsName=f"Quill^Ad\\{many}", ReferringPhysicianName=f"A^B={many}=C^^^^^Zq00007"
        )
        code, out, said = _clean(tmp_path, written(made))
    assert code == 0, said
    assert _kept(out) == set()
    assert str(pydicom.dcmread(io.BytesIO(out)).PatientName).count("^") == 6


def test_what_is_no_code_is_cleaned_or_not_retained(tmp_path: Path) -> None:
    with pydicom.config.disable_value_validation():
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "0171 5550182", "XYZ", "Call Dr. Quiltrane"
        made = report(ConceptNameCodeSequence=[code], SmokingStatus="Zq00001 smokes", PatientSexNeutered="ALTERED")
        made.ImageType, made.PatientPosition = ["ORIGINAL", "Dr. Adabel"], "HFS"
        ran, out, said = _clean(tmp_path, written(made), "retain-patient-characteristics")
        assert ran == 0, said
        read = pydicom.dcmread(io.BytesIO(out))
        assert (read.SmokingStatus, read.PatientSexNeutered, read.PatientPosition) == ("", "ALTERED", "HFS")
        assert read.ImageType[0] == "ORIGINAL"
    for one in (b"Adabel", b"Quiltrane", b"5550182", b"Zq00001"):
        assert one not in out
