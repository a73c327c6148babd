import io
import logging
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from deidstream.adapters.bus_limits import BusLimits, TopicLimits
from deidstream.adapters.memory_bus import MemoryBusFactory
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.core.errors import Unavailable
from deidstream.core.outcome import Audit, Forward, Released
from deidstream.ports import Output
from deidstream.stream import audit, log, quarantine
from deidstream.stream.chain import CRASHED, FAILED
from deidstream.stream.pace import Pace
from deidstream.stream.stages import AUDIT, GROUP, QUARANTINE, RELEASES, inbox
from deidstream.wire import decode_case, decode_gap, encode_case
from deidstream.wire.header import VERSION
from deidstream.wire.v1 import case_pb2

from tests.stream.fixtures import QUICK, Deaf, Scripted, World, case


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def names(*cases: str) -> list[str]:
    return sorted(cases)


def test_cases_go_through_the_chain_in_memory_and_out_as_releases(world: World) -> None:
    world.send(*[case(f"c{n}", key=f"k{n % 3}") for n in range(30)])
    assert world.run(Scripted("identify"), Scripted("writer")) == 0
    assert sorted(one.case_id for one in world.released()) == sorted(f"c{n}" for n in range(30))
    assert world.records(inbox("writer")) == [], "handed over in memory"
    assert world.records(QUARANTINE) == []


def test_releases_of_one_key_leave_in_the_order_in_which_cases_came(world: World) -> None:
    # Every second case skips the stage in the middle, and would overtake the others.
    world.send(
        *[
            case(f"c{n:02}", itinerary=("identify", "text", "writer") if n % 2 else ("identify", "writer"))
            for n in range(40)
        ]
    )
    world.run(Scripted("identify"), Scripted("text"), Scripted("writer"))
    assert [one.case_id for one in world.released()] == [f"c{n:02}" for n in range(40)]


def test_a_batch_is_worked_through_in_portions_and_committed_as_one(world: World) -> None:
    world.pace = Pace(**{**_fields(QUICK), "portion_bytes": 3_000})
    world.send(*[case(f"c{n}", "plain@" + "x" * (4_000 if n == 2 else 1_000)) for n in range(6)])
    identify, writer = Scripted("identify"), Scripted("writer")
    world.run(identify, writer)
    assert identify.batches == writer.batches == [["c0", "c1"], ["c2"], ["c3", "c4"], ["c5"]]
    assert [one.case_id for one in world.released()] == [f"c{n}" for n in range(6)]


def test_a_batch_of_slow_cases_is_no_hanging(world: World) -> None:
    heard: list[list[str]] = []
    slow = Scripted("identify")
    world.pulse.stir = lambda: heard.append(slow.batches[-1])  # type: ignore[method-assign]
    world.pace = replace(QUICK, portion_bytes=1)
    world.send(*[case(f"c{n}") for n in range(3)])
    world.run(slow)
    assert heard == [["c0"], ["c1"], ["c2"]], "one sign after each portion"


def test_what_leaves_the_chain_goes_to_the_inbox_of_the_next_stage(world: World) -> None:
    world.send(case("c1"))
    world.run(Scripted("identify"))
    (record,) = world.records(inbox("writer"))
    assert decode_case(record.value, world.keys).header.itinerary == ("writer",)
    world.run(Scripted("writer"))
    assert [one.case_id for one in world.released()] == ["c1"]


@pytest.mark.parametrize(
    ("word", "code", "place"),
    [
        ("malformed", "bad-segment", "PID-3"),
        ("unsafe", "residue", "OBX-5"),
        ("quarantine", "policy", "PID-5"),
        ("crash", "stage-crashed", "identify:ValueError:passage.py"),
    ],
)
def test_a_bad_case_is_quarantined_alone_and_the_others_go_on(world: World, word: str, code: str, place: str) -> None:
    world.send(*[case(f"c{n}", word if n == 5 else "", key=f"k{n}") for n in range(12)])
    assert world.run(Scripted("identify"), Scripted("writer")) == 0
    assert len(world.released()) == 11
    (record,) = quarantine.list_open(world.bus)
    assert (record.case_id, record.stage, record.code) == ("c5", "identify", code)
    assert record.place.startswith(place)
    assert quarantine.open_case(record, world.keys) == case("c5", word, key="k5")


