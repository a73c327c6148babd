"""A name that becomes known late: what was released with it goes out again without it, and takes the old release's place."""

import json
import os
import re
import signal
import time

import pytest

from tests.adapters.receivers import MllpReceiver
from tests.detection.text.tagger.tiny import save
from tests.harness.client import audit_entries, case_of, cli, eventually, http, message, mllp
from tests.harness.deployment import SHARED, deployment

pytestmark = pytest.mark.slow

NOTE = "OBX|1|TX|x||Seen again today; formerly under the name of {}. Potassium unchanged.||||||F"
SOON = {"search_after_seconds": 1}


@pytest.fixture(scope="module")
def receiver():
    one = MllpReceiver()
    yield one
    one.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory, receiver):
    folder = tmp_path_factory.mktemp("late")
    destinations = [
        {"name": "folder", "kind": "folder", "path": str(folder / "released"), "projects": ["research"]},
        {"name": "ordered", "kind": "mllp", "host": "127.0.0.1", "port": receiver.port, "projects": ["research"], "ordered": True},
    ]  # fmt: skip
    with deployment(folder, identity=SOON, delivery={"destinations": destinations}) as up:
        up.start()
        up.wait_ready()
        yield up


def sent(up, content):
    assert mllp(up.mllp, content) == ["CA"]
    return case_of(up, "adt", content.split(b"|")[9], content)


def noted(up, control, person, word):
    """A result whose note has ``word`` where a former name may stand."""
    return sent(up, message(control, person, NOTE.format(word), kind="ORU^R01^ORU_R01"))


def taught(up, control, person, word):
    """The patient's other name, in an update of the patient's data."""
    return sent(up, message(control, person, name=f"Winterbourne^Alma~{word}^Alma^^^^^M"))


def releases_of(up, case):
    return [one for one in up.releases() if one.case_id == case]


def fhir(up):
    return [one for one in up.releases() if one.format == "fhir"]


def first_of(up, case):
    (release,) = eventually(lambda: releases_of(up, case))
    return release


def second_of(up, case):
    assert eventually(lambda: len(releases_of(up, case)) > 1)
    return releases_of(up, case)[-1]


def events(up, case):
    return [one["event"] for one in audit_entries(up) if one.get("case") == case]


def without_ids(folder):
    """The messages in a folder but for MSH-10, which is the id of the release."""
    contents = [path.read_bytes().split(b"|") for path in folder.glob("*.hl7")]
    return sorted(b"|".join(fields[:9] + fields[10:]) for fields in contents)


def recalled(up):
    details = [one["details"] for one in audit_entries(up) if one["event"] == "release.recalled"]
    return {(one["destination"], one["release"], one["superseded_by"]) for one in details}


def test_what_was_released_with_the_name_is_recalled_and_goes_out_again_without_it(running, receiver):
    case = noted(running, "L1", "77001", "Quiltrane")
    old = first_of(running, case)
    assert b"Quiltrane" in old.content
    assert eventually((running.released / f"{old.id}.hl7").exists)

    taught(running, "L2", "77001", "Quiltrane")
    new = second_of(running, case)
    assert (new.supersedes, new.sequence, new.key) == (old.id, old.sequence, old.key)
    assert b"Quiltrane" not in new.content
    assert new.content.split(b"\r")[2:3] == old.content.split(b"\r")[2:3], "the same surrogates"

    file, notice = running.released / f"{new.id}.hl7", running.released / "recalled" / f"{old.id}.json"
    assert eventually(lambda: notice.exists() and not (running.released / f"{old.id}.hl7").exists())
    assert file.read_bytes() == new.content
    assert json.loads(notice.read_text()) == {"recalled": old.id, "superseded_by": new.id}
    assert eventually(lambda: any(b"ZRC|" + old.id.encode() in one for one in receiver.got))

    assert eventually(lambda: len(recalled(running)) == 2)
    assert recalled(running) == {("folder", old.id, new.id), ("ordered", old.id, new.id)}


def test_a_case_in_which_the_name_does_not_stand_is_not_released_again(running):
    touched, untouched = noted(running, "U1", "77002", "Brandlewick"), noted(running, "U2", "77002", "the clinic")
    first_of(running, touched)
    first_of(running, untouched)
    taught(running, "U3", "77002", "Brandlewick")
    second_of(running, touched)
    assert eventually(lambda: "case.unchanged" in events(running, untouched))
    assert len(releases_of(running, untouched)) == 1


def test_after_a_merge_the_cases_of_either_person_are_searched_for_what_is_known_of_the_other(running):
    sent(running, message("M1", "77003", name="Thornquist^Alma"))
    sent(running, message("M2", "77004", name="Ellabee^Alma"))
    one, other = noted(running, "M3", "77003", "Ellabee"), noted(running, "M4", "77004", "Thornquist")
    before = first_of(running, one), first_of(running, other)
    assert b"Ellabee" in before[0].content
    sent(running, message("M5", "77003", "MRG|77004^^^STMARY^MR", kind="ADT^A40^ADT_A39", name="Thornquist^Alma"))
    after = second_of(running, one), second_of(running, other)
    assert [b"Ellabee" in after[0].content, b"Thornquist" in after[1].content] == [False, False]
    assert [release.key for release in after] == [release.key for release in before], "under the subject it went out as"


