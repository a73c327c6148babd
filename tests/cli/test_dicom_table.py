"""Every attribute of table E.1-1 of PS3.15, under the Basic Profile and each option, as the table says it (read here anew)."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pydicom
import pytest
import yaml
from deidstream.adapters import policy_files
from pydicom.datadict import get_entry
from pydicom.dataset import Dataset

from tests.cli.command import run
from tests.formats.dicom.files import report, written

_COLUMNS = {
    "": "",
    "retain-longitudinal-temporal-full-dates": "rtnLongFullDatesOpt",
    "retain-longitudinal-temporal-modified-dates": "rtnLongModifDatesOpt",
    "retain-patient-characteristics": "rtnPatCharsOpt",
    "retain-device-identity": "rtnDevIdOpt",
    "retain-institution-identity": "rtnInstIdOpt",
    "retain-uids": "rtnUIDsOpt",
    "retain-safe-private": "rtnSafePrivOpt",
    "clean-descriptors": "cleanDescOpt",
    "clean-structured-content": "cleanStructContOpt",
    "clean-graphics": "cleanGraphOpt",
}
_TEXTS = {"LO", "SH", "UC", "LT", "ST", "UT"}
_DATES = {"DA", "DT", "TM"}
_MAY: dict[str, set[str]] = {
    # What PS3.15, E.1 allows for each code: of a compound one any part.
    "X": {"absent"},
    "Z": {"empty", "other"},
    "D": {"other"},
    "U": {"other"},
    "X/Z": {"absent", "empty", "other"},
    "X/D": {"absent", "other"},
    "Z/D": {"empty", "other"},
    "X/Z/D": {"absent", "empty", "other"},
    "X/Z/U*": {"absent", "empty", "other"},
}
_UNABLE = {"OB", "UN"}
"""Binary values that a Z or D leaves empty, or fills with zeros."""


def _rows() -> list[dict[str, Any]]:
    content = files("deidstream.detection.fields.dicom").joinpath("ps3.15-table-e1-1.json").read_text()
    rows = [row for row in json.loads(content) if len(row["id"]) == 8 and "x" not in row["id"]]
    # Group 0 is of messages and group 2 of files: they stand in no data set.
    return [row for row in rows if row["id"][:4] not in ("0000", "0002", "fffc", "fffa")]


def _vr(row: dict[str, Any]) -> str:
    try:
        return str(get_entry(int(row["id"], 16))[0]).partition(" or ")[0]
    except KeyError:
        return "LO"


def _value(vr: str, number: int) -> Any:
    """One that stands nowhere else in the instance."""
    match vr:
        case "DA":
            return f"19{10 + number % 80}{1 + number % 12:02d}{1 + number % 27:02d}"
        case "TM":
            return f"{number % 24:02d}{number % 60:02d}{(number * 7) % 60:02d}.{number:06d}"
        case "DT":
            return f"19{10 + number % 80}{1 + number % 12:02d}{1 + number % 27:02d}1010{number % 60:02d}.{number:06d}"
        case "UI":
            return f"1.2.840.999.3.{number}"
        case "DS" | "IS":
            return str(100000 + number)
        case "US":
            return 1000 + number
        case "OB" | "UN":
            return f"zorq{number:04d}".encode()
        case "AS":
            return f"{number % 80 + 1:03d}Y"
        case "UR":
            return f"http://zorq{number}.example/"
        case "SQ":
            item = Dataset()
            item.CodeMeaning, item.CodingSchemeDesignator = _word(number), "99X"
            return [item]
        case "CS" | "AE":
            return f"ZORQ{number}VAX"
        case _:
            return _word(number)


def _word(number: int) -> str:
    """A word that is no number, and that nobody is called."""
    return "zorq" + "".join(chr(97 + int(digit)) for digit in f"{number:03d}")


def _instance() -> Dataset:
    made = report()
    for number, row in enumerate(_rows()):
        vr = _vr(row)
        made.add_new(int(row["id"], 16), vr, _value(vr, number))
    made.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    # An instance with a document inside goes nowhere; its row has a test of its own in test_clean_dicom.
    del made[0x00420011]
    return made


def _became(before: Dataset, after: Dataset, tag: int) -> str:
    if tag not in after:
        return "absent"
    new, old = after[tag], before[tag]
    if new.VR == "SQ":
        if not new.value:
            return "empty"
        return "same" if _meaning(new) == _meaning(old) else "other"
    if new.value in ("", None, b"", []):
        return "empty"
    return "same" if str(new.value) == str(old.value) else "other"


def _meaning(element: Any) -> str:
    return str(element.value[0].get("CodeMeaning", "")) if element.value else ""


def _allowed(row: dict[str, Any], option: str, vr: str) -> set[str]:
    asked = row.get(_COLUMNS[option], "") if option else ""
    if option == "clean-graphics" and row["id"] == "00700006":
        asked = "C"  # the text of an annotation, in the sequence that the option cleans
    basic = _MAY[row["basicProfile"]]
    if vr == "SQ" and "U" in row["basicProfile"]:
        basic = basic | {"same"}  # U* speaks of the UIDs inside
    if asked == "K":
        # Of sequences K means cleaned (PS3.15, E.1): the words here resemble the patient's name.
        return {"same", "other"} if vr == "SQ" else {"same"}
    if asked == "C":
        # Cleaned: texts stay, less what was found in them; dates move, times of day stay. What is none of these: as without.
        if vr in _TEXTS | {"SQ"}:
            return {"same", "other"}
        return {"same"} if vr == "TM" else {"other"} if vr in _DATES else basic
    if vr in _UNABLE and "D" in row["basicProfile"]:
        return basic | {"empty"}
    return basic


@pytest.mark.parametrize("option", _COLUMNS, ids=lambda option: option or "basic")
def test_every_attribute_becomes_what_the_table_says(option: str, tmp_path: Path) -> None:
    before = _instance()
    (tmp_path / "x.dcm").write_bytes(written(before))
    policy = yaml.safe_load((policy_files.FOLDER / "research-dates-shifted.yaml").read_text())
    policy["dicom"]["options"] = [option] if option else []
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(policy))
    out = tmp_path / "out"
    ran = run("clean", tmp_path / "x.dcm", "--out", out, "--policy", tmp_path / "p.yaml", "--tagger", "none")
    assert ran.code == 0, ran.err + ran.out
    after = pydicom.dcmread(out / "x.dcm")
    wrong = []
    for row in _rows():
        tag = int(row["id"], 16)
        if tag not in before:
            continue
        became, allowed = _became(before, after, tag), _allowed(row, option, _vr(row))
        if became not in allowed:
            wrong.append((row["id"], row["name"], row["basicProfile"], row.get(_COLUMNS[option]), became))
    assert wrong == []


def test_the_table_is_whole() -> None:
    assert len(_rows()) > 640