def test_what_a_stage_says_when_it_crashes_reaches_neither_log_nor_quarantine(world: World) -> None:
    stream = io.StringIO()
    log.configure(stream)
    world.send(case("c1", "crash"))
    world.run(Scripted("identify"))
    logging.getLogger(log.LOGGER).handlers.clear()
    assert '"event":"stage.crashed"' in stream.getvalue()
    assert "secret" not in stream.getvalue() + repr(quarantine.list_open(world.bus))


def test_a_record_that_is_no_case_is_quarantined_as_it_came(world: World) -> None:
    world.publish([Output(inbox("identify"), "k", b"\xff\xff nonsense", {"case": "c9"})])
    world.send(case("c1"))
    world.run(Scripted("identify"), Scripted("writer"))
    (record,) = quarantine.list_open(world.bus)
    assert (record.case_id, record.code, record.payload) == ("c9", "wire-unreadable", b"\xff\xff nonsense")
    assert len(world.released()) == 1


def test_a_case_that_a_lost_key_sealed_waits_until_the_key_is_back(world: World) -> None:
    world.keys.ids("content")
    lost = MemoryKeyRing()
    world.publish([Output(inbox("identify"), "k", encode_case(case("c1"), lost))])
    back = threading.Timer(0.3, lambda: world.keys._keys.update({"content": lost._keys["content"]}))
    back.start()
    world.run(Scripted("identify"), Scripted("writer"))
    assert not back.is_alive()
    assert [one.case_id for one in world.released()] == ["c1"]
    assert quarantine.list_open(world.bus) == []


def test_a_record_of_a_newer_wire_version_stops_the_chain_and_waits_for_one_that_knows_it(world: World) -> None:
    newer = case_pb2.Case(header=case_pb2.Header(case_id="c1", itinerary=["identify"], requires=VERSION + 1))
    world.publish([Output(inbox("identify"), "k", newer.SerializeToString())])
    assert world.run(Scripted("identify")) == FAILED
    assert quarantine.list_open(world.bus) == []
    (waiting,) = world.bus.open(GROUP, [inbox("identify")], "core-0").poll(10, 0)
    assert waiting.value == newer.SerializeToString()


def test_what_the_wire_cannot_carry_is_quarantined_as_the_stage_got_it(world: World) -> None:
    world.send(case("c1", "surrogate"), case("c2"))
    world.run(Scripted("identify"))
    (record,) = quarantine.list_open(world.bus)
    assert quarantine.open_case(record, world.keys).location == ""
    assert len(world.records(inbox("writer"))) == 1


def test_a_case_quarantined_after_identify_leaves_a_gap_for_those_who_wait_for_it(world: World) -> None:
    world.send(case("c1", "malformed@writer"), case("c2", "malformed@identify"))
    world.run(Scripted("identify"), Scripted("writer"))
    (record,) = world.records(RELEASES)
    gap = decode_gap(record.value)
    assert record.headers["kind"] == "gap"
    assert (gap.case.id, gap.case.header.sequence, gap.reason, gap.project) == ("c1", 5, "quarantined", "")


def test_a_gap_that_a_stage_reports_goes_to_the_releases(world: World) -> None:
    world.send(case("c1", "gap"))
    world.run(Scripted("identify"))
    gap = decode_gap(world.records(RELEASES)[0].value)
    assert (gap.reason, gap.project) == ("filtered", "study")


def test_while_something_is_away_nothing_is_committed_and_then_everything(world: World) -> None:
    world.send(*[case(f"c{n}") for n in range(5)])
    stage = Scripted("identify")
    stage.away = 3
    assert world.run(stage) == 0
    assert len(stage.batches) == 4
    assert len(world.records(inbox("writer"))) == 5
    report = audit.verify(world.records(AUDIT), world.keys)
    assert (report.sound, report.entries) == (True, 5)


