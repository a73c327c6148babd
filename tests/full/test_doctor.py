"""The doctor before a real Kafka and a real PostgreSQL."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from tests.cli.command import run
from tests.cli.test_doctor import deployed, examined, troubles
from tests.full.postgres import PASSWORD, Postgres
from tests.harness.client import eventually
from tests.harness.kafka import Broker

pytestmark = pytest.mark.full


def test_topics_that_are_missing_or_differ_are_told(kafka: Broker, tmp_path: Path) -> None:
    prefix = f"d{uuid.uuid4().hex[:8]}"
    config = deployed(tmp_path, deployment={"bus": f"kafka://{kafka.servers}/{prefix}", "kafka": {"partitions": 2}})
    ran, found = examined(config)
    assert (ran.code, {one for one in troubles(found) if one[1] == "bus"}) == (1, {("bad", "bus", "topic-missing")}), (
        found
    )
    assert run("topics", "apply", "--config", config).code == 0
    # A broker that never had a group makes the topic of their positions first.
    eventually(lambda: examined(config)[0].code == 0, 30)
    short = ConfigEntry("retention.ms", "1000", incremental_operation=AlterConfigOpType.SET)
    admin = AdminClient({"bootstrap.servers": kafka.servers})
    (name,) = (one for one in admin.list_topics().topics if one.startswith(prefix) and "audit" in one)
    resource = ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=[short])
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(30)
    ran, found = examined(config)
    (one,) = (one for one in found if one["code"] == "topic-differs")
    assert (ran.code, one["place"]) == (1, "deidstream.audit.v1 retention.ms")


def test_a_cluster_that_is_away_is_told(tmp_path: Path) -> None:
    config = deployed(tmp_path, deployment={"bus": "kafka://127.0.0.1:9"})
    ran, found = examined(config)
    assert (ran.code, {code for _, check, code in troubles(found) if check == "bus"}) == (1, {"bus-away"})


def test_a_database_without_tables_is_told_and_one_with_them_is_good(postgres: Postgres, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    ran, found = examined(deployed(tmp_path / "empty", deployment={"database": postgres.new()}))
    assert (ran.code, ("bad", "database", "database-not-migrated") in troubles(found)) == (1, True)
    (tmp_path / "full").mkdir()
    ran, found = examined(deployed(tmp_path / "full", deployment={"database": postgres.migrated()}))
    assert (ran.code, {one for one in troubles(found) if one[1] == "database"}) == (0, set())


def test_the_password_may_come_from_the_environment_as_the_chart_gives_it(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = deployed(tmp_path, deployment={"database": postgres.migrated().replace(f":{PASSWORD}@", "@")})
    monkeypatch.delenv("PGPASSWORD", raising=False)
    ran, found = examined(config)
    assert (ran.code, {verdict for verdict, check, _ in troubles(found) if check == "database"}) == (1, {"bad"})
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    ran, found = examined(config)
    assert (ran.code, {one for one in troubles(found) if one[1] == "database"}) == (0, set())
