"""PDF and Word documents through all stages: as files, in an HL7 v2 message, in a FHIR resource; one surrogate for one patient."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from deidstream.adapters.pictures.models import open_reader
from deidstream.adapters.pictures.setting import RELEASED

from tests.cli.command import run
from tests.formats.docx.made import read, rezipped, unzipped, word
from tests.formats.pdf.made import (
    as_boxes,
    drawing,
    everything,
    lettered,
    looks,
    misnamed,
    pdf,
    pictured,
    scanned,
    text_of,
)

LETTER = ["Patient: Adabel Quiltrane, MRN 4711081", "Mrs. Quiltrane has Hodgkin lymphoma, stage II."]
LOCKED = pdf(LETTER, encryption=pikepdf.Encryption(owner="o", user="u"))
WHERE = (60, 590, 200, 20)
_ORU = (
    "MSH|^~\\&|A|B|C|D|20240310||ORU^R01|1|P|2.5\r"
    "PID|1||4711081^^^HOSP^MR||Quiltrane^Adabel||19610427|F\r"
    "OBR|1||7|LETTER\r"
    "OBX|1|ED|LETTER||^AP^PDF^Base64^{data}||||||F\r"
)


def read_again(source: bytes) -> list[str]:
    """The words of the first page as it looks."""
    page = open_reader(RELEASED, threads=2).read(np.ascontiguousarray(looks(source)), "page", 1)
    return [word for line in page.lines for word in re.split(r"[^A-Za-z0-9]+", line.text)]


def _message(source: bytes) -> bytes:
    return _ORU.format(data=base64.b64encode(source).decode()).encode()


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    tmp_path = tmp_path_factory.mktemp("documents")
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    attachment = {"contentType": "application/pdf", "data": base64.b64encode(pdf(LETTER)).decode()}
    resource = {
        "resourceType": "DocumentReference",
        "status": "current",
        "subject": {"identifier": {"system": "HOSP", "value": "4711081"}},
        "content": [{"attachment": attachment}],
    }
    (folder / "a.hl7").write_bytes(_message(pdf(LETTER)))
    (folder / "b.json").write_text(json.dumps(resource))
    (folder / "c.pdf").write_bytes(pdf(LETTER, then=lambda made: made.docinfo.update({"/Author": "Quiltrane"})))
    (folder / "d.pdf").write_bytes(scanned(LETTER))
    (folder / "e.hl7").write_bytes(_message(LOCKED).replace(b"|1|P|", b"|2|P|"))
    (folder / "h.pdf").write_bytes(LOCKED)
    (folder / "misnamed.pdf").write_bytes(pdf(LETTER, then=misnamed))
    (folder / "boxes.pdf").write_bytes(pdf(LETTER[1:], then=lambda made: drawing(made, as_boxes(LETTER[0], 60, 600))))
    (folder / "image.pdf").write_bytes(pdf(LETTER[1:], then=lambda made: pictured(made, lettered(LETTER[0]), WHERE)))
    (folder / "f.docx").write_bytes(word(lambda made: made.add_paragraph(LETTER[0])))
    (folder / "g.docx").write_bytes(rezipped(word(), lambda members: members.pop("word/document.xml")))
    run("clean", folder, "--out", out, "--tagger", "none", "--preview", "--report", tmp_path / "report.json")
    return out, json.loads((tmp_path / "report.json").read_text())["reasons"]


def test_a_pdf_is_read_wherever_it_stands_and_says_the_same_of_the_same_patient(
    cleaned: tuple[Path, dict[str, int]],
) -> None:
    out, _ = cleaned
    fields = (out / "a.hl7").read_bytes().decode().split("\r")
    family, given = fields[1].split("|")[5].split("^")[:2]
    in_message = base64.b64decode(fields[3].split("|")[5].split("^")[4])
    resource = json.loads((out / "b.json").read_text())
    in_resource = base64.b64decode(resource["content"][0]["attachment"]["data"])
    for found in (in_message, in_resource, (out / "c.pdf").read_bytes()):
        text = text_of(found)
        assert "Hodgkin lymphoma, stage II." in text
        assert "Quiltrane" not in text
        assert "4711081" not in text
        assert b"Quiltrane" not in everything(found)
    assert f"{given} {family}" in text_of(in_message)
    assert family != "Quiltrane"


def test_a_scan_is_a_picture_of_what_may_be_seen_under_the_text_that_it_shows(
    cleaned: tuple[Path, dict[str, int]],
) -> None:
    source = (cleaned[0] / "d.pdf").read_bytes()
    text = text_of(source)
    assert "Hodgkin" in text
    assert "lymphoma" in text
    assert "Quiltrane" not in text
    assert "4711081" not in text
    before, after = looks(scanned(LETTER)), looks(source)
    # The name: 60 points from the left, "Patient: " is 44 wide, the name 92; on the line y = 780. There is other ink now.
    name = np.s_[round(51 * 200 / 72) : round(64 * 200 / 72), round(106 * 200 / 72) : round(194 * 200 / 72)]
    was, is_ = before[name].mean(axis=2) < 128, after[name].mean(axis=2) < 128
    assert was.mean() > 0.1
    assert (was & is_).sum() < was.sum() / 2


@pytest.mark.parametrize("name", ["misnamed.pdf", "boxes.pdf", "image.pdf"])
def test_what_the_text_layer_does_not_say_is_read_and_goes(cleaned: tuple[Path, dict[str, int]], name: str) -> None:
    source = (cleaned[0] / name).read_bytes()
    assert "Hodgkin" in text_of(source)
    for secret in ("Quiltrane", "4711081", "FbtwECLyp"):  # the last as the font with other letters says it
        assert secret not in text_of(source)
    assert not {"Adabel", "Quiltrane", "4711081"} & set(read_again(source))


def test_what_cannot_be_read_is_quarantined_as_a_file_and_removed_from_a_message(
    cleaned: tuple[Path, dict[str, int]],
) -> None:
    out, reasons = cleaned
    assert reasons == {"pdf-encrypted": 1, "docx-not-word": 1}
    assert not (out / "h.pdf").exists()
    value = (out / "e.hl7").read_bytes().decode().split("\r")[3].split("|")[5]
    assert "JVBER" not in value


def test_the_preview_shows_pages_before_and_after_with_what_was_decided_where(
    cleaned: tuple[Path, dict[str, int]],
) -> None:
    shown = (cleaned[0] / ".preview.html").read_text().partition("<h2>c.pdf</h2>")[2].partition("<h2>")[0]
    assert shown.count("data:image/png;base64,") == 2
    assert "<h3>page 1</h3>" in shown
    assert "metadata" in shown, "an author that no page shows is gone too"
    # The record number: on the line y = 780, 60 + 170.7 points from the left by Adobe's font metrics, 200 dots an inch.
    boxes = [
        tuple(map(int, one)) for one in re.findall(r'<rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"/>', shown)
    ]
    assert any(
        abs(x - 641) < 12 and abs(y + height / 2 - 160) < 15 and 110 < width < 160 for x, y, width, height in boxes
    )
    assert "<td>medical_record</td>" in shown


def test_a_word_document_opens_afterwards_and_names_nobody(cleaned: tuple[Path, dict[str, int]]) -> None:
    source = (cleaned[0] / "f.docx").read_bytes()
    text = "\n".join(line.text for line in read(source).paragraphs)
    assert "Discharge letter" in text
    assert "4711081" not in text
    assert read(source).tables[0].cell(0, 1).text == "13.2 g/dl & falling"
    assert not any(b"McGrath" in one or b"Quiltrane" in one for one in unzipped(source).values())
