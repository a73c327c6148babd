"""Bad input to a running deployment: a clear answer without content, nothing acknowledged is lost, and the service stays up."""

import json
import time
from pathlib import Path
from typing import get_args

import pytest
from deidstream.formats.hl7v2.mllp import frame
from deidstream.stream.signals import Event as LogEvent

from tests.harness.client import (
    Search,
    answers,
    audit_entries,
    case_of,
    cli,
    eventually,
    fate,
    fates,
    http,
    log_lines,
    message,
    mllp,
    talk,
)
from tests.harness.deployment import deployment

pytestmark = pytest.mark.slow

PLANTED = ("Zanzibarski", "Quirinus", "7719283", "Wobblington")
NAME = "Zanzibarski^Quirinus"
PATIENT = {
    "resourceType": "Patient",
    "id": "p7719283",
    "name": [{"family": "Zanzibarski", "given": ["Quirinus"]}],
    "address": [{"line": ["12 Wobblington Street"]}],
}


def bad(control, *segments, **given):
    return message(control, "7719283", *segments, name=NAME, **given)


def note(text):
    return b"OBX|1|TX|8251-1^Comment^LN||" + text + b"||||||F"


class Account:
    """What was acknowledged, and must come out."""

    def __init__(self, running):
        self.running = running
        self.cases = []
        self.good = 0

    def owe(self, source, control, content):
        self.cases.append(case_of(self.running, source, control, content))
        return self.cases[-1]

    def still_works(self):
        """A good message is taken and released."""
        self.good += 1
        content = message(f"GOOD{self.good}", f"4711{self.good:03}")
        assert mllp(self.running.mllp, content) == ["CA"]
        case = self.owe("adt", f"GOOD{self.good}".encode(), content)
        assert fate(self.running, case) == {"released"}


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("bad")) as running:
        running.start()
        running.wait_ready()
        yield Account(running)


def shows_nothing(content):
    assert not Search(PLANTED).content(content if isinstance(content, bytes) else content.encode())


# --- MLLP ---

WHOLE = bad("B0", "NK1|1|Zanzibarski^Ida|||12 Wobblington Street")
HEAD = b"MSH|^~\\&|HIS|STMARY|||20260302||ADT^A08|%b|P|2.5|||AL|NE||%b\r"

REJECTED = {
    "truncated frame": (b"\x0b" + WHOLE[:-20], ["CE"]),
    "truncated in its header": (b"\x0b" + WHOLE[:12], ["AE"]),
    "no start of the block": (WHOLE + b"\x1c\r", []),
    "a block in a block": (b"\x0b" + WHOLE[:90] + frame(WHOLE.replace(b"|B0|", b"|B1|")), ["CE", "CA"]),
    "no MSH": (frame(WHOLE.partition(b"\r")[2]), ["AR"]),
    "an empty block": (frame(b""), ["AR"]),
    "delimiters that are one": (frame(WHOLE.replace(b"^~\\&", b"|||||", 1)), ["AR"]),
    "delimiters missing": (frame(b"MSH\rPID|1||7719283||Zanzibarski^Quirinus\r"), ["AR"]),
    "letters as delimiters": (frame(b"MSHabcde" + WHOLE[8:]), ["AR"]),
    "unknown version": (frame(WHOLE.replace(b"|2.5|", b"|9.9|")), ["CR"]),
    "no control id": (frame(WHOLE.replace(b"|B0|", b"||")), ["CR"]),
    "20 MB in one field": (frame(bad("BIG", (b"OBX|1|TX|x||" + b"Zanzibarski " * 1_750_000).decode())), ["CR"]),
}


@pytest.mark.parametrize("what", REJECTED)
def test_a_message_that_cannot_be_let_in_is_refused_and_says_why_without_content(what, account):
    stream, expected = REJECTED[what]
    answer = talk(account.running.mllp, stream)
    assert answers(answer) == expected
    assert not expected or b"\rERR|" in answer
    shows_nothing(answer)
    if "CA" in expected:
        account.owe("adt", b"B1", WHOLE.replace(b"|B0|", b"|B1|"))
    account.still_works()


