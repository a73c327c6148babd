"""What all use of Kafka has in common: how clients are configured, what their errors mean, and a watchdog over every call."""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, KafkaException

from deidstream.core.errors import DeidstreamError, Misconfigured, Unavailable
from deidstream.ports import REBALANCED

__all__ = ["CALL_SECONDS", "MAX_BYTES", "Cluster", "translated", "watched"]

MAX_BYTES = 16 << 20
"""The largest record; the topics' own limit is the same. Above the client's limit nothing is sent, above the broker's this
transaction and the next would fail."""

CALL_SECONDS = 15.0
"""When a call to the broker gives up."""
_STUCK_SECONDS = 45.0
"""No call may take longer than its time-outs together. Clients were seen to hang after a broker's death all the same."""
_STUCK = 3
"""Exit code after which starting again is right."""

_SILENT = logging.getLogger("deidstream.kafka")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False

Config = dict[str, Any]  # what librdkafka takes: strings, numbers, callbacks

_MISCONFIGURED = {
    KafkaError._AUTHENTICATION: ("kafka-authentication", "user, password or certificate is wrong"),
    KafkaError.SASL_AUTHENTICATION_FAILED: ("kafka-authentication", "user, password or certificate is wrong"),
    KafkaError._SSL: ("kafka-tls", "is the broker's certificate from the authority that is configured?"),
    KafkaError.TOPIC_AUTHORIZATION_FAILED: ("kafka-not-allowed", "this user lacks a right on the topic"),
    KafkaError.GROUP_AUTHORIZATION_FAILED: ("kafka-not-allowed", "this user lacks READ on the group"),
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: ("kafka-not-allowed", "this user lacks a right on the cluster"),
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: (
        "kafka-not-allowed",
        "this user lacks WRITE on the transactional id",
    ),
    KafkaError.UNKNOWN_TOPIC_OR_PART: ("topic-missing", "run: deidstream topics apply"),
    KafkaError._UNKNOWN_TOPIC: ("topic-missing", "run: deidstream topics apply"),
    KafkaError._UNKNOWN_PARTITION: ("topic-missing", "run: deidstream topics check"),
    KafkaError._AUTO_OFFSET_RESET: (
        "records-expired",
        "records were deleted before they were read: restore, or replay",
    ),
    KafkaError.FENCED_INSTANCE_ID: ("fenced", "another process has taken over its name"),
    KafkaError._FENCED: ("fenced", "another process has taken over its name"),
    KafkaError.INVALID_PRODUCER_EPOCH: ("fenced", "another process has taken over its name"),
    KafkaError._FATAL: ("fenced", "another process has taken over its name, or the broker was away too long"),
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

    def named(self, name: str) -> str:
        """``name`` as the cluster knows it."""
        return f"{self.prefix}.{name}" if self.prefix else name


class Heard:
    """What a client says beside its calls: some failures (a wrong password) it tells nowhere else."""

    def __init__(self) -> None:
        self.trouble: DeidstreamError | None = None

    def __call__(self, error: KafkaError) -> None:
        """librdkafka's ``error_cb``."""
        if error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL):
            self.trouble = translated(error, "bus")

    def check(self) -> None:
        """Raises it."""
        if self.trouble is not None:
            raise self.trouble


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
            time.sleep(1.0)
            now = time.monotonic()
            for call, began in list(self._calls.values()):
                if now - began > _STUCK_SECONDS:
                    os.write(2, b'{"event": "bus.stuck", "call": "%s"}\n' % call.encode())
                    os._exit(_STUCK)


_WATCHDOG = _Watchdog()
