"""Structured logs: one JSON object a line on standard error, a constant event name with ids and codes, never content."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from pathlib import Path
from typing import TextIO

import orjson

from deidstream.core.errors import DeidstreamError
from deidstream.stream.signals import Event

__all__ = ["LOGGER", "configure", "crash_site", "emit", "guard"]

LOGGER = "deidstream"


def configure(stream: TextIO | None = None, instance: str = "") -> None:
    """Sends the events of this process, which is called ``instance``, to ``stream`` (standard error)."""
    _send_to(_handler(stream or sys.stderr, instance))


def guard(instance: str = "") -> None:
    """Like ``configure``; and of what libraries log and of errors that nobody catches, the place alone. Their texts may be content.

    Ours come last: who sees that events are logged finds everything guarded.
    """
    handler = _handler(sys.stderr, instance)
    sys.excepthook = lambda kind, error, trace: _uncaught(kind, error)
    threading.excepthook = lambda thrown: _uncaught(thrown.exc_type, thrown.exc_value)
    logging.getLogger().handlers[:] = [handler]
    _send_to(handler)


def emit(event: Event, level: int = logging.INFO, *, trace: str = "", **fields: str | float | None) -> None:
    """Logs ``event``. ``trace``: the ``traceparent`` of the case, by which the line joins its trace."""
    logging.getLogger(LOGGER).log(level, event, extra={"fields": fields | _joint(trace)})


def crash_site(error: BaseException) -> str:
    """Where an unexpected error came up: file and line of the innermost frame of ours. Its message may be content."""
    if isinstance(error, DeidstreamError):
        return error.place
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "deidstream" in Path(frame.filename).parts] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""


def _handler(stream: TextIO, instance: str) -> logging.Handler:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_JsonLines(instance))
    return handler


def _send_to(handler: logging.Handler) -> None:
    logger = logging.getLogger(LOGGER)
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.handlers[:] = [handler]


def _uncaught(kind: type[BaseException], error: BaseException | None) -> None:
    emit("process.crashed", logging.CRITICAL, error=kind.__name__, at=crash_site(error) if error else "")


def _joint(trace: str) -> dict[str, str | float | None]:
    _, *ids, _ = trace.split("-") if trace.count("-") == 3 else ("", "")
    return dict(zip(("trace_id", "span_id"), ids, strict=False))


class _JsonLines(logging.Formatter):
    def __init__(self, instance: str) -> None:
        super().__init__()
        self._process = {"instance": instance} if instance else {}

    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, "fields", None)
        if fields is None:
            # A library's own message: its text may hold anything.
            fields, event = {"logger": record.name, "at": f"{record.module}:{record.lineno}"}, "library"
        else:
            event = record.getMessage()
        line = {"time": record.created, "level": record.levelname.lower(), "event": event, **self._process, **fields}
        return orjson.dumps(line, default=str).decode()