ACCEPTED = {
    "binary in a text": HEAD % (b"T1", b"UNICODE UTF-8") + note(bytes(set(range(32)) - {11, 13, 28}) + b"Zanzibarski"),
    "invalid UTF-8": HEAD % (b"T2", b"UNICODE UTF-8") + b"PID|1||7719283||Zanzibarski\xff\xc3(^Quirinus\r",
    "mixed encodings": HEAD % (b"T3", b"") + "PID|1||7719283||Zanzibarskí\r".encode() + note("Münch".encode("latin-1")),
    "an unknown character set": HEAD % (b"T4", b"KLINGON") + b"PID|1||7719283||Zanzibarski^Quirinus\r",
    "a segment that is none": WHOLE.replace(b"|B0|", b"|T5|") + b"what is this, Zanzibarski?\r" + b"\xff" * 30 + b"\r",
    "ten megabytes in one field": HEAD % (b"T6", b"")
    + b"PID|1||7719283||Zanzibarski\r"
    + note(b"Quirinus went home. " * 500_000),
    "ten megabytes in one name": HEAD % (b"T7", b"") + b"PID|1||7719283||Zanzibarski" + b"A" * 10_000_000 + b"\r",
    "20,000 repetitions": HEAD % (b"T8", b"") + b"PID|1||7719283||" + b"Zanzibarski^Quirinus~" * 20_000 + b"\r",
    "100,000 numbers of one person": HEAD % (b"T12", b"")
    + b"PID|1||7719283~"
    + b"~".join(b"%d^^^H^MR" % number for number in range(100_000))
    + b"||Zanzibarski^Quirinus\r",
    "100,000 segments": HEAD % (b"T9", b"") + b"PID|1||7719283||Zanzibarski\r" + (note(b"Quirinus") + b"\r") * 100_000,
    "an escape that never ends": HEAD % (b"T10", b"") + b"PID|1||7719283||Zanzibarski\\Xzz\\\\F\\H\r",
    "only a header": HEAD % (b"T11", b""),
}


@pytest.mark.parametrize("what", ACCEPTED)
def test_a_message_that_is_bad_inside_is_acknowledged_and_accounted_for(what, account):
    content = ACCEPTED[what]
    began = time.monotonic()
    answer = talk(account.running.mllp, frame(content))
    assert answers(answer) == ["CA"]
    shows_nothing(answer)
    case = account.owe("adt", content.split(b"|")[9], content)
    assert fate(account.running, case, 60), f"not out after {time.monotonic() - began:.0f} s"
    account.still_works()


# --- FHIR ---


def bundle(count, kind="collection"):
    entry = {"resource": {"resourceType": "Observation", "status": "final", "code": {"text": "Zanzibarski"}}}
    if kind == "transaction":
        entry["request"] = {"method": "POST", "url": "Observation"}
    return json.dumps({"resourceType": "Bundle", "type": kind, "entry": [entry] * count}).encode()


def deep(levels):
    return b'{"resourceType":"Patient","extension":' + b'[{"extension":' * levels + b"[]" + b"}]" * levels + b"}"


