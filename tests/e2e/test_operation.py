"""What an operator and a recipient see of a running deployment: projects, order, merges, quarantine, holds, restarts, traces."""

import re
import sqlite3
import threading
from contextlib import closing
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.adapters.receivers import MllpReceiver
from tests.harness.client import audit_entries, case_of, cli, eventually, fate, fates, http, message, mllp
from tests.harness.deployment import deployment

pytestmark = pytest.mark.slow

OBX = "OBX|1|NM|2823-3^Potassium^LN||{}|mmol/L|||||F|||20260304"


class Collector:
    """Takes spans as an OpenTelemetry collector does."""

    def __init__(self):
        self.spans = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.path == "/v1/traces":
                    asked = ExportTraceServiceRequest.FromString(body)
                    collector.spans += [s for r in asked.resource_spans for c in r.scope_spans for s in c.spans]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def collector():
    one = Collector()
    yield one
    one.close()


@pytest.fixture(scope="module")
def receiver():
    one = MllpReceiver()
    yield one
    one.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory, collector, receiver):
    folder = tmp_path_factory.mktemp("operation")
    (folder / "batches").mkdir()
    destinations = [
        {"name": "all", "kind": "folder", "path": str(folder / "released"), "projects": ["research", "lab"]},
        {"name": "batches", "kind": "folder", "path": str(folder / "batches"), "projects": ["files"], "rejoin": True},
        {"name": "ordered", "kind": "mllp", "host": "127.0.0.1", "port": receiver.port, "projects": ["research"], "ordered": True},
        {"name": "dead", "kind": "mllp", "host": "127.0.0.1", "port": 1, "projects": ["lab"]},
    ]  # fmt: skip
    projects = [
        {"name": "research", "entitled": {"kinds": ["ADT", "ORU", "Patient", "Observation"]}},
        {"name": "files", "entitled": {"sources": ["drop"]}},
        {"name": "lab", "policy": "hipaa-safe-harbor", "entitled": {"kinds": ["ORU"]}},
    ]
    sections = {"resolver": {"projects": projects}, "delivery": {"destinations": destinations}}
    with deployment(folder, **sections) as up:
        tree = yaml.safe_load((folder / "deidstream.yaml").read_text())
        tree["deployment"]["otlp_endpoint"] = collector.url
        (folder / "deidstream.yaml").write_text(yaml.safe_dump(tree))
        up.start()
        up.wait_ready()
        yield up


def sent(up, content):
    """Sends a message by MLLP; its case id."""
    assert mllp(up.mllp, content) == ["CA"]
    return case_of(up, "adt", content.split(b"|")[9], content)


def released(up, content, project="research"):
    """The release of a message for one project."""
    case = sent(up, content)
    return release_of(up, case, project)


def release_of(up, case, project="research"):
    found = eventually(
        lambda: [one for one in up.releases() if one.case_id == case and one.project == project and one.id[-1] != "p"]
    )
    assert found, fates(up).get(case)
    return found[0]


def field(content, segment, number):
    """A field of the first such segment, as text."""
    found = re.search(rb"(?:^|\r)" + segment.encode() + rb"\|([^\r]*)", content)
    return found[1].decode().split("|")[number - 1] if found else ""


def mrn(content):
    return field(content, "PID", 3).split("^")[0]


def lab(control, person, value=4.2, **given):
    return message(
        control, person, "OBR|1|||24323-8^Panel^LN|||20260301", OBX.format(value), kind="ORU^R01^ORU_R01", **given
    )


def test_the_same_person_is_the_same_in_hl7_and_fhir_and_another_in_another_project(running):
    report = lab("P1", "8100001", name="Winterbourne^Alma")
    research = released(running, report).content
    safe = released(running, report, "lab").content
    patient = (
        b'{"resourceType":"Patient","id":"x1","identifier":[{"type":{"coding":[{"system":"http://terminology.hl7.org/'
        b'CodeSystem/v2-0203","code":"MR"}]},"system":"urn:oid:2.16.840.1.113883.19.5","value":"8100001"}],'
        b'"name":[{"family":"Winterbourne","given":["Alma"]}],"birthDate":"1961-04-13"}'
    )
    assert http(running.fhir, "POST", "/Patient", patient).status == 201
    fhir = release_of(running, case_of(running, "fhir", b"POST Patient\0", patient)).content.decode()
    assert mrn(research) not in ("", "8100001")
    assert f'"value":"{mrn(research)}"' in fhir
    family, given = field(research, "PID", 5).split("^")[:2]
    assert (family, given) != ("Winterbourne", "Alma")
    assert f'"family":"{family}"' in fhir
    assert f'"{given}"' in fhir
    born = field(research, "PID", 7)
    assert f"{born[:4]}-{born[4:6]}-{born[6:]}" in fhir
    assert mrn(safe) != mrn(research)


