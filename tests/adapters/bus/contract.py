"""What every bus must do. A module that has a fixture ``factory`` (``make_bus(limits) -> BusFactory``) inherits the suite."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import pytest
from deidstream.adapters.bus_limits import BusLimits, TopicLimits
from deidstream.core.errors import Misconfigured, Unavailable
from deidstream.ports import Bus, BusFactory, Output, Record

IN, OUT = "in", "out"

MakeBus = Callable[[BusLimits], BusFactory]


def outputs(count: int, topic: str = IN, keys: int = 5, first: int = 0) -> list[Output]:
    return [Output(topic, f"key-{n % keys}", str(n).encode(), {"n": str(n)}) for n in range(first, first + count)]


def publish(factory: BusFactory, records: Sequence[Output]) -> None:
    bus = factory.open("", [], "publisher")
    bus.commit(records)
    bus.close()


def drain(bus: Bus, limit: int = 100, quiet: float = 0.05) -> list[Record]:
    found: list[Record] = []
    while records := bus.poll(limit, quiet):
        found += records
    return found


def take(bus: Bus, count: int, timeout: float = 20.0) -> list[Record]:
    """So many, in as many polls as it takes: a bus may give fewer at a time, as over a network, where each lane comes by itself."""
    found: list[Record] = []
    until = time.monotonic() + timeout
    while len(found) < count and time.monotonic() < until:
        found += bus.poll(count - len(found), 0.25)
    assert len(found) == count
    return found


class BusContract:
    """For a bus over a network ``quiet`` says how long to wait for what may still come."""

    quiet = 0.05

    def drain(self, bus: Bus, limit: int = 100) -> list[Record]:
        return drain(bus, limit, self.quiet)

    def settle(self, *members: Bus) -> None:
        """Until each member has its share; what moves does so between batches."""
        for _ in range(2):
            for member in members:
                member.poll(1, 0)

    @pytest.fixture
    def factory(self, make_bus: MakeBus) -> BusFactory:
        return make_bus(BusLimits())

    def test_what_is_published_is_polled_with_everything_that_belongs_to_it(self, factory: BusFactory) -> None:
        bus = factory.open("g", [IN], "one")
        publish(factory, [Output(IN, "Ä", b"\x00\xff", {"kind": "case", "id": "x"}), Output(OUT, "k", b"elsewhere")])
        (record,) = self.drain(bus)
        assert (record.topic, record.key, record.value) == (IN, "Ä", b"\x00\xff")
        assert record.headers == {"kind": "case", "id": "x"}
        assert abs(record.timestamp - time.time()) < 60

    def test_records_of_one_key_keep_their_order_and_share_a_partition(self, factory: BusFactory) -> None:
        publish(factory, outputs(100))
        bus = factory.open("g", [IN], "one")
        publish(factory, outputs(100, first=100))
        by_key: dict[str, list[Record]] = {}
        for record in self.drain(bus, limit=7):
            by_key.setdefault(record.key, []).append(record)
        assert len(by_key) == 5
        for records in by_key.values():
            numbers = [int(record.value) for record in records]
            assert numbers == sorted(numbers)
            assert len({record.partition for record in records}) == 1
            offsets = [record.offset for record in records]
            assert offsets == sorted(set(offsets))

    def test_a_group_that_joins_later_gets_what_is_already_there(self, factory: BusFactory) -> None:
        publish(factory, outputs(3))
        assert len(self.drain(factory.open("late", [IN], "one"))) == 3

    def test_every_group_gets_everything(self, factory: BusFactory) -> None:
        buses = [factory.open(group, [IN], "one") for group in ("a", "b")]
        publish(factory, outputs(10))
        for bus in buses:
            assert len(self.drain(bus)) == 10
            bus.commit([])

    def test_a_commit_publishes_outputs_and_positions_together(self, factory: BusFactory) -> None:
        publish(factory, outputs(10))
        bus = factory.open("g", [IN], "one")
        records = self.drain(bus)
        assert factory.scan(OUT) == []
        bus.commit([Output(OUT, record.key, record.value) for record in records])
        assert len(factory.scan(OUT)) == 10
        bus.close()
        assert self.drain(factory.open("g", [IN], "one")) == []

    def test_an_aborted_batch_is_polled_again_and_nothing_of_it_was_published(self, factory: BusFactory) -> None:
        publish(factory, outputs(10))
        bus = factory.open("g", [IN], "one")
        first = sorted(record.value for record in self.drain(bus))
        bus.abort()
        assert sorted(record.value for record in self.drain(bus)) == first
        assert factory.scan(OUT) == []

    def test_what_was_not_committed_is_redelivered_after_a_restart(self, factory: BusFactory) -> None:
        publish(factory, outputs(10))
        bus = factory.open("g", [IN], "one")
        take(bus, 4)
        bus.commit([])
        take(bus, 4)
        bus.close()
        assert len(self.drain(factory.open("g", [IN], "one"))) == 6

    def test_polling_on_without_a_commit_gives_what_follows(self, factory: BusFactory) -> None:
        publish(factory, outputs(10))
        bus = factory.open("g", [IN], "one")
        values = [record.value for _ in range(5) for record in take(bus, 2)]
        assert len(set(values)) == 10

    def test_a_member_reads_its_own_outputs_to_its_own_inbox(self, factory: BusFactory) -> None:
        bus = factory.open("g", [IN], "one")
        bus.commit(outputs(3))
        assert len(self.drain(bus)) == 3

    def test_lag_counts_what_the_group_has_not_committed(self, factory: BusFactory) -> None:
        publish(factory, outputs(10))
        bus = factory.open("g", [IN, OUT], "one")
        take(bus, 4)
        assert bus.lag()[IN] == 10
        bus.commit(outputs(2, OUT))
        assert dict(bus.lag()) == {IN: 6, OUT: 2}

    def test_a_poll_wakes_up_when_something_comes(self, factory: BusFactory) -> None:
        bus = factory.open("g", [IN], "one")
        timer = threading.Timer(0.05, publish, (factory, outputs(1)))
        timer.start()
        began = time.monotonic()
        assert len(bus.poll(10, 20.0)) == 1
        assert time.monotonic() - began < 10
        timer.join()

    def test_an_empty_poll_returns_when_its_time_is_over(self, factory: BusFactory) -> None:
        bus = factory.open("g", [IN], "one")
        assert bus.poll(10, 0.01) == []

    def test_a_record_of_twelve_megabytes_goes_through(self, factory: BusFactory) -> None:
        value = bytes(range(256)) * (12 * 4096)
        publish(factory, [Output(IN, "big", value), Output(IN, "small", b"x")])
        assert {record.value for record in self.drain(factory.open("g", [IN], "one"))} == {value, b"x"}

    def test_members_of_a_group_share_an_inbox_evenly_and_no_record_goes_to_two(self, factory: BusFactory) -> None:
        members = [factory.open("g", [IN], f"member-{n}") for n in range(3)]
        self.settle(*members)
        publish(factory, outputs(400, keys=200))
        shares = [self.drain(member) for member in members]
        assert all(len({record.partition for record in share}) >= 2 for share in shares)
        assert sorted(int(record.value) for share in shares for record in share) == list(range(400))

    def test_members_share_each_of_their_inboxes_not_only_their_sum(self, factory: BusFactory) -> None:
        """All work may lie in one of them; and the group has members of other kinds."""
        other = factory.open("g", [OUT], "other")
        members = [factory.open("g", [IN, OUT], f"member-{n}") for n in range(2)]
        self.settle(other, *members)
        publish(factory, outputs(400, keys=200))
        shares = [len({record.partition for record in self.drain(member)}) for member in members]
        assert max(shares) - min(shares) <= 1
        publish(factory, [Output(OUT, f"key-{n}", b"x") for n in range(200)])
        lanes = [{record.partition for record in self.drain(member)} for member in (other, *members)]
        assert all(len(share) >= 2 for share in lanes)

    def test_a_lane_does_not_move_while_its_records_are_in_work(self, factory: BusFactory) -> None:
        first = factory.open("g", [IN], "first")
        publish(factory, outputs(50, keys=50))
        in_work = self.drain(first)
        second = factory.open("g", [IN], "second")
        assert self.drain(second) == []
        first.commit([Output(OUT, record.key, record.value) for record in in_work])
        self.settle(first, second)
        publish(factory, outputs(50, keys=50, first=50))
        rest = self.drain(second) + self.drain(first)
        assert sorted(int(record.value) for record in rest) == list(range(50, 100))

    def test_what_a_leaving_member_had_goes_to_the_others_at_once(self, factory: BusFactory) -> None:
        staying, leaving = (factory.open("g", [IN], name) for name in ("staying", "leaving"))
        self.settle(staying, leaving)
        leaving.close()
        self.settle(staying)
        publish(factory, outputs(100, keys=100))
        assert len(self.drain(staying)) == 100

    def test_a_member_that_was_replaced_under_its_name_cannot_commit_any_more(self, factory: BusFactory) -> None:
        publish(factory, outputs(10))
        ghost = factory.open("g", [IN], "same-name")
        records = self.drain(ghost)
        heir = factory.open("g", [IN], "same-name")
        with pytest.raises(Misconfigured, match="fenced"):
            ghost.commit([Output(OUT, record.key, record.value) for record in records])
        assert factory.scan(OUT) == []
        assert len(self.drain(heir)) == 10

    def test_a_publisher_that_was_replaced_under_its_name_cannot_commit_any_more(self, factory: BusFactory) -> None:
        ghost, other = (factory.open("g", [], name) for name in ("same-name", "other-name"))
        factory.open("g", [], "same-name").close()
        with pytest.raises(Misconfigured, match="fenced"):
            ghost.commit(outputs(1))
        other.commit(outputs(2))
        assert len(factory.scan(IN)) == 2

    def test_scan_gives_what_came_after_a_position(self, factory: BusFactory) -> None:
        publish(factory, outputs(50))
        seen = {record.partition: record.offset for record in factory.scan(IN)}
        publish(factory, outputs(5, first=50))
        assert sorted(int(record.value) for record in factory.scan(IN, seen)) == list(range(50, 55))

    def test_scan_gives_what_was_appended_since_a_time(self, factory: BusFactory) -> None:
        publish(factory, outputs(50))
        time.sleep(0.05)
        now = time.time()
        time.sleep(0.05)
        assert factory.scan(IN, since=now) == []
        publish(factory, outputs(5, first=50))
        assert sorted(int(record.value) for record in factory.scan(IN, since=now)) == list(range(50, 55))
        assert len(factory.scan(IN, since=1.0)) == 55

    def test_the_last_record_of_a_key_is_found(self, factory: BusFactory) -> None:
        publish(factory, outputs(20))
        last = factory.last(IN, "key-3")
        assert last is not None
        assert last.value == b"18"
        assert factory.last(IN, "nobody") is None
        assert factory.last("no-topic", "key-3") is None

    def test_no_lane_starves_while_another_is_always_full(self, factory: BusFactory) -> None:
        bus = factory.open("g", [IN], "one")
        publish(factory, [Output(IN, "busy", b"busy")] * 200)
        publish(factory, [Output(IN, f"calm-{n}", b"calm") for n in range(20)])
        polled = take(bus, 1)  # who has not joined fetches nothing
        time.sleep(self.quiet)  # ten polls are over before the first record of the second lane comes over a network
        polled += [record for _ in range(10) for record in bus.poll(10, self.quiet)]
        lane = next(record.partition for record in polled if record.value == b"busy")
        calm = [record for record in factory.scan(IN) if record.value == b"calm" and record.partition != lane]
        assert calm
        assert {record.key for record in calm} <= {record.key for record in polled}


class EmbeddedBusContract(BusContract):
    """What a bus in the same process or file does itself, and Kafka leaves to its operators: back-pressure and retention."""

    def test_publishing_into_a_full_inbox_is_refused_until_it_is_read(self, make_bus: MakeBus) -> None:
        factory = make_bus(BusLimits(other=TopicLimits(depth=10)))
        reader = factory.open("g", [IN], "one")
        publish(factory, outputs(10))
        with pytest.raises(Unavailable, match="backlog"):
            publish(factory, outputs(1))
        assert len(factory.scan(IN)) == 10
        self.drain(reader)
        reader.commit([])
        publish(factory, outputs(1))

    def test_a_full_inbox_leaves_its_publishers_own_input_unread(self, make_bus: MakeBus) -> None:
        factory = make_bus(BusLimits(other=TopicLimits(depth=5)))
        publish(factory, outputs(5, OUT))
        publish(factory, outputs(3))
        bus = factory.open("g", [IN], "one")
        records = self.drain(bus)
        with pytest.raises(Unavailable, match="backlog"):
            bus.commit([Output(OUT, record.key, record.value) for record in records])
        bus.abort()
        assert len(self.drain(bus)) == 3

    def test_a_backlog_of_releases_stops_nobody(self, make_bus: MakeBus) -> None:
        factory = make_bus(BusLimits(other=TopicLimits(depth=1)))
        topic = "deidstream.releases.v1"
        factory.open("delivery.dead", [topic], "one")
        publish(factory, outputs(50, topic))
        publish(factory, outputs(50, topic))

    def test_retention_deletes_only_what_all_groups_have_done_and_what_is_old_enough(self, make_bus: MakeBus) -> None:
        keep = {"old": TopicLimits(keep=0), "kept": TopicLimits(keep=3600), "ever": TopicLimits(keep=None)}
        factory = make_bus(BusLimits(topics=keep))
        topics = list(keep)
        fast, slow = (factory.open(group, topics, "one") for group in ("fast", "slow"))
        for topic in topics:
            publish(factory, outputs(20, topic))
        self.drain(fast)
        fast.commit([])
        factory.retain()  # type: ignore[attr-defined]  # each adapter has it, the port does not
        assert [len(factory.scan(topic)) for topic in topics] == [20, 20, 20]
        self.drain(slow)
        slow.commit([])
        factory.retain()  # type: ignore[attr-defined]
        assert [len(factory.scan(topic)) for topic in topics] == [0, 20, 20]
        publish(factory, outputs(1, "old"))
        assert len(self.drain(fast)) == 1

    def test_a_topic_that_nobody_reads_expires_only_where_it_may(self, make_bus: MakeBus) -> None:
        topics = {"raw": TopicLimits(keep=0, unread=True), "inbox": TopicLimits(keep=0)}
        factory = make_bus(BusLimits(topics=topics))
        publish(factory, outputs(5, "raw") + outputs(5, "inbox"))
        factory.retain()  # type: ignore[attr-defined]
        assert (len(factory.scan("raw")), len(factory.scan("inbox"))) == (0, 5)
