"""kill -9 of a process under load: how long until what it had to do is released again.

Its share of the inbox stands still until its successor under the same name has started, or, where none comes, until its session
has ended and another process has its share. So what counts is the partition that waits longest for its first release.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka.admin import AdminClient
from deidstream.adapters.kafka_client import Cluster
from deidstream.stream.stages import GROUP, RELEASES, inbox

from tests.bench.corpus import Corpus, numbered
from tests.bench.figure import Figure
from tests.bench.kafka.positions import KafkaPositions, appended
from tests.bench.kafka.whole import on_kafka
from tests.bench.pipeline import Pipeline
from tests.bench.sender import mllp_job
from tests.harness.deployment import SHARED, Running, is_ready

__all__ = ["recovery"]

_RATE = 40.0
_BEFORE, _AFTER = 8.0, 30.0
_CHAIN = ("fields", "text", "resolver", "writer")


def recovery(servers: str, folder: Path, corpus: Corpus) -> list[Figure]:
    """Two processes share the work that comes after identify: one of the supervisor's, and one that nobody starts again."""
    with on_kafka(servers, "recovery", folder, chains=SHARED["chains"]) as (running, cluster):
        pipeline = Pipeline(running, KafkaPositions(cluster, "folder"))
        with _twin(running) as twin:
            least = _least_share(cluster)
            own = _killed(pipeline, running, corpus, 0, _supervised(running))
            other = _killed(pipeline, running, corpus, 1, twin.pid)
        waited = [_longest(cluster, at) for at in (own, other)]
    return [
        Figure("least_share", least, "partitions", "at least", 1, "of the inbox, of the process that has fewest"),
        Figure("recovery_own", waited[0] / 1e9, "s", note="kill -9 to first release: it comes back under its own name"),
        Figure("recovery_other", waited[1] / 1e9, "s", note="it does not come back: another takes over its share"),
    ]


def _killed(pipeline: Pipeline, running: Running, corpus: Corpus, number: int, process: int) -> int:
    """When ``process`` was killed (nanoseconds since the epoch), in the middle of a feed that has gone through when it returns."""
    count = int((_BEFORE + _AFTER) * _RATE)
    messages = list(numbered(corpus.hl7, count, 3_000_000 + number * count))
    timer = threading.Timer(_BEFORE, os.kill, (process, signal.SIGKILL))
    began = time.time_ns()
    timer.start()
    pipeline.run(mllp_job(pipeline.mllp, messages, 8, _RATE), f"recovery {number + 1}")
    return began + int(_BEFORE * 1e9)


def _longest(cluster: Cluster, killed: int) -> int:
    """Nanoseconds until the last of all partitions of the chain's inbox had its first release."""
    partition = {case: one.partition for case, one in appended(cluster, inbox(_CHAIN[0])).items()}
    first: dict[int, int] = {}
    for case, release in appended(cluster, RELEASES).items():
        if release.at > killed and case in partition:
            first[partition[case]] = min(release.at, first.get(partition[case], release.at))
    return max(first.values()) - killed


def _least_share(cluster: Cluster) -> int:
    """Partitions of the chain's inbox that its processes have, at least. Without one, a death is none of the inbox's business."""
    admin, group = AdminClient({"bootstrap.servers": cluster.servers, "log_level": 0}), cluster.named(GROUP)
    members = admin.describe_consumer_groups([group])[group].result(15).members
    shares = [
        sum(lane.topic == cluster.named(inbox(_CHAIN[0])) for lane in member.assignment.topic_partitions)
        for member in members
        if (member.group_instance_id or "").startswith("+".join(_CHAIN))
    ]
    return min(shares)


def _supervised(running: Running) -> int:
    for child in running.children():
        if f"--chain\0{'+'.join(_CHAIN)}\0".encode() in Path(f"/proc/{child}/cmdline").read_bytes():
            return child
    raise SystemExit(f"no process of the chain: see {running.folder / 'up.log'}")


@contextmanager
def _twin(running: Running) -> Iterator[subprocess.Popen[bytes]]:
    """A second process of the chain, which no supervisor starts again."""
    place = len(running.configured.instances)
    command = [sys.executable, "-m", "deidstream.cli.chains", "--config", str(running.folder / "deidstream.yaml")]
    command += ["--chain", "+".join(_CHAIN), "--replica", "2", "--number", str(place)]
    with (running.folder / "twin.log").open("ab") as log:
        twin = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 60
        while not is_ready(running.health + place):
            if time.monotonic() > until:
                raise SystemExit(f"the second process is not ready: see {log.name}")
            time.sleep(0.1)
        yield twin
    finally:
        twin.kill()
        twin.wait()