def test_a_batch_that_has_gone_to_another_process_is_given_back_and_not_committed_again(world: World) -> None:
    world.bus = Deaf(world.bus, 0, "rebalanced")  # type: ignore[assignment]
    world.send(*[case(f"c{n}") for n in range(5)])
    world.bus.failures = 2  # type: ignore[attr-defined]
    stage = Scripted("identify")
    world.run(stage)
    assert len(stage.batches) == 3
    assert len(world.records(inbox("writer"))) == 5
    assert audit.verify(world.records(AUDIT), world.keys).sound


def test_a_commit_that_failed_is_tried_again_without_doing_the_work_again(world: World) -> None:
    world.bus = Deaf(world.bus, 0)  # type: ignore[assignment]
    world.send(*[case(f"c{n}") for n in range(5)])
    world.bus.failures = 4  # type: ignore[attr-defined]
    stage = Scripted("identify")
    world.run(stage)
    assert len(stage.batches) == 1
    assert len(world.records(inbox("writer"))) == 5
    assert audit.verify(world.records(AUDIT), world.keys).sound


def test_a_full_inbox_further_on_holds_the_chain_up_and_loses_nothing(tmp_path: Path) -> None:
    world = World(
        tmp_path, bus=MemoryBusFactory(BusLimits(topics={inbox("writer"): TopicLimits(depth=3)}, partitions=1))
    )
    world.pace = replace(QUICK, batch=1)
    world.send(*[case(f"c{n}") for n in range(8)])
    first = Scripted("identify")
    assert world.run(first, until=lambda: len(world.records(inbox("writer"))) >= 3) == 0
    assert len(world.records(inbox("writer"))) == 3
    world.run(Scripted("identify"), Scripted("writer"))
    assert len(world.released()) == 8


def test_a_chain_stops_when_too_many_cases_are_quarantined(world: World) -> None:
    world.pace = Pace(**{**_fields(QUICK), "batch": 20, "quarantine_least": 10, "quarantine_share": 0.5})
    world.send(*[case(f"c{n}", "malformed", key=f"k{n}") for n in range(200)])
    assert world.run(Scripted("identify")) == 4
    assert len(quarantine.list_open(world.bus)) < 200


def test_a_few_bad_cases_among_many_stop_nothing(world: World) -> None:
    world.pace = Pace(**{**_fields(QUICK), "quarantine_least": 10, "quarantine_share": 0.5})
    world.send(*[case(f"c{n}", "malformed" if n % 5 == 0 else "", key=f"k{n}") for n in range(200)])
    assert world.run(Scripted("identify")) == 0
    assert len(quarantine.list_open(world.bus)) == 40


def test_a_held_case_is_on_the_shelf_and_not_on_the_bus(world: World) -> None:
    world.send(case("c1", "hold"))
    world.run(Scripted("identify"))
    (item,) = world.shelf.list()
    assert (item.id, item.stage, item.reason, item.deadline, item.group) == (
        "c1",
        "identify",
        "contradiction",
        2000.0,
        "g",
    )
    assert decode_case(item.payload, world.keys) == case("c1", "hold")
    assert world.records(inbox("writer")) == []


def test_a_case_that_nobody_looked_at_in_time_goes_to_quarantine(world: World) -> None:
    world.send(case("c1", "hold"))
    world.run(Scripted("identify"))
    world.clock.at = 2000.0
    world.run(Scripted("identify"), until=lambda: not world.shelf.list())
    (record,) = quarantine.list_open(world.bus)
    assert (record.case_id, record.code, record.topic) == ("c1", "held-too-long:contradiction", inbox("identify"))


def test_a_stage_may_say_what_happens_at_the_deadline(world: World) -> None:
    class Lenient(Scripted):
        def due(self, cases: list) -> list:
            return [Forward(one.advance()) for one in cases]

    world.send(case("c1", "hold@identify"))
    world.run(Lenient("identify"))
    world.clock.at = 2000.0
    world.run(Lenient("identify"), Scripted("writer"), until=lambda: not world.shelf.list())
    assert [one.case_id for one in world.released()] == ["c1"]