TEXT = json.dumps(PATIENT).encode()
REFUSED = {
    "no JSON": ("POST", "/Patient", TEXT[:-9], 400),
    "an empty body": ("POST", "/Patient", b"", 400),
    "binary": ("POST", "/Patient", bytes(range(256)) + b"Zanzibarski", 400),
    "UTF-16": ("POST", "/Patient", TEXT.decode().encode("utf-16"), 400),
    "invalid UTF-8": ("POST", "/Patient", TEXT.replace(b"Quirinus", b"Quirinus\xff"), 400),
    "a lone surrogate": ("POST", "/Patient", TEXT.replace(b"Quirinus", b"Quirinus\\ud800"), 400),
    "nested 1,000 deep": ("POST", "/Patient", deep(1_000), 400),
    "nested 100,000 deep": ("POST", "/Patient", deep(100_000), 400),
    "an array": ("POST", "/Patient", b"[" + TEXT + b"]", 400),
    "100,000 brackets": ("POST", "/Patient", b"[" * 100_000, 400),
    "another type": ("POST", "/Observation", TEXT, 400),
    "another id": ("PUT", "/Patient/p7719284", TEXT, 400),
    "no type that exists": ("POST", "/Zanzibarski", TEXT, 404),
    "no id": ("PUT", "/Patient/Quirinus%20Zanzibarski", TEXT, 400),
    "a search": ("GET", "/Patient?name=Zanzibarski", b"", 405),
    "100,000 entries": ("POST", "", bundle(100_000, "transaction"), 413),
    "100,000 entries in a collection": ("POST", "/Bundle", bundle(100_000), 413),
    "one bad line": ("POST", "/Patient", TEXT + b"\n" + TEXT[:-5] + b"\n", 400),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_request_that_cannot_be_taken_is_refused_with_an_outcome_without_content(what, account):
    method, path, body, status = REFUSED[what]
    kind = "application/fhir+ndjson" if what == "one bad line" else "application/fhir+json"
    reply = http(account.running.fhir, method, path, body, {"content-type": kind})
    assert reply.status == status
    outcome = json.loads(reply.body)
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["issue"][0]["severity"] == "error"
    shows_nothing(reply.body)
    account.still_works()


TAKEN = {
    "duplicate keys": b'{"resourceType":"Patient","id":"a","id":"b","name":[{"family":"Zanzibarski"}],"name":[{"family":"x"}]}',
    "nested 90 deep": deep(40),
    "wrong shapes": b'{"resourceType":"Patient","name":"Zanzibarski","birthDate":{"a":[1]},"contact":[[["Quirinus"]]],"gender":7}',
    "an escaped type": b'{"resourceType":"Pat\\u0069ent","n\\u0061me":[{"family":"Z\\u0061nzibarski"}]}',
    "a number beyond numbers": b'{"resourceType":"Observation","valueQuantity":{"value":1e99999999},"note":[{"text":"Quirinus"}]}',
    "ten megabytes in a note": json.dumps(
        {"resourceType": "Observation", "status": "final", "note": [{"text": "Quirinus went home. " * 500_000}]}
    ).encode(),
    "an entity in a narrative": json.dumps(
        {
            **PATIENT,
            "text": {
                "status": "generated",
                "div": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
                '<div xmlns="http://www.w3.org/1999/xhtml">&e; Zanzibarski</div>',
            },
        }
    ).encode(),
    "base64 that is none": json.dumps(
        {"resourceType": "Binary", "contentType": "text/plain", "data": "WmFuemliYXJza2k=Zanzibarski***"}
    ).encode(),
}


@pytest.mark.parametrize("what", TAKEN)
def test_a_resource_that_is_bad_inside_is_answered_and_accounted_for(what, account):
    body = TAKEN[what]
    kind = "Observation" if b'"Observation"' in body else "Binary" if b'"Binary"' in body else "Patient"
    reply = http(account.running.fhir, "POST", f"/{kind}", body)
    shows_nothing(reply.body)
    if reply.status != 400:
        assert reply.status == 201
        assert fate(account.running, account.owe("fhir", f"POST {kind}\0".encode(), body), 60)
    account.still_works()


# --- folder ---

BOMB = (
    b'<!DOCTYPE c [<!ENTITY a "Zanzibarski">'
    + b"".join(
        b'<!ENTITY %c "&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;">' % ((letter,) + (letter - 1,) * 8)
        for letter in b"bcdefghijklm"
    )
    + b']><ClinicalDocument xmlns="urn:hl7-org:v3"><title>&m;</title></ClinicalDocument>'
)
OUTSIDE = (
    b'<!DOCTYPE c [<!ENTITY x SYSTEM "file:///etc/passwd">]><ClinicalDocument xmlns="urn:hl7-org:v3">'
    b"<title>Zanzibarski &x;</title></ClinicalDocument>"
)
NESTED = b'<ClinicalDocument xmlns="urn:hl7-org:v3">' + b"<component>" * 100_000 + b"Zanzibarski"
FILES = {
    "empty.hl7": b"",
    "blank.txt": b" \r\n\t\n",
    "Zanzibarski_Quirinus.bin": bytes(range(256)) * 50,
    "Zanzibarski.pdf": b"%PDF-1.7 Zanzibarski",
    "bomb.xml": BOMB,
    "outside.xml": OUTSIDE,
    "nested.xml": NESTED,
    "deep.json": deep(100_000),
    "cut.json": TEXT[:-10],
    "twice.json": TAKEN["duplicate keys"],
    "entries.json": bundle(100_000),
    "cut.hl7": WHOLE[:150],
    "text.txt": "Zanzibarski — Wobblington\n".encode("utf-16") + b"\xff\xfe\xff",
    "invalid.txt": b"Zanzibarski \xff\xfe\xfd Quirinus lives at 12 Wobblington Street\n" * 3,
    "mixed.ndjson": TEXT + b"\n" + TEXT[:-9] + b"\n\n" + TEXT + b"\n",
}


def test_bad_files_are_taken_and_accounted_for_or_put_aside_with_a_reason(account):
    running = account.running
    drop = running.folder / "drop"
    (drop / "dangling.hl7").symlink_to(drop / "nowhere" / "Zanzibarski.hl7")
    (drop / "folder.hl7").mkdir()
    for name, content in FILES.items():
        (drop / name).write_bytes(content)
    gone = eventually(lambda: not [name for name in FILES if (drop / name).exists()], 60)
    assert gone, [name for name in FILES if (drop / name).exists()]
    aside = {path.name for path in (drop / ".bad").iterdir() if path.suffix != ".reason"}
    assert {"empty.hl7", "blank.txt", "Zanzibarski_Quirinus.bin"} <= aside
    for name in aside:
        reason = (drop / ".bad" / f"{name}.reason").read_text()
        assert reason.split("\n")[0]
        shows_nothing(reason)
    for name in FILES.keys() - aside:
        assert (drop / ".done" / name).read_bytes() == FILES[name]
        if name == "mixed.ndjson":
            continue
        assert fate(running, account.owe("drop", name.encode(), FILES[name]), 90), name
    account.still_works()


def test_an_unreadable_file_stays_where_it_is_is_reported_once_and_taken_when_it_may_be_read(account):
    running, content = account.running, bad("LOCKED")
    path, hidden = running.folder / "drop" / "locked.hl7", running.folder / "drop" / ".locked.hl7"
    hidden.write_bytes(content)
    hidden.chmod(0)
    hidden.rename(path)
    assert eventually(lambda: any(line.get("unreadable") for line in log_lines(running)))
    account.still_works()
    assert sum(line.get("unreadable", 0) for line in log_lines(running)) == 1
    assert path.exists()
    path.chmod(0o600)
    assert fate(running, account.owe("drop", path.name.encode(), content)) == {"released"}


# --- afterwards ---


def test_nothing_that_was_acknowledged_is_lost(account):
    known = fates(account.running)
    assert len(account.cases) > 40
    assert not [case for case in account.cases if case not in known]


def test_no_content_got_into_logs_audit_lists_or_names(account):
    running = account.running
    shows_nothing((running.folder / "up.log").read_bytes())
    shows_nothing(repr(audit_entries(running)))
    listed = cli(running, "quarantine", "list")
    assert listed.returncode == 0
    shows_nothing(listed.stdout + listed.stderr)
    shows_nothing(cli(running, "hold", "list").stdout)
    assert not Search(PLANTED).folder(running.state)
    shows_nothing("\n".join(path.name for path in Path(running.released).rglob("*")))


def test_no_stage_crashed_and_no_process_died(account):
    lines = log_lines(account.running)
    assert {line["event"] for line in lines} <= set(get_args(LogEvent))
    assert [line for line in lines if line["event"] in ("stage.crashed", "batch.suspect", "chain.stopped")] == []
    assert sum(line["event"] == "chain.started" for line in lines) == 4