def test_dates_of_one_person_keep_their_intervals(running):
    content = released(running, lab("P2", "8100001")).content
    observed = datetime.strptime(field(content, "OBX", 14)[:8], "%Y%m%d")
    ordered = datetime.strptime(field(content, "OBR", 7)[:8], "%Y%m%d")
    assert (observed - ordered).days == 3
    assert field(content, "OBR", 7)[:8] != "20260301"
    born = datetime.strptime(field(content, "PID", 7)[:8], "%Y%m%d")
    assert (ordered - born).days == (datetime(2026, 3, 1) - datetime(1961, 4, 13)).days


def test_each_project_gets_what_it_is_entitled_to_and_nobody_what_nobody_is(running):
    admission, nobody = message("P3", "8100002"), message("P4", "8100002", kind="MDM^T02^MDM_T02")
    first = sent(running, admission)
    assert fate(running, first) == {"released"}
    assert {one.project for one in running.releases() if one.case_id == first} == {"research"}
    second = sent(running, nobody)
    entry = eventually(lambda: [one for one in audit_entries(running) if one["case"] == second])
    assert entry
    assert second not in fates(running)


def test_after_a_merge_the_prior_number_goes_by_the_survivors_surrogate(running):
    before = released(running, message("M1", "8200001", name="Survivor^Ann")).content
    prior = released(running, message("M2", "8200002", name="Survivor^Ann")).content
    assert field(prior, "PID", 7) != field(before, "PID", 7)
    released(running, message("M3", "8200001", "MRG|8200002^^^STMARY^MR", kind="ADT^A40^ADT_A39", name="Survivor^Ann"))
    after = released(running, message("M4", "8200002", name="Survivor^Ann")).content
    assert field(after, "PID", 7) == field(before, "PID", 7)
    assert field(after, "PID", 5) == field(before, "PID", 5)


def test_a_contradiction_waits_and_is_listed(running):
    def person(control, number, ssn):
        return message(control, number, identifiers=f"~{ssn}^^^USSSA^SS")

    released(running, person("K1", "8300001", "412-55-7781"))
    released(running, person("K2", "8300002", "412-55-7792"))
    case = sent(running, person("K3", "8300001", "412-55-7792"))
    assert fate(running, case) == {"held"}
    listed = cli(running, "hold", "list")
    assert case in listed.stdout
    assert "412-55" not in listed.stdout


def test_a_quarantined_message_is_listed_shown_replayed_and_corrected(running):
    content = (
        b"MSH|^~\\&|HIS|STMARY|||20260302||ADT^A08|Q1|P|2.5|||AL|NE||KLINGON\rPID|1||8400001||Zanzibarski\xff\r\0\0"
    )
    case = sent(running, content)
    if fate(running, case) == {"released"}:
        pytest.skip("this message is not bad enough")
    listed = cli(running, "quarantine", "list").stdout
    identifier = re.search(case[:12] + r"-[0-9a-f]{6}", listed)[0]
    assert "Zanzibarski" not in listed
    shown = cli(running, "quarantine", "show", identifier, "--out", str(running.folder / "shown.hl7"))
    assert shown.returncode == 0, shown.stderr
    assert (running.folder / "shown.hl7").read_bytes() == content
    assert cli(running, "quarantine", "replay", identifier).returncode == 0
    again = eventually(lambda: re.search(case[:12] + r"-[0-9a-f]{6}", cli(running, "quarantine", "list").stdout))
    assert again[0] != identifier
    mended = running.folder / "mended.hl7"
    mended.write_bytes(message("Q1", "8400001", name="Zanzibarski^Q"))
    assert cli(running, "quarantine", "replay", again[0], "--corrected", str(mended)).returncode == 0
    assert b"PID" in release_of(running, case).content
    assert case[:12] not in cli(running, "quarantine", "list").stdout


def test_a_batch_file_comes_out_as_one_file_in_order(running):
    members = [lab(f"F{number}", "8500001", 100 + number) for number in range(12)]
    batch = b"FHS|^~\\&|HIS|STMARY\rBHS|^~\\&|HIS|STMARY\r" + b"".join(members) + b"BTS|12\rFTS|1\r"
    (running.folder / "drop" / "batch.hl7").write_bytes(batch)

    def joined():
        files = [path.read_bytes() for path in (running.folder / "batches").glob("*.hl7")]
        return [one for one in files if one.startswith(b"FHS")]

    (whole,) = eventually(joined)
    assert re.findall(rb"2823-3\^Potassium\^LN\|\|(\d+)", whole) == [b"%d" % (100 + n) for n in range(12)]
    assert whole.endswith(b"BTS|12\rFTS|1\r")


