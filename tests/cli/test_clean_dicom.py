"""DICOM through all stages: linked to the other formats of the same patient, nothing planted left, pixels stopped."""

from __future__ import annotations

import json
from pathlib import Path

import pydicom
import pytest
import yaml
from deidstream.adapters import policy_files
from pydicom.data import data_manager
from pydicom.dataset import Dataset

from tests.cli.command import run
from tests.formats.dicom.files import SYNTAXES, report, written

_FILES = Path(data_manager.__file__).parent / "test_files"
_HL7 = (
    "MSH|^~\\&|A|B|C|D|20240310||ADT^A01|1|P|2.5\r"
    "PID|1||4711081^^^HOSP^MR||Quiltrane^Adabel^R||19610427|F\r"
    "PV1|1|I|W^1||||||||||||||||V1|||||||||||||||||||||||||20240310\r"
)


def _policy(folder: Path, name: str = "research-dates-shifted", **dicom: object) -> Path:
    content = yaml.safe_load((policy_files.FOLDER / f"{name}.yaml").read_text())
    content["dicom"] |= dicom
    path = folder / "policy.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def _cleaned(folder: Path, policy: Path | str = "research-dates-shifted") -> tuple[Path, dict[str, int]]:
    out = folder.parent / f"{folder.name}-out"
    report_ = folder.parent / "report.json"
    run("clean", folder, "--out", out, "--policy", policy, "--tagger", "none", "--report", report_)
    return out, json.loads(report_.read_text())["reasons"]


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


def _patient(**more: object) -> Dataset:
    return report(
        PatientID="4711081",
        IssuerOfPatientID="HOSP",
        PatientName="Quiltrane^Adabel^R",
        PatientBirthDate="19610427",
        PatientSex="F",
        StudyDate="20240310",
        StudyTime="101500",
        AccessionNumber="",
        **more,
    )


def test_a_patient_has_the_same_surrogate_and_offset_as_in_hl7(inputs: Path) -> None:
    (inputs / "a.hl7").write_bytes(_HL7.encode())
    (inputs / "b").write_bytes(written(_patient(AdmittingDate="20240310")))
    out, reasons = _cleaned(inputs)
    assert reasons == {}
    segments = [line.split("|") for line in (out / "a.hl7").read_bytes().decode().split("\r") if line]
    pid = segments[1]
    made = pydicom.dcmread(out / "b")
    assert made.PatientID == pid[3].split("^")[0] != "4711081"
    assert str(made.PatientName) == "^".join(pid[5].split("^")[:3])
    assert made.PatientBirthDate == pid[7] != "19610427"
    assert made.StudyDate == segments[2][44] != "20240310"
    assert (made.StudyTime, made.PatientSex) == ("101500", "F")


def test_a_note_inside_is_read_with_what_is_known_of_the_patient(inputs: Path) -> None:
    note = "Seen today: Mrs Quiltrane, MRN 4711081. Nodule of 7 mm in the left upper lobe."
    item = Dataset()
    item.ValueType, item.TextValue, item.RelationshipType = "TEXT", note, "CONTAINS"
    (inputs / "b.dcm").write_bytes(written(_patient(ContentSequence=[item], SeriesDescription="Quiltrane thorax")))
    out, reasons = _cleaned(inputs)
    assert reasons == {}
    made = pydicom.dcmread(out / "b.dcm")
    text = made.ContentSequence[0].TextValue
    assert "Quiltrane" not in text + made.SeriesDescription
    assert "4711081" not in text
    assert text.endswith("Nodule of 7 mm in the left upper lobe.")
    assert made.SeriesDescription.endswith(" thorax")


def test_references_hold_over_a_study(inputs: Path) -> None:
    for number in range(3):
        image = _patient(SOPInstanceUID=f"1.2.840.99.7.{number}", FrameOfReferenceUID="1.2.840.99.8.1")
        reference = Dataset()
        reference.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        reference.ReferencedSOPInstanceUID = f"1.2.840.99.7.{(number + 1) % 3}"
        image.ReferencedImageSequence = [reference]
        image.ReferencedInstanceSequence = [reference]
        (inputs / f"{number}.dcm").write_bytes(written(image))
    out, reasons = _cleaned(inputs)
    assert reasons == {}
    made = [pydicom.dcmread(out / f"{number}.dcm") for number in range(3)]
    for number, one in enumerate(made):
        following = made[(number + 1) % 3].SOPInstanceUID
        assert one.SOPInstanceUID.startswith("2.25.")
        assert one.file_meta.MediaStorageSOPInstanceUID == one.SOPInstanceUID
        assert one.ReferencedImageSequence[0].ReferencedSOPInstanceUID == following
        assert one.ReferencedInstanceSequence[0].ReferencedSOPInstanceUID == following
        assert one.ReferencedImageSequence[0].ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.2"
    assert len({one.SOPInstanceUID for one in made}) == 3
    assert len({one.StudyInstanceUID for one in made} | {one.FrameOfReferenceUID for one in made}) == 2


