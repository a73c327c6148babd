"""What all use of Kafka has in common: how clients are configured, what their errors mean, and a watchdog over every call."""

from __future__ import annotations

import logging
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from deidstream.core.errors import DeidstreamError, Misconfigured, Unavailable
from deidstream.ports import REBALANCED

__all__ = ["CALL_SECONDS", "MAX_BYTES", "Cluster", "Heard", "answers", "made", "patiently", "translated", "watched"]

MAX_BYTES = 16 << 20
"""The largest record; the topics' own limit is the same. Above the client's limit nothing is sent, above the broker's this
transaction and the next would fail."""

CALL_SECONDS = 15.0
"""When a call to the broker gives up."""
_SESSION_MS = 6_000
_POLL_INTERVAL_MS = 300_000
_STUCK_SECONDS = 45.0
"""No call may take longer than its time-outs together. Clients were seen to hang after a broker's death all the same."""
_DEAD_SECONDS = 60.0
"""... and so long no thread of a process may stand still."""
_SLICE_SECONDS = 0.5
"""How long a call waits before it is asked what the client has heard meanwhile."""
_ASK_SECONDS = 5.0
_AGAIN_SECONDS = 10.0
"""A refusal counts when it is heard again so soon."""
_REFUSED = re.compile(r"certificate verify failed|SSL alert number (4[0-69]|48|116)\b")
"""A certificate that was refused by us or (alerts 40 to 46, 48, 49, 116 of RFC 8446) by the broker."""
_STUCK = 3
"""Exit code after which starting again is right."""

_SILENT = logging.getLogger("deidstream.kafka")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False

Config = dict[str, Any]  # what librdkafka takes: strings, numbers, callbacks

_MISCONFIGURED = {
    KafkaError._AUTHENTICATION: ("kafka-authentication", "user, password or certificate is wrong"),
    KafkaError.SASL_AUTHENTICATION_FAILED: ("kafka-authentication", "user, password or certificate is wrong"),
    KafkaError._SSL: ("kafka-tls", "is each side's certificate from the authority that the other side knows?"),
    KafkaError.INVALID_REPLICATION_FACTOR: ("too-few-brokers", "deployment.kafka.replication asks for more of them"),
    KafkaError.TOPIC_AUTHORIZATION_FAILED: ("kafka-not-allowed", "this user lacks a right on the topic"),
    KafkaError.GROUP_AUTHORIZATION_FAILED: ("kafka-not-allowed", "this user lacks READ on the group"),
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: ("kafka-not-allowed", "this user lacks a right on the cluster"),
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: (
        "kafka-not-allowed",
        "this user lacks WRITE on the transactional id",
    ),
    KafkaError.UNKNOWN_TOPIC_OR_PART: ("topic-missing", "run: deidstream topics apply"),
    KafkaError._UNKNOWN_TOPIC: ("topic-missing", "run: deidstream topics apply"),
    KafkaError._AUTO_OFFSET_RESET: (
        "records-expired",
        "records were deleted before they were read: restore, or replay",
    ),
    KafkaError.FENCED_INSTANCE_ID: ("fenced", "another process has taken over its name"),
    KafkaError._FENCED: ("fenced", "another process has taken over its name"),
    KafkaError.INVALID_PRODUCER_EPOCH: ("fenced", "another process has taken over its name"),
    KafkaError._FATAL: ("fenced", "another process has taken over its name, or the broker was away too long"),
}


