"""The real Kafka of ``deidstream dev kafka``."""

from __future__ import annotations

from pathlib import Path

import pytest
from deidstream.adapters.kafka_client import Cluster
from deidstream.adapters.kafka_topics import Topic, apply

from tests.harness.kafka import broker

pytestmark = pytest.mark.full


def test_a_cluster_whose_identity_begins_with_a_dash_starts_and_keeps_its_topics(tmp_path: Path) -> None:
    (tmp_path / "cluster.id").write_text("-bcdefghijklmnopqrstuQ")  # one in 64 does
    with broker(tmp_path) as kafka:
        assert apply(Cluster(kafka.servers), [Topic("kept", 2, 60.0)]) == []
        kafka.nodes[0].kill()
        kafka.nodes[0].restart()
        assert apply(Cluster(kafka.servers), [Topic("kept", 2, 60.0)]) == []
