"""A real Apache Kafka on loopback: one node or several, started, killed, paused and stopped by their process ids."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deidstream.cli.dev.jars import installed
from deidstream.core.errors import Unavailable

__all__ = ["Cluster", "Node"]

_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_STARTED = b"Kafka Server started"

_LOGGING = """\
<Configuration status="ERROR">
  <Appenders><Console name="out"><PatternLayout pattern="%d %p %c{1} %m%n"/></Console></Appenders>
  <Loggers>
    <Root level="WARN"><AppenderRef ref="out"/></Root>
    <Logger name="kafka.server.KafkaRaftServer" level="INFO"/>
  </Loggers>
</Configuration>
"""

_QUICK = {  # what a laptop wants: short elections, no waiting for others at the start
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "auto.create.topics.enable": "false",
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "3000",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "500",
    "message.max.bytes": str(16 << 20),
    "replica.fetch.max.bytes": str(16 << 20),
}
_SEVERAL = {
    "controller.quorum.election.timeout.ms": "500",
    "controller.quorum.fetch.timeout.ms": "1500",
    "replica.lag.time.max.ms": "5000",
}


@dataclass(slots=True)
class Node:
    """One broker, which is a controller too."""

    folder: Path
    port: int
    heap: int = 512
    """Megabytes."""
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def _classes(self) -> Path:
        return self.folder / "classes.jsa"

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder / "broker.log"

    def start(self) -> None:
        """Starts it; ``wait`` tells when it is ready."""
        libs = installed()
        archive = _archive(libs)
        use = f"-XX:SharedArchiveFile={archive}" if archive.exists() else f"-XX:ArchiveClassesAtExit={self._classes}"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*_java(libs, self.folder, self.heap, use), "kafka.Kafka", str(self.folder / "server.properties")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait(self, begun: int = 0) -> None:
        """Until it says that it has started, in what stands in its log from byte ``begun`` on. Raises Unavailable."""
        until = time.monotonic() + _START_SECONDS
        while _STARTED not in self.log.read_bytes()[begun:]:
            if time.monotonic() > until or self.process is None or self.process.poll() is not None:
                raise Unavailable("broker-not-started", str(self.log), "its log says why")
            time.sleep(0.05)

    def restart(self) -> None:
        """After ``kill`` or ``stop``: ready when it returns."""
        begun = self.log.stat().st_size
        self.start()
        self.wait(begun)

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """In an orderly way; killed when that takes too long."""
        self._end(signal.SIGTERM)
        if self._classes.exists():
            shutil.move(self._classes, _archive(installed()))

    def pause(self) -> None:
        """Stops it in the middle of whatever it does, until ``resume``."""
        if self.process is not None:
            os.kill(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Lets it go on."""
        if self.process is not None:
            os.kill(self.process.pid, signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


class Cluster:
    """Nodes at ``ports`` (two for each: clients, controller) with their data below ``folder``.

    ``settings`` are added to every node's ``server.properties``. ``users``: passwords by name, for SCRAM; for a moment they
    stand on a command line, so none of them may matter.
    """

    def __init__(
        self,
        folder: Path,
        ports: Sequence[int],
        settings: Mapping[str, str] | None = None,
        users: Mapping[str, str] | None = None,
    ) -> None:
        pairs = list(zip(ports[::2], ports[1::2], strict=True))
        heap = 512 if len(pairs) == 1 else 384
        self.nodes = [Node(folder / f"node-{number}", client, heap) for number, (client, _) in enumerate(pairs, 1)]
        self.servers = ",".join(f"127.0.0.1:{client}" for client, _ in pairs)
        self._folder = folder
        self._pairs = pairs
        self._settings = dict(settings or {})
        self._users = dict(users or {})

    def start(self) -> None:
        """Formats what is new, starts all, and returns when all are ready."""
        identity = self._folder / "cluster.id"
        self._folder.mkdir(parents=True, exist_ok=True)
        if not identity.exists():
            identity.write_text(urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="))
        begun = []
        for number, node in enumerate(self.nodes, 1):
            self._prepare(number, node, identity.read_text())
            begun.append(node.log.stat().st_size if node.log.exists() else 0)
            node.start()
        for node, size in zip(self.nodes, begun, strict=True):
            node.wait(size)

    def stop(self) -> None:
        """All of them."""
        for node in self.nodes:
            node.stop()

    def destroy(self) -> None:
        """All of them, and their data."""
        for node in self.nodes:
            node.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _prepare(self, number: int, node: Node, identity: str) -> None:
        properties = node.folder / "server.properties"
        if properties.exists():
            return
        node.folder.mkdir(parents=True)
        (node.folder / "log4j2.xml").write_text(_LOGGING)
        settings = self._properties(number, node)
        properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        # With "=", or an identity that begins with "-" is taken for an option.
        tool = [*_java(installed(), node.folder, 128), "kafka.tools.StorageTool", "format", f"--cluster-id={identity}"]
        for name, password in self._users.items():
            tool += ["--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]"]
        done = subprocess.run([*tool, "-c", str(properties)], capture_output=True, check=False)
        if done.returncode:
            node.log.write_bytes(done.stdout + done.stderr)
            raise Unavailable("broker-not-formatted", str(node.log), "its log says why")

    def _properties(self, number: int, node: Node) -> dict[str, str]:
        client, controller = self._pairs[number - 1]
        voters = ",".join(f"{n}@127.0.0.1:{port}" for n, (_, port) in enumerate(self._pairs, 1))
        several = len(self._pairs) > 1
        copies, least = ("3", "2") if several else ("1", "1")
        return {
            **_QUICK,
            **(_SEVERAL if several else {}),
            "node.id": str(number),
            "listeners": f"PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{client}",
            "controller.quorum.voters": voters,
            "log.dirs": str(node.folder / "data"),
            "default.replication.factor": copies,
            "min.insync.replicas": least,
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": least,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": least,
            **self._settings,
        }


def _java(libs: Path, folder: Path, heap: int, *more: str) -> list[str]:
    quick = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", *more]
    logging = f"-Dlog4j2.configurationFile={folder / 'log4j2.xml'}"
    return ["java", f"-Xmx{heap}m", f"-Xms{heap}m", *quick, logging, "-cp", f"{libs}/*"]


def _archive(libs: Path) -> Path:
    """Loaded classes, which the first broker to end in an orderly way leaves for all later ones: they start three times as fast."""
    return libs.with_name(libs.name + ".jsa")