_PASSING = {
    KafkaError._TIMED_OUT,
    KafkaError._TRANSPORT,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError._UNKNOWN_PARTITION,  # of one that was listed before: it has no leader at this moment
}
_REBALANCED = {KafkaError.UNKNOWN_MEMBER_ID, KafkaError.ILLEGAL_GENERATION, KafkaError.REBALANCE_IN_PROGRESS}


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the brokers are, and how to speak with them. ``security``: librdkafka's own settings for TLS and SASL.

    ``prefix`` begins the names of topics, groups and transactional ids: several deployments may share a cluster.
    """

    servers: str
    prefix: str = ""
    security: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def at(cls, address: str, security: Mapping[str, str]) -> Cluster:
        """``HOST:PORT[,HOST:PORT...][/PREFIX]``. Raises Misconfigured for anything else."""
        servers, _, prefix = address.partition("/")
        if not re.fullmatch(r"[^/,\s]+:\d+(,[^/,\s]+:\d+)*", servers) or not re.fullmatch(r"[A-Za-z0-9._-]*", prefix):
            raise Misconfigured("bus-url", "deployment.bus", "give kafka://HOST:PORT[,HOST:PORT...][/PREFIX]")
        return cls(servers, prefix, security)

    def common(self, heard: Heard) -> Config:
        """What every client is configured with."""
        return {
            "bootstrap.servers": self.servers,
            "reconnect.backoff.max.ms": 500,
            "retry.backoff.ms": 2,
            "retry.backoff.max.ms": 20,
            "socket.nagle.disable": True,
            "log_level": 0,  # or clients flood the log, with addresses and names, while a broker is away
            "logger": _SILENT,  # what it says of fatal errors at any level, calls raise
            "error_cb": heard,
            **self.security,
        }

    def member(self, group: str, instance: str, heard: Heard) -> Config:
        """What every member of a group is configured with. ``group`` and ``instance`` as the cluster knows them."""
        return self.common(heard) | {
            "group.id": group,
            "group.instance.id": instance,
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",  # what the client would do by itself skips records
            # Each inbox is shared evenly. The cooperative one counts their sum: one member may get the busy, one the idle.
            "partition.assignment.strategy": "roundrobin",
            "session.timeout.ms": _SESSION_MS,
            "heartbeat.interval.ms": 1_000,
            "max.poll.interval.ms": _POLL_INTERVAL_MS,
            "fetch.wait.max.ms": 100,
        }

    def named(self, name: str) -> str:
        """``name`` as the cluster knows it."""
        return f"{self.prefix}.{name}" if self.prefix else name

    def own(self, name: str) -> str:
        """The inverse."""
        return name.removeprefix(f"{self.prefix}.") if self.prefix else name


class Heard:
    """What a client says beside its calls: some failures (a wrong password) it tells nowhere else.

    A connection that a dying broker drops in the middle of the handshake may sound the same once, so a refusal counts when it
    is heard twice with no other break of a connection in between.
    """

    def __init__(self) -> None:
        self.trouble: DeidstreamError | None = None
        self._suspected, self._at = 0, 0.0

    def __call__(self, error: KafkaError) -> None:
        """librdkafka's ``error_cb``."""
        code, now = error.code(), time.monotonic()
        if code == KafkaError._TRANSPORT:
            # With TLS 1.3 a refused certificate is told only when the connection is in use: by its alert.
            code = KafkaError._SSL if _REFUSED.search(error.str()) else 0
            self._suspected = self._suspected if code else 0
        if code in (KafkaError._AUTHENTICATION, KafkaError._SSL):
            if code == self._suspected and now - self._at < _AGAIN_SECONDS:
                self.trouble = Misconfigured(_MISCONFIGURED[code][0], "deployment.kafka", _MISCONFIGURED[code][1])
            self._suspected, self._at = code, now

    def check(self) -> None:
        """Raises it."""
        if self.trouble is not None:
            raise self.trouble


_Client = TypeVar("_Client", Producer, Consumer, AdminClient)
_Found = TypeVar("_Found")


def made(kind: type[_Client], config: Config) -> _Client:
    """A client. Raises Misconfigured where the files of ``deployment.kafka`` are none that it can use."""
    try:
        return kind(config)
    except KafkaException:
        hint = "the client refuses it: are the files PEM, and does the key belong to the certificate?"
        raise Misconfigured("kafka-tls", "deployment.kafka", hint) from None


def answers(cluster: Cluster) -> bool:
    """Whether a new client reaches ``cluster`` at this moment: one that has stalled does not tell."""
    try:
        made(AdminClient, cluster.common(Heard())).list_topics(timeout=_ASK_SECONDS)
    except KafkaException:
        return False
    return True


def patiently(call: Callable[[float], _Found], poll: Callable[[float], object], heard: Heard) -> _Found:
    """``call(seconds)`` again and again while the broker does not answer, for CALL_SECONDS; between, ``poll`` hands over what was
    heard, so that a wrong password ends it at once. Raises what ``call`` raised, or what was heard."""
    until = time.monotonic() + CALL_SECONDS
    while True:
        try:
            return call(_SLICE_SECONDS)
        except KafkaException as error:
            cause = error.args[0]
            away = cause.retriable() or cause.code() in _PASSING
            if not away or time.monotonic() > until:
                raise
        poll(0.05)
        heard.check()


def translated(error: KafkaError | KafkaException, place: str) -> DeidstreamError:
    """The error as one of ours: by its code alone, since its text may name a record."""
    cause = error.args[0] if isinstance(error, KafkaException) else error
    code = cause.code()
    if code in _MISCONFIGURED:
        name, hint = _MISCONFIGURED[code]
        return Misconfigured(name, place, hint)
    if code in _REBALANCED:
        return Unavailable(REBALANCED, place)
    if cause.fatal():
        return Misconfigured("fenced", place, "the client cannot go on; starting again is right")
    return Unavailable("bus-away", f"{place}:{cause.name()}")


@contextmanager
def watched(call: str) -> Iterator[None]:
    """Ends the process when the block takes longer than any call to a client may; the supervisor starts it again."""
    _WATCHDOG.begin(call)
    try:
        yield
    finally:
        _WATCHDOG.end()


class _Watchdog:
    """One thread for all calls of the process."""

    def __init__(self) -> None:
        self._calls: dict[int, tuple[str, float]] = {}
        self._started = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self, call: str) -> None:
        if self._thread is None:
            self._start()
        self._calls[threading.get_ident()] = (call, time.monotonic())

    def end(self) -> None:
        self._calls.pop(threading.get_ident(), None)

    def _start(self) -> None:
        with self._started:
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="kafka-watchdog", daemon=True)
                self._thread.start()

    def _watch(self) -> None:
        while True:
            # A client that hangs while it holds the interpreter stops this thread too: then the system ends the process.
            signal.setitimer(signal.ITIMER_REAL, _DEAD_SECONDS)
            time.sleep(1.0)
            now = time.monotonic()
            for call, began in list(self._calls.values()):
                if now - began > _STUCK_SECONDS:
                    os.write(2, b'{"event": "bus.stuck", "call": "%s"}\n' % call.encode())
                    os._exit(_STUCK)


_WATCHDOG = _Watchdog()
