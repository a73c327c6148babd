"""``deidstream signals``: the table of what the processes say of themselves, as docs/signals.md shows it."""

from __future__ import annotations

import sys

from deidstream.stream.signals import SIGNALS, Signal

__all__ = ["page", "signals"]

_HEAD = """# Signals

Every metric, span and log event that deidstream emits, and which stages emit it. `deidstream signals` prints this page, and the
tests hold whole deployments to it: every row is seen from every stage that it names, and nothing else is seen. No label,
attribute or field carries content. In brackets: not always there.
"""

_SECTIONS = (
    (
        "Metrics",
        ("counter", "gauge", "histogram"),
        "At `/metrics` of each process (`deployment.health`, `monitor.health`), with `process_*` of the process itself and\n"
        "`target_info`, which names it. The monitor's counts are at least once: for dashboards, not for accounts.",
    ),
    (
        "Spans",
        ("span",),
        "Sent to `deployment.otlp_endpoint` by OTLP over HTTP, where it is set. A batch is one call of a stage for many cases;\n"
        "each of these has a span of its own with the times of the batch. Store operations are named; statements, parameters and\n"
        "values are not.",
    ),
    (
        "Log events",
        ("event",),
        "One JSON object a line on standard error, with `time`, `level`, `event` and `instance`. `trace_id` and `span_id` are\n"
        "those of the span that ingest opened for the case: by `trace_id` a line joins all spans of its trace.",
    ),
)


def signals() -> None:
    """Print every metric, span and log event, and which stages emit it.

    \b
    Example:
      deidstream signals
    """
    sys.stdout.write(page())


def page() -> str:
    """All of it, in Markdown."""
    sections = [
        f"\n## {title}\n\n{text}\n\n| name | kind | labels | stages | meaning |\n|---|---|---|---|---|\n"
        + "".join(_row(signal) for signal in SIGNALS if signal.kind in kinds)
        for title, kinds, text in _SECTIONS
    ]
    return _HEAD + "".join(sections)


def _row(signal: Signal) -> str:
    name = f"`{signal.prometheus or signal.name}`"
    labels = ", ".join(f"`{label}`" for label in signal.labels)
    return f"| {name} | {signal.kind} | {labels} | {', '.join(signal.stages)} | {signal.meaning} |\n"
