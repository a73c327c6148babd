"""What an instance leaves in doubt when it is gone for good, and what becomes of it when it was only slow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from deidstream.adapters.memory_bus import MemoryBusFactory
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.adapters.memory_ledger import MemoryAcceptanceLedger
from deidstream.adapters.sqlite_ledger import open_acceptance
from deidstream.core.case import Case, Header
from deidstream.core.errors import Misconfigured, Unavailable
from deidstream.ports import AcceptanceLedger, Bus, Record
from deidstream.stream import doubts
from deidstream.stream.doubts import Heir, settle_doubts
from deidstream.stream.intake import GroupCommit
from deidstream.wire import decode_case

KEYS = MemoryKeyRing()
Open = Callable[[str], AcceptanceLedger]


class Clock:
    def now(self) -> float:
        return 1000.0


def case(number: int) -> Case:
    return Case(Header(f"case-{number}", "adt", "hl7v2", 1.0, ("identify",), "adt"), b"x")


class Site:
    """A bus, a ledger, and instances of ingest."""

    def __init__(self, ledger: Open) -> None:
        self.factory = MemoryBusFactory()
        self.ledger = ledger
        self.fenced: list[str] = []
        self._open: list[GroupCommit] = []

    def instance(self, name: str, bus: Bus | None = None, ledger: AcceptanceLedger | None = None) -> GroupCommit:
        bus = bus or self.factory.open("ingest", (), name)
        intake = GroupCommit(bus, ledger or self.ledger(name), KEYS, Clock())
        intake.start()
        self._open.append(intake)
        return intake

    def heir(self, name: str) -> Heir:
        return Heir(self.ledger(name), self.factory.scan, self._fence)

    def close(self) -> None:
        for intake in self._open:
            intake.close()

    @property
    def published(self) -> list[str]:
        return [decode_case(one.value, KEYS).id for one in self.factory.scan("deidstream.identify.v1")]

    def _fence(self, owner: str) -> None:
        self.fenced.append(owner)
        self.factory.open("ingest", (), owner).close()


class Slow:
    """A bus that commits when it is let go."""

    def __init__(self, bus: Bus) -> None:
        self.reached, self.go = threading.Event(), threading.Event()
        self._bus = bus

    def commit(self, outputs: object) -> None:
        self.reached.set()
        self.go.wait(10)
        self._bus.commit(outputs)  # type: ignore[arg-type]


@pytest.fixture(params=["sqlite:///", "sqlite+pysqlite:///"], ids=["embedded", "sql"])
def site(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    made = Site(lambda owner: open_acceptance(f"{request.param}{tmp_path / 'ledger.db'}", owner))
    yield made
    made.close()


def elsewhere(intake: GroupCommit, *cases: Case) -> bool:
    try:
        intake.submit(cases).result(5)
    except Unavailable as error:
        return error.code == "accepted-elsewhere"
    return False


@pytest.mark.parametrize("committed", [True, False])
def test_what_an_instance_that_is_gone_left_in_doubt_is_settled_by_another(site: Site, committed: bool) -> None:
    site.ledger("ingest.2").claim(["case-1"], 1.0)
    if committed:
        site.instance("ingest.2", ledger=MemoryAcceptanceLedger()).submit([case(1)]).result(5)
    survivor, heir = site.instance("ingest"), site.heir("ingest")
    assert elsewhere(survivor, case(1))
    heir.look(0.0)
    heir.look(59.0)
    assert elsewhere(survivor, case(1))
    heir.look(61.0)
    survivor.submit([case(1)]).result(5)
    assert site.published == ["case-1"]
    assert site.fenced == ["ingest.2"]


def test_an_instance_that_was_only_slow_cannot_commit_what_another_has_accepted_since(site: Site) -> None:
    slow = Slow(site.factory.open("ingest", (), "ingest.2"))
    stopped = site.instance("ingest.2", slow)  # type: ignore[arg-type]
    late = stopped.submit([case(1)])
    assert slow.reached.wait(5)
    survivor, heir = site.instance("ingest"), site.heir("ingest")
    heir.look(0.0)
    heir.look(61.0)
    survivor.submit([case(1)]).result(5)
    slow.go.set()
    with pytest.raises(Unavailable):
        late.result(5)
    assert isinstance(stopped.failed, Misconfigured)
    assert site.published == ["case-1"]


def test_an_instance_that_works_is_left_alone(site: Site) -> None:
    busy, heir = site.ledger("ingest.2"), site.heir("ingest")
    for second in range(0, 300, 50):
        busy.claim([f"case-{second}"], float(second))
        heir.look(float(second))
    assert site.fenced == []
    assert [doubt.case_ids for doubt in site.ledger("ingest").others()] == [{"case-250"}]


def test_the_bus_is_read_from_an_hour_before_the_oldest_doubt_on(site: Site) -> None:
    looked: list[float] = []

    def scan(topic: str, *, since: float) -> list[Record]:
        looked.append(since)
        return []

    for owner, at in (("ingest", 9_000.0), ("ingest.2", 8_000.0), ("ingest.3", 10.0)):
        ledger = site.ledger(owner)
        ledger.learn([], 0.0)  # the machine has not been down
        ledger.claim([owner], at)
        if owner == "ingest":
            settle_doubts(ledger, scan, 9_100.0)
    heir = Heir(site.ledger("ingest"), scan, lambda _: None)
    heir.look(0.0)
    heir.look(61.0)
    assert looked == [5_400.0] * 2 + [0.0] * 2


def test_while_the_bus_is_away_the_doubt_stands(site: Site) -> None:
    def away(*_: object, **__: object) -> list[object]:
        raise Unavailable("bus-away", "bus")

    site.ledger("ingest.2").claim(["case-1"], 1.0)
    heir = Heir(site.ledger("ingest"), away, lambda _: None)  # type: ignore[arg-type]
    heir.look(0.0)
    with pytest.raises(Unavailable):
        heir.look(61.0)
    assert site.ledger("ingest").claim(["case-1"], 2.0).elsewhere == {"case-1"}


def test_it_looks_by_itself(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doubts, "_GONE_AFTER", 0.05)
    ledger, settled = site.ledger("ingest.2"), threading.Event()
    ledger.claim(["case-1"], 1.0)
    heir = Heir(site.ledger("ingest"), site.factory.scan, lambda _: settled.set(), every=0.02)
    heir.start()
    try:
        assert settled.wait(10)
    finally:
        heir.close()


def test_what_is_handed_in_together_waits_together_for_what_is_accepted_elsewhere(site: Site) -> None:
    other = site.ledger("ingest.2")
    other.claim(["case-1"], 1.0)
    intake = site.instance("ingest")
    assert elsewhere(intake, case(1), case(2))
    assert site.published == []
    other.abandon()
    other.settle()
    intake.submit([case(1), case(2)]).result(5)
    assert site.published == ["case-1", "case-2"]
