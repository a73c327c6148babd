"""Several processes of ingest on Kafka and PostgreSQL, one of them killed for good in the middle of a commit."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from deidstream.adapters.kafka_bus import KafkaBusFactory
from deidstream.adapters.kafka_client import Cluster
from deidstream.adapters.kafka_topics import Topic, apply
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.adapters.sqlite_ledger import open_acceptance
from deidstream.core.case import Case, Header
from deidstream.core.errors import Misconfigured
from deidstream.ports import Output
from deidstream.stream.doubts import Heir
from deidstream.stream.stages import QUARANTINE, inbox
from deidstream.wire import encode_case

from tests.e2e import test_replicas as replicas
from tests.harness.client import cli
from tests.harness.deployment import deployment
from tests.harness.kafka import Broker

pytestmark = pytest.mark.full


def test_what_was_acknowledged_is_there_once_whichever_replica_is_killed(
    kafka: Broker, database: str, tmp_path: Path
) -> None:
    places = {"bus": f"kafka://{kafka.servers}/replicas", "database": database, "replicas": {"ingest": 2}}
    with deployment(tmp_path, places) as running:
        assert cli(running, "topics", "apply").returncode == 0
        running.start()
        running.wait_ready(120)
        replicas.test_what_was_acknowledged_is_there_once_whichever_replica_is_killed(running)
        replicas.test_a_message_sent_again_to_the_other_replica_is_acknowledged_and_not_accepted_again(running)
        replicas.test_what_is_sent_after_an_acknowledgement_comes_after_it_whichever_replica_took_it(running)


@pytest.mark.parametrize("committed", [True, False])
def test_an_instance_that_is_gone_is_inherited_and_cannot_come_back_with_what_it_had_in_work(
    kafka: Broker, database: str, committed: bool
) -> None:
    cluster = Cluster(kafka.servers, f"heir-{committed}".lower())
    assert apply(cluster, [Topic(name, 8, 3600.0) for name in (inbox("identify"), QUARANTINE)]) == []
    factory = KafkaBusFactory(cluster)
    gone, survivor = open_acceptance(database, "ingest.2"), open_acceptance(database, "ingest")
    bus = factory.open("ingest", (), "ingest.2")
    gone.claim(["case-1"], time.time())
    case = Case(Header("case-1", "adt", "hl7v2", 1.0, ("identify",), "adt"), b"x")
    output = Output(inbox("identify"), "adt", encode_case(case, MemoryKeyRing()), {"case": "case-1"})
    if committed:
        bus.commit([output])
    heir = Heir(survivor, factory.scan, lambda owner: factory.open("ingest", (), owner).close())
    heir.look(0.0)
    heir.look(61.0)
    claim = survivor.claim(["case-1"], time.time())
    assert (claim.accepted, claim.elsewhere) == (frozenset({"case-1"} if committed else ()), frozenset())
    with pytest.raises(Misconfigured, match="fenced"):
        bus.commit([output])
    assert len(factory.scan(inbox("identify"))) == committed