def test_an_ordered_destination_keeps_the_order_of_each_person_past_a_quarantined_one(running, receiver):
    bad = b"MSH|^~\\&|HIS|STMARY|||20260302||ADT^A08|OBAD|P|2.5|||AL|NE||KLINGON\rPID|1||8600001^^^STMARY^MR\r\0\xff\r"
    stream = []
    for number in range(30):
        stream.append(lab(f"O{number}", f"860000{number % 3}", 1000 + number))
        if number == 15:
            stream.append(bad)
    assert mllp(running.mllp, *stream) == ["CA"] * 31

    def arrived():
        found = [re.search(rb"\|\|(1\d\d\d)\|mmol", one) for one in list(receiver.got)]
        return [int(one[1]) for one in found if one]

    assert eventually(lambda: len(arrived()) >= 30)
    for person in range(3):
        own = [number for number in arrived() if (number - 1000) % 3 == person]
        assert own == sorted(own)
        assert len(own) == 10


def test_a_message_sent_twice_is_acknowledged_twice_and_released_once(running):
    content = message("D1", "8700001")
    case = sent(running, content)
    assert sent(running, content) == case
    release_of(running, case)
    sent(running, message("D2", "8700001"))
    assert fate(running, case_of(running, "adt", b"D2", message("D2", "8700001"))) == {"released"}
    assert sum(one.case_id == case for one in running.releases()) == 1


def test_one_trace_runs_through_all_stages(running, collector):
    case = sent(running, lab("T1", "8800001", name="Trace^Ann") + b"NTE|1||Seen by Dr. Harrowgate\r")
    release_of(running, case)

    def spans():
        return [s for s in list(collector.spans) if any(a.value.string_value == case for a in s.attributes)]

    wanted = {"ingest", "identify", "fields", "text", "resolver", "writer", "delivery"}
    eventually(lambda: wanted <= {one.name.rpartition(".")[2] for one in spans()}, 20)
    assert {one.name.rpartition(".")[2] for one in spans()} >= wanted
    assert len({one.trace_id for one in spans()}) == 1
    ids = {one.span_id for one in spans()}
    roots = [one for one in spans() if one.parent_span_id not in ids]
    assert [one.name.rpartition(".")[2] for one in roots] == ["ingest"]


def test_after_a_restart_surrogates_are_the_same_and_sigterm_loses_nothing(running):
    before = released(running, message("R1", "8900001")).content
    contents = [message(f"S{number}", f"89{number:05}") for number in range(100, 220)]
    assert mllp(running.mllp, *contents) == ["CA"] * len(contents)
    running.stop()
    running.start()
    running.wait_ready()
    after = released(running, message("R2", "8900001")).content
    assert (mrn(after), field(after, "PID", 5), field(after, "PID", 7)) == (
        mrn(before),
        field(before, "PID", 5),
        field(before, "PID", 7),
    )
    cases = [case_of(running, "adt", content.split(b"|")[9], content) for content in contents]
    assert eventually(lambda: set(cases) <= fates(running).keys())
    released_of = [one.case_id for one in running.releases()]
    assert all(released_of.count(case) == 1 for case in cases)


def test_the_audit_log_is_sound_until_somebody_touches_it(running):
    assert cli(running, "audit", "verify").returncode == 0
    running.stop()
    path = running.state / "bus.sqlite"
    whole = path.read_bytes()
    for touch in (change_one_byte, delete_one_record):
        touch(path)
        result = cli(running, "audit", "verify")
        assert result.returncode == 1, result.stdout
        assert "NOT SOUND" in result.stdout
        for name in ("bus.sqlite-wal", "bus.sqlite-shm"):
            (running.state / name).unlink(missing_ok=True)
        path.write_bytes(whole)
    assert cli(running, "audit", "verify").returncode == 0


def change_one_byte(path):
    with closing(sqlite3.connect(path)) as database:
        row, value = audit_row(database)
        position = value.index(b"event") - 20
        changed = value[:position] + bytes([value[position] ^ 1]) + value[position + 1 :]
        database.execute("UPDATE records SET value = ? WHERE id = ?", (changed, row))
        database.commit()


def delete_one_record(path):
    with closing(sqlite3.connect(path)) as database:
        database.execute("DELETE FROM records WHERE id = ?", (audit_row(database)[0],))
        database.commit()


def audit_row(database):
    """Id and value of a record in the middle of the longest chain."""
    rows = database.execute(
        """SELECT id, key, value FROM records WHERE instr(value, CAST('"event":' AS BLOB)) > 0 ORDER BY id"""
    ).fetchall()
    chain = max({key for _, key, _ in rows}, key=[key for _, key, _ in rows].count)
    own = [(row, value) for row, key, value in rows if key == chain]
    return own[len(own) // 2]
