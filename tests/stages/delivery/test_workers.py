"""The workers over a bus: no destination waits for another, and nothing is sent twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from deidstream.adapters.file_locks import FileLocks
from deidstream.adapters.memory_bus import MemoryBusFactory
from deidstream.adapters.memory_hold import MemoryHold
from deidstream.adapters.memory_keys import Key, MemoryKeyRing
from deidstream.adapters.memory_ledger import MemoryDeliveryLedger
from deidstream.core.errors import Malformed, Misconfigured, Unavailable
from deidstream.core.release import Release
from deidstream.ports import Bus, Destination, Output, Receipt, Record
from deidstream.stages.delivery import workers as workers_module
from deidstream.stages.delivery.config import DeliverySettings, DestinationSettings
from deidstream.stages.delivery.workers import Workers, Workplace
from deidstream.stream.audit import AuditChain, entries_of
from deidstream.stream.shares import Shares
from deidstream.stream.telemetry import Silent
from deidstream.wire import decode_quarantine, decode_release, encode_release

from tests.stages.delivery.conftest import KEYS, Clock, Receiver, release

RELEASES = "deidstream.releases.v1"


class Site:
    """A bus with releases, and destinations by name."""

    def __init__(self, *names: str) -> None:
        self.bus = MemoryBusFactory()
        self.receivers = {name: Receiver() for name in names}
        self.ledgers = {name: MemoryDeliveryLedger() for name in names}
        self.shelf = MemoryHold()
        self.publisher = self.bus.open("writer", (), "0")

    def publish(self, *releases: Release) -> None:
        self.publisher.commit(
            [Output(RELEASES, one.key, encode_release(one, KEYS), {"kind": "release"}) for one in releases]
        )

    def workers(
        self,
        factory: object = None,
        open_: Callable[[DestinationSettings], Destination] | None = None,
        shares: Shares | None = None,
    ) -> Workers:
        destinations = [
            {"kind": "folder", "name": name, "path": "/nowhere", "projects": ["p"]} for name in self.receivers
        ]
        settings = DeliverySettings.model_validate({"destinations": destinations})
        place = Workplace(
            factory or self.bus,  # type: ignore[arg-type]
            KEYS,
            self.shelf,
            Clock(),
            Silent(),
            self.ledgers.__getitem__,
            lambda chain: AuditChain(chain, KEYS, self.bus),
            open_ or (lambda one: self.receivers[one.name]),
        )
        return Workers(settings.destinations, place, shares)

    def events(self) -> list[tuple[str, str, str]]:
        entries = [entry for record in self.bus.scan("deidstream.audit.v1") for entry in entries_of(record)]
        return sorted((one["event"], one["details"]["destination"], one["case"]) for one in entries)


@contextmanager
def running(workers: Workers) -> Iterator[threading.Event]:
    stop = threading.Event()
    thread = threading.Thread(target=workers.run, args=(stop,))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(10)


def until(condition: Callable[[], bool]) -> None:
    for _ in range(2000):
        if condition():
            return
        threading.Event().wait(0.005)
    raise AssertionError("waited in vain")


def test_every_destination_gets_every_release_and_it_is_audited() -> None:
    site = Site("one", "two")
    site.publish(*[release(number, key=f"s{number % 3}") for number in range(20)])
    with running(site.workers()):
        until(lambda: len(site.events()) == 40)
    for receiver in site.receivers.values():
        assert sorted(receiver.ids) == sorted(f"R{number}" for number in range(20))
    assert site.events()[0] == ("release.delivered", "one", "case-0")


def test_a_dead_destination_delays_no_other_and_gets_everything_when_it_is_back() -> None:
    site = Site("dead", "well")
    site.receivers["dead"].down = Unavailable("not-connected", "mllp")
    site.publish(*[release(number) for number in range(10)])
    workers = site.workers()
    with running(workers):
        until(lambda: len(site.receivers["well"].ids) == 10)
        assert site.receivers["dead"].ids == []
        until(lambda: not workers.pulse.trouble)
        site.receivers["dead"].down = None
        until(lambda: len(site.receivers["dead"].ids) == 10)


def test_a_refused_release_is_in_quarantine_sealed_and_the_stream_goes_on() -> None:
    site = Site("one")
    site.receivers["one"].answers["R1"] = [Malformed("answered-ar", "MSA-1")]
    site.publish(release(1), release(2))
    with running(site.workers()):
        until(lambda: len(site.events()) == 2)
    (record,) = site.bus.scan("deidstream.quarantine.v1")
    found = decode_quarantine(record.value)
    assert (found.stage, found.code, found.place, found.case_id) == ("delivery.one", "answered-ar", "MSA-1", "case-1")
    assert decode_release(found.payload, KEYS) == release(1)
    assert site.receivers["one"].ids == ["R2"]


def test_what_cannot_be_opened_is_in_quarantine_and_the_stream_goes_on() -> None:
    site = Site("one")
    strange = MemoryKeyRing({"release": (Key("strange", bytes(32)),)})
    site.publisher.commit([Output(RELEASES, "s", encode_release(release(1), strange), {"case": "case-1"})])
    site.publish(release(2))
    with running(site.workers()):
        until(lambda: site.receivers["one"].ids == ["R2"])
    (record,) = site.bus.scan("deidstream.quarantine.v1")
    assert decode_quarantine(record.value).code == "foreign-key"


class _Failing:
    """A bus whose first commits fail after the destination has confirmed: what a crash looks like from outside."""

    def __init__(self, bus: Bus, failures: list[int]) -> None:
        self._bus, self._failures = bus, failures

    def commit(self, outputs: Sequence[Output]) -> None:
        if self._failures:
            self._failures.pop()
            raise Unavailable("disk-full", "bus")
        self._bus.commit(outputs)

    def poll(self, limit: int, timeout: float) -> Sequence[Record]:
        return self._bus.poll(limit, timeout)

    def __getattr__(self, name: str) -> object:
        return getattr(self._bus, name)


class _FailingFactory:
    def __init__(self, bus: MemoryBusFactory) -> None:
        self._bus = bus
        self.failures = [1, 1, 1]

    def open(self, group: str, inboxes: Sequence[str], instance: str) -> object:
        return _Failing(self._bus.open(group, inboxes, instance), self.failures)


def test_a_crash_between_delivery_and_commit_sends_nothing_twice() -> None:
    site = Site("one")
    site.publish(*[release(number) for number in range(5)])
    factory = _FailingFactory(site.bus)
    with running(site.workers(factory)):
        until(lambda: len(site.events()) == 5)
    assert factory.failures == []
    assert sorted(site.receivers["one"].ids) == [f"R{number}" for number in range(5)]


def test_a_destination_that_crashes_is_tried_again_and_takes_no_other_with_it() -> None:
    site = Site("crashing", "well")
    crashes = [RuntimeError("SECRET"), RuntimeError("SECRET")]

    class Crashing(Receiver):
        def send(self, releases: Sequence[Release]) -> Sequence[Receipt | Exception]:
            if crashes:
                raise crashes.pop()
            return super().send(releases)

    site.receivers["crashing"] = Crashing()
    site.publish(release(1))
    with running(site.workers()):
        until(lambda: all(receiver.ids == ["R1"] for receiver in site.receivers.values()))


def test_a_destination_that_is_set_up_wrongly_stops_the_process_with_its_name() -> None:
    site = Site("one")

    def wrong(settings: DestinationSettings) -> Destination:
        raise Misconfigured("tls-certificate", settings.name)

    with pytest.raises(Misconfigured):
        site.workers(open_=wrong).run(threading.Event())


def test_a_worker_that_must_stop_while_its_destination_is_away_stops() -> None:
    site = Site("dead")
    site.receivers["dead"].down = Unavailable("not-connected", "mllp")
    site.publish(release(1))
    workers = site.workers()
    with running(workers) as stop:
        until(lambda: workers.pulse.trouble == "not-connected")
        stop.set()
    site.receivers["dead"].down = None
    with running(site.workers()):
        until(lambda: site.receivers["dead"].ids == ["R1"])


def test_a_destination_goes_to_a_process_that_comes_and_back_when_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers_module, "LOOK_SECONDS", 0.05)
    site = Site("one", "two")
    first, second = (site.workers(shares=Shares(FileLocks(tmp_path), "delivery", number)) for number in (1, 2))

    def at_work(workers: Workers) -> set[str]:
        return {name for name, worker in workers._crew.items() if worker.thread.is_alive()}

    with running(first):
        until(lambda: at_work(first) == {"one", "two"})
        with running(second):
            until(lambda: (at_work(first), at_work(second)) == ({"one"}, {"two"}))
            site.publish(*[release(number, key=f"s{number % 3}") for number in range(20)])
            until(lambda: len(site.events()) == 40)
        until(lambda: at_work(first) == {"one", "two"})
        site.publish(release(20))
        until(lambda: len(site.events()) == 42)
    for receiver in site.receivers.values():
        assert sorted(receiver.ids) == sorted(f"R{number}" for number in range(21))