def test_what_time_makes_a_stage_do_is_committed(world: World) -> None:
    stage = Scripted("identify")
    stage.on_tick = [Forward(case("late").advance(), (Audit("late", "late"),))]
    world.run(stage, Scripted("writer"), until=lambda: bool(world.released()))
    assert [one.case_id for one in world.released()] == ["late"]
    assert audit.verify(world.records(AUDIT), world.keys).entries == 2


def test_a_chain_that_is_told_to_stop_leaves_what_it_has_not_begun(world: World) -> None:
    world.pace = replace(QUICK, batch=1)
    world.send(*[case(f"c{n}", key=f"k{n}") for n in range(100)])
    stage = Scripted("identify")
    assert world.run(stage, until=lambda: len(stage.batches) >= 3) == 0
    done = len(stage.batches)
    assert len(world.records(inbox("writer"))) == done
    world.run(Scripted("identify"))
    assert len(world.records(inbox("writer"))) == 100


def test_one_message_can_become_a_release_for_each_project(world: World) -> None:
    class Resolver(Scripted):
        def handle(self, cases: list) -> list:
            return [Forward(one.advance().with_header(project=name)) for one in cases for name in ("a", "b")]

    world.send(case("c1", itinerary=("resolver", "writer")), case("c2", itinerary=("resolver", "writer")))
    world.run(Resolver("resolver"))
    cases = [decode_case(one.value, world.keys) for one in world.records(inbox("writer"))]
    assert sorted((one.id, one.header.project) for one in cases) == [("c1", "a"), ("c1", "b"), ("c2", "a"), ("c2", "b")]


def test_a_release_that_cannot_be_written_sends_its_case_to_quarantine(world: World) -> None:
    class Writer(Scripted):
        def handle(self, cases: list) -> list:
            good = super().handle(cases)
            return [Released(replace(one.release, attributes=(("resource", "\udc00"),))) for one in good]

    world.send(case("c1", itinerary=("writer",)))
    world.run(Writer("writer"))
    (record,) = quarantine.list_open(world.bus)
    assert (record.case_id, record.code) == ("c1", "wire-range")


def test_a_second_process_of_the_same_name_ends_the_first(world: World) -> None:
    world.send(case("c1"))
    joined = []

    def usurp() -> bool:
        if not joined and world.records(inbox("writer")):
            joined.append(world.bus.open("deidstream", [inbox("identify")], "core-0"))
        return False

    assert world.run(Scripted("identify"), until=usurp) == CRASHED


def test_an_error_that_nobody_expected_ends_the_chain_without_its_message(world: World) -> None:
    class Broken:
        def __getattr__(self, name: str) -> object:
            raise RuntimeError("secret")

    stream = io.StringIO()
    log.configure(stream)
    world.shelf = Broken()  # type: ignore[assignment]
    world.send(case("c1", "hold"))
    assert world.run(Scripted("identify"), until=lambda: False) == 3
    logging.getLogger(log.LOGGER).handlers.clear()
    assert '"code":"crashed"' in stream.getvalue()
    assert "secret" not in stream.getvalue()


def test_a_bus_that_is_away_at_the_start_is_worth_another_start(world: World) -> None:
    class Away:
        def open(self, *_: object) -> object:
            raise Unavailable("bus-locked", "bus")

    world.bus = Away()  # type: ignore[assignment]
    assert world.run(Scripted("identify"), until=lambda: False) == 3


@pytest.mark.parametrize("stages", [(), ("identify", "identify"), ("identfy",)], ids=["none", "twice", "mistyped"])
def test_a_chain_of_stages_that_cannot_be_is_refused(world: World, stages: tuple[str, ...]) -> None:
    assert world.run(*[Scripted(name) for name in stages], until=lambda: False) == 2


def _fields(pace: Pace) -> dict[str, float]:
    return {name: getattr(pace, name) for name in Pace.__slots__}