def test_a_resource_keeps_its_id_and_its_provenance_goes_with_it(running):
    def put(resource):
        path = f"/{resource['resourceType']}/{resource['id']}"
        assert http(running.fhir, "PUT", path, json.dumps(resource).encode()).status in (200, 201)

    def observations():
        return [one for one in fhir(running) if dict(one.attributes)["resource"].startswith("Observation/")]

    patient = {"resourceType": "Patient", "id": "late1", "name": [{"family": "Oxbarrow", "given": ["Ida"]}]}
    put(patient)
    note = {"text": "Formerly under the name of Fenwhistle. No complaints."}
    put(
        {
            "resourceType": "Observation",
            "id": "late2",
            "status": "final",
            "code": {"text": "Visit"},
            "subject": {"reference": "Patient/late1"},
            "note": [note],
        }
    )
    (old,) = eventually(observations)
    assert b"Fenwhistle" in old.content
    put(patient | {"name": [*patient["name"], {"use": "maiden", "family": "Fenwhistle"}]})
    assert eventually(lambda: len(observations()) > 1)
    _, new = observations()
    assert b"Fenwhistle" not in new.content
    assert dict(new.attributes)["resource"] == dict(old.attributes)["resource"]
    provenance = {one.id: one.supersedes for one in fhir(running) if one.id.endswith("p")}
    assert provenance[f"{new.id}p"] == f"{old.id}p"


def test_ordered_destinations_neither_wait_for_nor_stop_at_a_superseding_release(running, receiver):
    case = noted(running, "O1", "77005", "Mirrelaw")
    first_of(running, case)
    taught(running, "O2", "77005", "Mirrelaw")
    second_of(running, case)
    last = first_of(running, noted(running, "O3", "77005", "the clinic"))
    assert eventually(lambda: any(last.id.encode() in one for one in receiver.got), 10)
    assert "release.gap" not in {one["event"] for one in audit_entries(running)}


def test_a_replay_shows_what_another_policy_would_have_changed_and_gives_its_results(running, tmp_path):
    case = noted(running, "R1", "77006", "the clinic")
    release = first_of(running, case)
    day = ("--from", "2020-01-01T00:00Z", "--to", "2099-01-01T00:00+01:00", "--project", "research")
    again = tmp_path / "again"
    same = json.loads(cli(running, "replay", *day, "--diff", "--json", "--out", str(again)).stdout)
    assert same["difference"]["compared"] == same["messages"]["released"] > 0
    assert (same["difference"]["changed"], same["difference"]["unknown_before"]) == ({}, 0)
    assert without_ids(again) == without_ids(running.released), "the project's own surrogates"

    out = tmp_path / "replayed"
    ran = cli(running, "replay", *day, "--policy", "hipaa-safe-harbor", "--diff", "--json", "--out", str(out))
    assert ran.returncode == 0, ran.stderr
    other = json.loads(ran.stdout)["difference"]
    (born,) = [one for one in other["changed"][case] if one["category"] == "birth_date"]
    assert (born["before"], born["after"]) == ({"shift": 1}, {"generalise": 1})
    results = {path.read_bytes() for path in out.glob("*[!p].*")}  # without the Provenance of each resource
    assert len(results) == other["compared"]
    assert release.content not in results
    said = [one["details"] for one in audit_entries(running) if one["event"] == "cases.replayed"]
    assert {(one["policy"], one["tagger"]) for one in said} >= {
        ("research-dates-shifted", "none"),
        ("hipaa-safe-harbor", "none"),
    }
    assert releases_of(running, case) == [release]

    shown = cli(running, "replay", *day, "--policy", "hipaa-safe-harbor", "--diff").stdout
    assert re.search(r"birth_date\s*│ shift", shown), shown
    assert not {"Winterbourne", "Quiltrane", "19610413"} & set(re.findall(r"\w+", shown + ran.stdout))


def test_a_kill_at_any_moment_loses_no_search_and_releases_nothing_twice(tmp_path):
    people = [str(78000 + number) for number in range(12)]
    with deployment(tmp_path, processes=dict(SHARED), identity=SOON) as up:
        up.start()
        up.wait_ready()
        cases = [noted(up, f"K{person}", person, "Quiltrane") for person in people]
        assert eventually(lambda: all(releases_of(up, case) for case in cases))
        for number, person in enumerate(people):
            taught(up, f"T{person}", person, "Quiltrane")
            time.sleep(0.4)
            if number % 4 == 3:
                for child in up.children()[1:]:  # all but ingest
                    os.kill(child, signal.SIGKILL)
        assert eventually(lambda: all(len(releases_of(up, case)) > 1 for case in cases), 150)
        time.sleep(3)
        for case in cases:
            old, *new = releases_of(up, case)
            assert {one.supersedes for one in new} == {old.id}
            assert len({one.id for one in new}) == 1
        names = {path.name for path in up.released.glob("*.hl7")}
        assert {f"{releases_of(up, case)[-1].id}.hl7" for case in cases} <= names
        assert not [path for path in up.released.glob("*.hl7") if b"Quiltrane" in path.read_bytes()]


def test_a_replay_shows_what_another_model_would_have_found(running, tmp_path):
    case = noted(running, "R2", "77007", "the clinic")
    first_of(running, case)
    day = ("--from", "2020-01-01T00:00Z", "--to", "2099-01-01T00:00+01:00", "--project", "research")
    tagger = save(tmp_path / "tiny", {"Potassium": "B-name"})  # which no rule takes for one

    ran = cli(running, "replay", *day, "--tagger", str(tagger), "--diff", "--json", "--out", str(tmp_path / "with"))
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    (place,) = found["difference"]["changed"][case]
    assert (place["place"], place["category"], place["before"]) == ("OBX-5", "name", {})
    assert found["tagger"] == "tagger 1"
    assert not [path for path in (tmp_path / "with").glob("*.hl7") if b"Potassium" in path.read_bytes()]

    ran = cli(running, "replay", *day, "--tagger", "none", "--diff", "--json")
    assert (json.loads(ran.stdout)["difference"]["changed"], json.loads(ran.stdout)["tagger"]) == ({}, "none")
