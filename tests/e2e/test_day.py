"""A simulated hospital day through a running deployment, by MLLP and FHIR: what may not be found is not found, what must be is."""

import re
from collections import Counter
from typing import get_args
from urllib.request import urlopen

import pytest
from deidstream.cli.simulate.day import day
from deidstream.stream.signals import DELIVERY_WAITING, RETRIES, SIGNALS
from deidstream.stream.signals import Event as LogEvent
from deidstream.stream.stages import AUDIT

from tests.harness.client import Search, audit_entries, cli, eventually, fates, http, idle, log_lines, mllp
from tests.harness.deployment import SHARED, deployment
from tests.harness.simulated import survived

pytestmark = pytest.mark.slow

MESSAGES = 160
LABELS = re.compile(rb"\|NM\|([^|]*)\|[^|]*\|([^|]*)\|")


@pytest.fixture(scope="module")
def events():
    return list(day(MESSAGES, seed=11))


@pytest.fixture(scope="module")
def running(events, tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("day"), SHARED) as up:
        up.start()
        up.wait_ready()
        assert feed(up, events) == {"CA": sum(e.format == "hl7v2" for e in events), 200: count(events, "fhir")}
        idle(up, MESSAGES)
        assert eventually(lambda: delivered(up) >= MESSAGES)
        yield up


def feed(up, events):
    """Everything in order, one connection each; how it was answered."""
    answers = Counter()
    for event in events:
        if event.format == "hl7v2":
            answers.update(mllp(up.mllp, event.content))
        else:
            answers[http(up.fhir, "POST", "", event.content).status] += 1
    return answers


def count(events, format_):
    return sum(event.format == format_ for event in events)


def delivered(up):
    return sum(1 for path in up.released.iterdir() if not path.stem.endswith("p") and not path.name.startswith("."))


def planted(events):
    """The strings that were planted, long enough to be nobody else's."""
    return {string for event in events for string in event.planted if len(string) > 5}


def test_everything_that_was_acknowledged_is_released(running):
    assert Counter(tuple(sorted(fate)) for fate in fates(running).values()) == {("released",): MESSAGES}


def test_no_content_lies_at_rest_or_in_logs(running, events, tmp_path_factory):
    search = Search(planted(events))
    sources = tmp_path_factory.mktemp("sources")
    for event in events:
        (sources / f"{event.number}.msg").write_bytes(event.content)
    seen = set().union(*search.folder(sources).values())
    assert seen == planted(events)  # the search can see
    assert not search.folder(running.state)
    assert not search.content((running.folder / "up.log").read_bytes())
    assert not search.content(repr(audit_entries(running)).encode())
    assert not search.content(cli(running, "quarantine", "list").stdout.encode())
    assert not search.content("\n".join(path.name for path in running.folder.rglob("*")).encode())


def test_both_processes_of_the_shared_chain_had_a_part_in_it(running):
    chains = {record.key for record in running.bus.scan(AUDIT)}
    told = sorted((line["time"], line.get("instance"), line["event"], line.get("code")) for line in log_lines(running))
    assert {"fields+text+resolver+writer", "fields+text+resolver+writer.2"} <= chains, told


def test_nothing_that_was_planted_stands_in_its_own_release(running, events):
    assert survived(running, events) == []


def test_clinical_values_are_all_there(running, events):
    sent = Counter(found for event in events for found in LABELS.findall(event.content))
    released = Counter()
    codes = Counter()
    for path in running.released.glob("*.hl7"):
        released.update(LABELS.findall(path.read_bytes()))
        codes.update(re.findall(rb"\b\d{3,5}-\d\b\^[^^|]*\^LN", path.read_bytes()))
    assert released == sent
    assert codes == Counter(c for e in events for c in re.findall(rb"\b\d{3,5}-\d\b\^[^^|]*\^LN", e.content))
    rates = [path.read_bytes() for path in running.released.glob("*.json") if b"8867-4" in path.read_bytes()]
    assert len(rates) == count(events, "fhir")
    assert all(b'"value": 72' in rate or b'"value":72' in rate for rate in rates)


def test_the_log_is_json_lines_of_known_events(running):
    lines = log_lines(running)
    assert lines
    assert {line["event"] for line in lines} <= set(get_args(LogEvent))
    assert {line["level"] for line in lines} <= {"info"}


def test_the_audit_log_is_sound(running):
    result = cli(running, "audit", "verify")
    assert (result.returncode, "sound" in result.stdout) == (0, True), result.stdout


def test_metrics_have_the_names_in_signals(running):
    pages = "".join(
        urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
        for port in range(running.health, running.health + 3)
    )
    table = {one.name: one.prometheus for one in SIGNALS if one.prometheus and one.stages != ("monitor",)}
    shown = {name for name, there in table.items() if there in pages}
    assert shown == set(table) - {RETRIES, DELIVERY_WAITING}  # nothing was away