@pytest.mark.parametrize(
    "malformed",
    [
        "1.2.840.Quiltrane.4711081",
        "1.2.840.4711081.01",
        "4711081",
        "1.2.840.10008.4711081.7",
        "1.2." + "4711081." * 9 + "7",
        "1.4711081",
        "2.25.4711081",
        "2.25.329800735698586629295641978511506172918",
    ],
    ids=[
        "letters",
        "leading zero",
        "a number",
        "not issued by the standard",
        "too long",
        "two parts",
        "UUID, short",
        "UUID",
    ],
)
def test_what_is_no_uid_becomes_a_valid_one_and_the_same_everywhere(malformed: str, inputs: Path) -> None:
    with pydicom.config.disable_value_validation():
        reference = Dataset()
        reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", malformed
        made = _patient(FrameOfReferenceUID=malformed, ReferencedImageSequence=[reference])
        (inputs / "b.dcm").write_bytes(written(made))
        out, reasons = _cleaned(inputs)
        assert reasons == {}
        read = pydicom.dcmread(out / "b.dcm")
        assert read.FrameOfReferenceUID == read.ReferencedImageSequence[0].ReferencedSOPInstanceUID
        assert read.FrameOfReferenceUID.is_valid
        assert read.FrameOfReferenceUID.startswith("2.25.")
        assert b"4711081" not in (out / "b.dcm").read_bytes()


def _planted() -> tuple[Dataset, list[str]]:
    """One value of its own in every text attribute of the table's first groups, in private blocks, sequences and SR items."""
    values = [f"Zorq{number:03d}vax" for number in range(25)]
    fill = iter(values)
    made = _patient(
        PatientComments=next(fill),
        InstitutionName=next(fill),
        InstitutionAddress=next(fill),
        ReferringPhysicianName=next(fill),
        OperatorsName=f"{next(fill)}^{next(fill)}",
        StationName=next(fill),
        StudyDescription=next(fill),
        SeriesDescription=next(fill),
        ImageComments=next(fill),
        OtherPatientIDs=[next(fill), next(fill)],
        PatientAddress=next(fill),
        AdditionalPatientHistory=next(fill),
        VisitComments=next(fill),
        TextComments=next(fill),
    )
    block = made.private_block(0x0029, next(fill), create=True)
    block.add_new(0x01, "LO", next(fill))
    inner = Dataset()
    inner.PatientName = next(fill)
    inner.TextValue = next(fill)
    block.add_new(0x02, "SQ", [inner])
    item = Dataset()
    item.ValueType, item.PersonName, item.TextValue = "TEXT", next(fill), next(fill)
    item.private_block(0x0029, next(fill), create=True).add_new(0x10, "UT", next(fill))
    made.ContentSequence = [item]
    made.add_new(0x60003000, "OB", b"\0\1")
    made.add_new(0x60000022, "LO", next(fill))
    made.add_new(0x00100999, "LO", "not in the dictionary")
    return made, values


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_nothing_planted_is_left_under_the_basic_profile(syntax: str, inputs: Path, tmp_path: Path) -> None:
    planted, values = _planted()
    content = b"Quiltrane" + written(planted, syntax)[9:]  # in the preamble as well
    assert all(value.encode() in content for value in values)
    (inputs / "b.dcm").write_bytes(content)
    out, reasons = _cleaned(inputs, _policy(tmp_path, options=[]))
    assert reasons == {}
    made = (out / "b.dcm").read_bytes()
    for value in (*values, "Quiltrane", "Adabel", "4711081", "19610427", "20240310", "not in the dictionary"):
        assert value.encode() not in made
    read = pydicom.dcmread(out / "b.dcm")
    assert read.PatientIdentityRemoved == "YES"
    assert [one.CodeValue for one in read.DeidentificationMethodCodeSequence] == ["113100"]
    assert read.LongitudinalTemporalInformationModified == "REMOVED"
    assert not [element for element in read.iterall() if element.tag.is_private or element.tag.group == 0x6000]


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("MR_truncated.dcm", "truncated"),
        ("priv_SQ.dcm", "no-sop-class"),
        ("dicomdirtests/DICOMDIR", "directory-unsupported"),
    ],
)
def test_what_nobody_has_looked_at_is_quarantined(file: str, reason: str, inputs: Path) -> None:
    (inputs / "x.dcm").write_bytes((_FILES / file).read_bytes())
    out, reasons = _cleaned(inputs)
    assert reasons == {reason: 1}
    assert not (out / "x.dcm").exists()


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("CT_small.dcm", "head-unclear"),
        ("SC_rgb_small_odd.dcm", "pixels-not-examined"),
        ("examples_jpeg2k.dcm", "pixels-not-examined"),
    ],
)
def test_pictures_are_stopped_where_the_policy_has_nobody_look_at_them(
    file: str, reason: str, inputs: Path, tmp_path: Path
) -> None:
    (inputs / "x.dcm").write_bytes((_FILES / file).read_bytes())
    out, reasons = _cleaned(inputs, _policy(tmp_path, pixels="quarantine"))
    assert reasons == {reason: 1}
    assert not (out / "x.dcm").exists()


