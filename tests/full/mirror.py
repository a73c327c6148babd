"""A real MirrorMaker 2, which ``tests/full/prepare`` has fetched: all topics below a prefix, from one cluster to another."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deidstream.cli.demo.ports import free_row

from tests.full.java import CACHE, absent

_LOGGING = """\
<Configuration status="ERROR">
  <Appenders><Console name="out"><PatternLayout pattern="%d %p %c{1} %m%n"/></Console></Appenders>
  <Loggers><Root level="WARN"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
"""


@dataclass
class Mirror:
    """One process."""

    process: subprocess.Popen[bytes]
    log: Path

    def pause(self) -> None:
        """It falls behind."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def mirroring(folder: Path, first: str, second: str, prefix: str) -> Iterator[Mirror]:
    """From ``first`` to ``second``; killed at the end."""
    libs = CACHE / "mirror"
    if not libs.exists():
        absent("no MirrorMaker")
    folder.mkdir()
    (folder / "log4j2.xml").write_text(_LOGGING)
    (folder / "mirror.properties").write_text(
        "".join(f"{name}={value}\n" for name, value in _settings(first, second, prefix))
    )
    java = [
        "java",
        "-Xmx384m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        f"-Dlog4j2.configurationFile={folder / 'log4j2.xml'}",
    ]
    command = [
        *java,
        "-cp",
        f"{libs}/*",
        "org.apache.kafka.connect.mirror.MirrorMaker",
        str(folder / "mirror.properties"),
    ]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    made = Mirror(process, folder / "log")
    try:
        yield made
    finally:
        made.kill()


def _settings(first: str, second: str, prefix: str) -> Iterator[tuple[str, str]]:
    """As docs/platform/second-site.md has them, on one broker each and looking more often."""
    yield from (("clusters", "first, second"), ("first.bootstrap.servers", first), ("second.bootstrap.servers", second))
    yield from (
        ("first->second.enabled", "true"),
        ("first->second.topics", f"{prefix}\\\\..*"),
        ("second->first.enabled", "false"),
    )
    yield "replication.policy.class", "org.apache.kafka.connect.mirror.IdentityReplicationPolicy"
    yield "first.consumer.isolation.level", "read_committed"
    yield from (("second.exactly.once.source.support", "enabled"), ("dedicated.mode.enable.internal.rest", "true"))
    yield "listeners", f"http://127.0.0.1:{free_row(1)[0]}"
    yield from (("sync.group.offsets.enabled", "true"), ("emit.heartbeats.enabled", "false"), ("offset.lag.max", "0"))
    for name in ("sync.group.offsets", "emit.checkpoints", "refresh.topics", "refresh.groups"):
        yield f"{name}.interval.seconds", "1"
    for name in (
        "replication",
        "checkpoints.topic.replication",
        "heartbeats.topic.replication",
        "offset-syncs.topic.replication",
    ):
        yield f"{name}.factor", "1"
    for name in ("config", "offset", "status"):
        yield f"{name}.storage.replication.factor", "1"
    yield from (("tasks.max", "2"), ("second.producer.max.request.size", str(16 << 20)))
