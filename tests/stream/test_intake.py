"""Group commit, and messages sent again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from pathlib import Path

import pytest
from deidstream.adapters.memory_bus import MemoryBusFactory
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.adapters.memory_ledger import MemoryAcceptanceLedger
from deidstream.adapters.sql_ledger import SqlAcceptanceLedger, ledger_engine
from deidstream.adapters.sqlite_ledger import SqliteAcceptanceLedger
from deidstream.core.case import Case, Header
from deidstream.core.errors import Malformed, Misconfigured, Unavailable, Unsafe
from deidstream.ports import Claim, Output
from deidstream.stream import quarantine
from deidstream.stream.audit import AuditChain, entries_of
from deidstream.stream.doubts import settle_doubts
from deidstream.stream.intake import GroupCommit, IntakeOptions
from deidstream.wire import decode_case


class Clock:
    def now(self) -> float:
        return 1000.0


class Bus:
    """Publishes; may be stopped, and may fail."""

    def __init__(self, commit: Callable[[Sequence[Output]], None]) -> None:
        self.groups: list[int] = []
        self.open = threading.Event()
        self.open.set()
        self.errors: list[Exception] = []
        self._commit = commit

    def commit(self, outputs: Sequence[Output]) -> None:
        self.open.wait(5)
        if self.errors:
            raise self.errors.pop(0)
        self.groups.append(len(outputs))
        self._commit(outputs)

    def __getattr__(self, name: str) -> object:
        raise NotImplementedError(name)


KEYS = MemoryKeyRing()


def case(number: int, size: int = 10) -> Case:
    return Case(Header(f"case-{number}", "adt", "hl7v2", 1.0, ("identify",), "adt"), b"x" * size)


@pytest.fixture
def factory() -> MemoryBusFactory:
    return MemoryBusFactory()


@pytest.fixture
def bus(factory: MemoryBusFactory) -> Bus:
    return Bus(factory.open("ingest", (), "0").commit)


def intake_over(bus: Bus, **limits: float) -> GroupCommit:
    return GroupCommit(
        bus,  # type: ignore[arg-type]
        MemoryAcceptanceLedger(),
        KEYS,
        Clock(),
        IntakeOptions(**{"patience_seconds": 0.05, **limits}),  # type: ignore[arg-type]
    )


@pytest.fixture
def intake(bus: Bus) -> Iterator[GroupCommit]:
    intake = intake_over(bus)
    intake.start()
    yield intake
    bus.open.set()
    intake.close()


def published(factory: MemoryBusFactory) -> list[str]:
    return [decode_case(one.value, KEYS).id for one in factory.scan("deidstream.identify.v1")]


def test_a_case_is_on_the_bus_when_its_future_is_done(intake: GroupCommit, factory: MemoryBusFactory) -> None:
    intake.submit([case(1)]).result(5)
    assert published(factory) == ["case-1"]


def test_what_comes_during_a_commit_shares_the_next_one(intake: GroupCommit, bus: Bus) -> None:
    bus.open.clear()
    futures = [intake.submit([case(0)])]
    while intake._waiting:  # the thread has taken the first
        threading.Event().wait(0.001)
    futures += [intake.submit([case(number)]) for number in range(1, 50)]
    bus.open.set()
    wait(futures, 5)
    assert bus.groups == [1, 49]


def test_a_message_sent_again_is_acknowledged_and_published_once(
    intake: GroupCommit, factory: MemoryBusFactory
) -> None:
    for _ in range(3):
        wait([intake.submit([case(1)]), intake.submit([case(1)])], 5)
    assert published(factory) == ["case-1"]


def test_the_order_of_a_source_is_kept(intake: GroupCommit, factory: MemoryBusFactory) -> None:
    wait([intake.submit([case(number)]) for number in range(300)], 5)
    assert published(factory) == [f"case-{number}" for number in range(300)]


def test_a_commit_that_fails_is_reported_and_the_message_may_come_again(
    intake: GroupCommit, bus: Bus, factory: MemoryBusFactory
) -> None:
    bus.errors = [Unavailable("disk-full", "bus")] * 50
    with pytest.raises(Unavailable):
        intake.submit([case(1)]).result(5)
    bus.errors = []
    intake.submit([case(1)]).result(5)
    assert published(factory) == ["case-1"]


def test_a_short_backlog_only_delays(intake: GroupCommit, bus: Bus) -> None:
    bus.errors = [Unavailable("backlog", "bus")]
    intake.submit([case(1)]).result(5)


def test_too_much_at_once_is_refused_at_once(bus: Bus) -> None:
    intake = intake_over(bus, waiting_cases=2, waiting_bytes=1000)
    intake.submit([case(1, size=600)])
    with pytest.raises(Unavailable) as caught:
        intake.submit([case(2, size=2000)])
    assert caught.value.code == "intake-full"
    intake.submit([case(3)])
    with pytest.raises(Unavailable):
        intake.submit([case(4)])
    intake.start()
    intake.close()
    assert bus.groups == [2]


def test_what_waits_is_committed_before_closing(intake: GroupCommit, factory: MemoryBusFactory) -> None:
    future = intake.submit([case(1)])
    intake.close()
    assert future.done()
    assert published(factory) == ["case-1"]
    with pytest.raises(Unavailable):
        intake.submit([case(2)])


def test_when_another_instance_has_taken_over_nobody_waits_for_ever(bus: Bus) -> None:
    stopped = threading.Event()
    intake = intake_over(bus)
    intake.on_failure = stopped.set
    bus.errors = [Misconfigured("fenced", "0")]
    future: Future[None] = intake.submit([case(1)])
    intake.start()
    with pytest.raises(Unavailable):
        future.result(5)
    assert stopped.wait(5)
    assert isinstance(intake.failed, Misconfigured)


def test_what_the_death_of_the_machine_took_from_the_ledger_is_learned_from_the_bus(
    tmp_path: Path, bus: Bus, factory: MemoryBusFactory
) -> None:
    first = intake_over(bus)
    first.submit([case(1)])
    first.start()
    first.close()
    ledger = SqliteAcceptanceLedger(tmp_path / "ledger.db", "0", boot="next")
    assert ledger.stale
    settle_doubts(ledger, factory.scan, 2.0)
    assert not ledger.stale
    assert ledger.claim(["case-1", "case-2"], 3.0).accepted == {"case-1"}
    assert SqliteAcceptanceLedger(tmp_path / "ledger.db", "0", boot="next again").stale


@pytest.mark.parametrize("committed", [True, False])
def test_a_crash_between_ledger_and_bus_neither_loses_nor_doubles(
    committed: bool, tmp_path: Path, bus: Bus, factory: MemoryBusFactory
) -> None:
    engine = ledger_engine(f"sqlite:///{tmp_path / 'ledger.db'}")
    SqlAcceptanceLedger(engine, "0").claim(["case-1"], 1.0)
    if committed:
        first = intake_over(bus)
        first.submit([case(1)])
        first.start()
        first.close()
    ledger = SqlAcceptanceLedger(engine, "0")
    settle_doubts(ledger, factory.scan, 2.0)
    intake = GroupCommit(bus, ledger, KEYS, Clock())  # type: ignore[arg-type]
    intake.start()
    intake.submit([case(1)]).result(5)
    intake.close()
    assert published(factory) == ["case-1"]


@pytest.mark.parametrize("failures", [2, 1000])
def test_what_was_committed_is_settled_when_the_ledger_is_back_but_the_end_does_not_wait_for_it(
    failures: int, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deidstream.stream.intake._SETTLE_AGAIN", 0.01)
    settled, left = threading.Event(), [Unavailable("ledger-unavailable")] * failures
    ledger = MemoryAcceptanceLedger()

    def settle() -> None:
        if left:
            raise left.pop()
        settled.set()

    intake = GroupCommit(bus, ledger, KEYS, Clock())  # type: ignore[arg-type]
    intake.start()
    monkeypatch.setattr(ledger, "claim", lambda *_: Claim(frozenset(), frozenset()))
    monkeypatch.setattr(ledger, "settle", settle)
    intake.submit([case(1)]).result(5)
    assert settled.wait(5 if failures < 1000 else 0.1) == (failures < 1000)
    intake.close()
    assert intake.failed is None


def test_what_is_accepted_is_audited_and_kept_raw_when_asked(bus: Bus, factory: MemoryBusFactory) -> None:
    audit = AuditChain("ingest-0", KEYS, factory)
    intake = intake_over(bus, raw=True, audit=audit)  # type: ignore[arg-type]
    intake.start()
    intake.submit([case(1)]).result(5)
    intake.close()
    assert [decode_case(one.value, KEYS).id for one in factory.scan("deidstream.raw.v1")] == ["case-1"]
    (entry,) = entries_of(factory.scan("deidstream.audit.v1")[0])
    assert (entry["event"], entry["case"]) == ("case.accepted", "case-1")
    assert entry["details"] == {"source": "adt", "format": "hl7v2", "bytes": 10}


def test_a_bad_case_goes_to_quarantine_once_and_the_others_on(bus: Bus, factory: MemoryBusFactory) -> None:
    audit = AuditChain("ingest-0", KEYS, factory)
    intake = intake_over(bus, audit=audit)  # type: ignore[arg-type]
    intake.start()
    for _ in range(2):  # read again after a crash
        intake.submit([case(1), case(2), case(3)], {"case-2": Malformed("no-msh", "MSH")}).result(5)
    intake.close()
    assert published(factory) == ["case-1", "case-3"]
    (record,) = quarantine.list_open(factory)
    assert (record.case_id, record.stage, record.code, record.topic) == (
        "case-2",
        "ingest",
        "no-msh",
        "deidstream.identify.v1",
    )
    assert quarantine.open_case(record, KEYS).source == b"x" * 10
    events = [entry["event"] for entry in entries_of(factory.scan("deidstream.audit.v1")[0])]
    assert events == ["case.accepted"] * 3 + ["case.quarantined"]


def test_what_is_larger_than_all_the_room_comes_in_while_small_ones_keep_coming(bus: Bus) -> None:
    bus.open.clear()
    intake = intake_over(bus, waiting_bytes=1000)
    intake.start()
    sent = [intake.submit([case(number, 100)]) for number in range(4)]
    sent.append(intake.submit([case(10, 5000)]))
    with pytest.raises(Unavailable):
        intake.submit([case(11, 5000)])
    with pytest.raises(Unavailable):
        intake.submit([case(12, 10)])
    bus.open.set()
    wait(sent, 5)
    assert all(one.exception() is None for one in sent)
    intake.close()


def test_what_no_record_of_the_bus_can_hold_is_refused_alone(bus: Bus, factory: MemoryBusFactory) -> None:
    commit = bus._commit

    def refusing(outputs: Sequence[Output]) -> None:
        if any(len(one.value) > 100_000 for one in outputs):
            raise Unsafe("record-too-large", "deidstream.identify.v1")
        commit(outputs)

    bus._commit = refusing
    bus.open.clear()
    intake = intake_over(bus)
    intake.start()
    first = intake.submit([case(0)])
    sent = [intake.submit([case(number, 200_000 if number == 2 else 10)]) for number in (1, 2, 3)]
    bus.open.set()
    wait([first, *sent], 5)
    errors = [one.exception() for one in (first, *sent)]
    assert [type(one) for one in errors] == [type(None), type(None), Unsafe, type(None)]
    with pytest.raises(Unsafe):
        intake.submit([case(2, 200_000)]).result(5)  # not taken for known
    assert published(factory) == ["case-0", "case-1", "case-3"]
    assert intake.waiting == 0
    intake.close()


def known(intake: GroupCommit, mark: str) -> bool:
    """Whether it is within a moment."""
    until = time.monotonic() + 2
    while not intake.accepted([mark]) and time.monotonic() < until:
        time.sleep(0.01)
    return mark in intake.accepted([mark])


def test_a_mark_is_accepted_with_its_case_and_with_a_copy_of_it(bus: Bus, tmp_path: Path) -> None:
    ledger = SqliteAcceptanceLedger(tmp_path / "ledger.db", "0")
    intake = GroupCommit(bus, ledger, KEYS, Clock())  # type: ignore[arg-type]
    intake.start()
    intake.submit([case(1)]).result(5)
    assert not intake.accepted(["mark-1"])
    intake.submit([case(1)], marks={"case-1": "mark-1"}).result(5)
    intake.submit([case(2)], marks={"case-2": "mark-2"}).result(5)
    assert known(intake, "mark-1")
    assert known(intake, "mark-2")
    assert bus.groups == [1, 1]
    intake.close()


def test_the_mark_of_a_case_that_did_not_become_durable_is_not_accepted(bus: Bus, tmp_path: Path) -> None:
    bus.errors = [Unavailable("away")] * 50
    ledger = SqliteAcceptanceLedger(tmp_path / "ledger.db", "0")
    intake = GroupCommit(bus, ledger, KEYS, Clock(), IntakeOptions(patience_seconds=0.05))  # type: ignore[arg-type]
    intake.start()
    with pytest.raises(Unavailable):
        intake.submit([case(1)], marks={"case-1": "mark-1"}).result(5)
    bus.errors = []
    unfit = Case(Header("case-2", "adt", "hl7v2", 1.0, ("identify",), "adt"), b"x", "a lone surrogate: \ud800")
    with pytest.raises(Malformed):
        intake.submit([unfit], marks={"case-2": "mark-2"}).result(5)
    intake.submit([case(3)], marks={"case-3": "mark-3"}).result(5)
    assert known(intake, "mark-3")
    assert not intake.accepted(["mark-1", "mark-2", "case-1", "case-2"])
    intake.close()


def test_the_mark_of_a_case_that_another_instance_is_accepting_is_left_to_that_one(bus: Bus, tmp_path: Path) -> None:
    SqliteAcceptanceLedger(tmp_path / "ledger.db", "1").claim(["case-1"], 1.0)
    intake = GroupCommit(bus, SqliteAcceptanceLedger(tmp_path / "ledger.db", "0"), KEYS, Clock())  # type: ignore[arg-type]
    intake.start()
    with pytest.raises(Unavailable):
        intake.submit([case(1)], marks={"case-1": "mark-1"}).result(5)
    intake.submit([case(2)], marks={"case-2": "mark-2"}).result(5)
    assert known(intake, "mark-2")
    assert not intake.accepted(["mark-1"])
    intake.close()


@pytest.mark.parametrize("committed", [True, False])
def test_a_crash_while_a_bad_case_is_put_aside_neither_loses_nor_doubles_it(
    committed: bool, tmp_path: Path, bus: Bus, factory: MemoryBusFactory
) -> None:
    ledger = SqliteAcceptanceLedger(tmp_path / "ledger.db", "0")
    settle_doubts(ledger, factory.scan, 1.0)
    ledger.claim(["case-1"], 1.0)
    bad = {"case-1": Malformed("no-msh", "MSH")}
    if committed:
        first = intake_over(bus)
        first.submit([case(1)], bad)
        first.start()
        first.close()
    successor = SqliteAcceptanceLedger(tmp_path / "ledger.db", "0")
    settle_doubts(successor, factory.scan, 2.0)
    intake = GroupCommit(bus, successor, KEYS, Clock())  # type: ignore[arg-type]
    intake.start()
    intake.submit([case(1)], bad).result(5)
    intake.close()
    assert [one.case_id for one in quarantine.list_open(factory)] == ["case-1"]