def test_an_encapsulated_document_is_quarantined_whatever_the_policy_says_of_pixels(
    inputs: Path, tmp_path: Path
) -> None:
    made = _patient(SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1", EncapsulatedDocument=b"%PDF-1.4")
    (inputs / "x.dcm").write_bytes(written(made))
    _, reasons = _cleaned(inputs, _policy(tmp_path, pixels="keep"))
    assert reasons == {"document-not-examined": 1}


@pytest.mark.parametrize("file", ["reportsi.dcm", "rtplan.dcm", "rtstruct.dcm", "waveform_ecg.dcm", "test-SR.dcm"])
def test_instances_without_pictures_go_through(file: str, inputs: Path) -> None:
    (inputs / "x.dcm").write_bytes((_FILES / file).read_bytes())
    out, reasons = _cleaned(inputs)
    assert reasons == {}
    before, after = (pydicom.dcmread(path, force=True) for path in (_FILES / file, out / "x.dcm"))
    assert after.SOPClassUID == before.SOPClassUID
    assert after.SOPInstanceUID != before.SOPInstanceUID


def test_pixel_data_is_carried_over_bit_by_bit_where_the_policy_lets_it_go(inputs: Path, tmp_path: Path) -> None:
    names = ["CT_small.dcm", "MR_small_RLE.dcm", "JPEG2000.dcm", "MR_small_bigendian.dcm", "image_dfl.dcm"]
    for name in names:
        (inputs / name).write_bytes((_FILES / name).read_bytes())
    out, reasons = _cleaned(inputs, _policy(tmp_path, pixels="keep"))
    assert reasons == {}
    for name in names:
        before, after = pydicom.dcmread(_FILES / name), pydicom.dcmread(out / name)
        # A comment of the program that compressed it goes, in its place; of all other frames every byte stays.
        comment = b"Kakadu-2.2" if name == "JPEG2000.dcm" else b""
        assert after.PixelData == before.PixelData.replace(comment, bytes(len(comment)), 1 if comment else 0)
        assert str(after.PatientName) != str(before.PatientName)
        assert after.file_meta.TransferSyntaxUID == before.file_meta.TransferSyntaxUID


def test_ages_over_the_cap_are_capped_though_the_profile_retains_them(inputs: Path) -> None:
    (inputs / "x.dcm").write_bytes(written(_patient(PatientAge="097Y", PatientWeight="71")))
    out, _ = _cleaned(inputs)
    made = pydicom.dcmread(out / "x.dcm")
    assert (made.PatientAge, made.PatientWeight) == ("090Y", 71)


def test_a_policy_may_not_keep_dates_and_modify_them(tmp_path: Path) -> None:
    both = ["retain-longitudinal-temporal-full-dates", "retain-longitudinal-temporal-modified-dates"]
    ran = run("policy", "check", _policy(tmp_path, options=both))
    assert ran.code == 2
    assert "dates" in ran.err
