from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest
from deidstream.adapters.memory_bus import MemoryBusFactory
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.core.outcome import Audit
from deidstream.ports import Record
from deidstream.stream.audit import AuditChain, Fault, entries_of, verify
from deidstream.stream.stages import AUDIT
from deidstream.wire import decode_audit, encode_audit

KEYS = MemoryKeyRing()


def publish(bus: MemoryBusFactory, chain: AuditChain, *entries: Audit, at: float = 1.0) -> None:
    member = bus.open("", [], "p")
    member.commit(chain.record(entries, at))
    chain.committed()
    member.close()


def written(count: int, chains: tuple[str, ...] = ("core-0",)) -> list[Record]:
    bus = MemoryBusFactory()
    for name in chains:
        chain = AuditChain(name, KEYS, bus)
        for n in range(count):
            publish(bus, chain, Audit("case.released", f"c{n}", {"count": n}))
    return list(bus.scan(AUDIT))


def test_an_untouched_log_is_sound() -> None:
    report = verify(written(10, ("core-0", "core-1", "delivery-0")), KEYS)
    assert report.sound
    assert (report.records, report.entries) == (30, 30)
    assert dict(report.starts) == {"core-0": 1, "core-1": 1, "delivery-0": 1}


def test_an_entry_is_canonical_json_with_event_case_time_and_details() -> None:
    bus = MemoryBusFactory()
    publish(bus, AuditChain("core-0", KEYS, bus), Audit("case.released", "c1", {"b": 1, "a": ["PID-5[1].1"]}), at=2.5)
    (record,) = bus.scan(AUDIT)
    expected = b'[{"at":2.5,"case":"c1","details":{"a":["PID-5[1].1"],"b":1},"event":"case.released"}]'
    assert decode_audit(record.value).entries == expected
    assert entries_of(record) == orjson.loads(expected)


def test_a_chain_goes_on_after_a_restart() -> None:
    bus = MemoryBusFactory()
    publish(bus, AuditChain("core-0", KEYS, bus), Audit("one", "c1"))
    publish(bus, AuditChain("core-0", KEYS, bus), Audit("two", "c2"))
    report = verify(bus.scan(AUDIT), KEYS)
    assert report.sound
    assert report.tips["core-0"][0] == 2


def test_what_was_given_back_is_no_part_of_the_chain() -> None:
    bus = MemoryBusFactory()
    chain = AuditChain("core-0", KEYS, bus)
    chain.record([Audit("lost", "c0")], 1.0)
    chain.rewind()
    publish(bus, chain, Audit("kept", "c1"))
    assert verify(bus.scan(AUDIT), KEYS).sound


def _edited(records: list[Record]) -> list[Record]:
    one = decode_audit(records[4].value)
    records[4] = replace(records[4], value=encode_audit(replace(one, entries=one.entries.replace(b"c4", b"c5"))))
    return records


def _forged_with_another_key(records: list[Record]) -> list[Record]:
    bus = MemoryBusFactory()
    chain = AuditChain("core-0", MemoryKeyRing(), bus)
    for n in range(10):
        publish(bus, chain, Audit("case.released", f"c{n}", {"count": n}))
    return records[:4] + list(bus.scan(AUDIT))[4:5] + records[5:]


TAMPERINGS: list[tuple[Callable[[list[Record]], list[Record]], list[Fault]]] = [
    (_edited, [Fault("core-0", 5, "altered")]),
    (lambda records: records[:4] + records[5:], [Fault("core-0", 5, "missing")]),
    (
        lambda records: [*records[:4], records[5], records[4], *records[6:]],
        [Fault("core-0", 5, "missing"), Fault("core-0", 5, "out-of-place"), Fault("core-0", 6, "missing")],
    ),
    (lambda records: [*records[:5], records[4], *records[5:]], [Fault("core-0", 5, "out-of-place")]),
    (lambda records: [*records[:4], replace(records[4], value=b"\xff"), *records[5:]],
     [Fault("core-0", 0, "unreadable"), Fault("core-0", 5, "missing")]),
]  # fmt: skip


@pytest.mark.parametrize(("tamper", "faults"), TAMPERINGS, ids=["edited", "deleted", "swapped", "doubled", "garbled"])
def test_tampering_is_found_at_its_place(tamper: Callable[[list[Record]], list[Record]], faults: list[Fault]) -> None:
    report = verify(tamper(written(10)), KEYS)
    assert list(report.faults) == faults
    assert not report.sound


def test_a_record_made_without_the_key_is_found() -> None:
    faults = verify(_forged_with_another_key(written(10)), KEYS).faults
    assert Fault("core-0", 5, "altered") in faults


def test_a_cut_at_the_end_is_found_by_a_tip_kept_elsewhere() -> None:
    records = written(10)
    tips = verify(records, KEYS).tips
    assert verify(records[:-2], KEYS).sound, "a chain cannot vouch for its own end"
    assert verify(records[:-2], KEYS, tips).faults == (Fault("core-0", 10, "truncated"),)
    assert verify(records, KEYS, tips).sound


def test_a_chain_whose_head_has_expired_is_sound_and_says_where_it_begins() -> None:
    report = verify(written(10)[3:], KEYS)
    assert report.sound
    assert report.starts["core-0"] == 4


@pytest.mark.parametrize(
    ("value", "written_as", "why"),
    [
        ("PID-5[1].1", "PID-5[1].1", "a locator"),
        ("Patient.contact[0].name!div[2]", "Patient.contact[0].name!div[2]", "a nested locator"),
        (
            "http://hl7.org/fhir/StructureDefinition/x",
            "http://hl7.org/fhir/StructureDefinition/x",
            "a URL of a standard",
        ),
        (3, 3, "a count"),
        (0.25, 0.25, "a time"),
        (None, None, "nothing"),
        ({"name": {"pseudonym": 2}}, {"name": {"pseudonym": 2}}, "a table of counts"),
        ("Erika Muster", "[withheld]", "words with a space are no code"),
        ("Müller", "[withheld]", "letters beyond ASCII are no code"),
        ("x" * 300, "[withheld]", "longer than any code"),
        (10**17, "[withheld]", "longer than any count"),
        (b"bytes", "[withheld]", "bytes are no code"),
        (["ok", "not ok"], ["ok", "[withheld]"], "item by item"),
        ([[[[[[["deep"]]]]]]], [[[[["[withheld]"]]]]], "deeper than any table"),
    ],
)
def test_only_codes_ids_and_counts_are_written(value: object, written_as: object, why: str) -> None:
    bus = MemoryBusFactory()
    publish(bus, AuditChain("core-0", KEYS, bus), Audit("event", "c1", {"detail": value}))
    assert entries_of(bus.scan(AUDIT)[0])[0]["details"] == {"detail": written_as}, why
