import io
import json
import logging
import time
import urllib.error
import urllib.request

import pytest
from deidstream.core.errors import Malformed, Misconfigured
from deidstream.stream import log, signals
from deidstream.stream.health import HealthServer, Pulse
from deidstream.stream.otel import OtelTelemetry
from deidstream.stream.telemetry import Silent

from tests.stream.fixtures import case


def fetch(server: HealthServer, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}") as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_process_is_ready_once_its_loop_turns_and_not_while_something_is_away() -> None:
    pulse = Pulse()
    server = HealthServer(pulse, Silent())
    try:
        assert fetch(server, "/healthz") == (200, "ok\n")
        assert fetch(server, "/readyz") == (503, "starting\n")
        pulse.beat()
        assert fetch(server, "/readyz") == (200, "ok\n")
        pulse.beat("bus-locked")
        assert fetch(server, "/readyz") == (503, "bus-locked\n")
        assert fetch(server, "/healthz") == (200, "ok\n")
        pulse.beat_at = time.monotonic() - 10_000
        assert fetch(server, "/healthz") == (503, "stalled\n")
        assert fetch(server, "/elsewhere")[0] == 404
    finally:
        server.close()


def test_a_step_may_take_as_long_as_its_own_limit_says_and_no_longer() -> None:
    pulse = Pulse()
    pulse.beat_at = time.monotonic() - 700
    assert not pulse.alive
    pulse.allow(600)
    pulse.allow(1)  # another step that is quicker takes nothing away
    assert pulse.alive
    pulse.beat_at -= 100
    assert not pulse.alive


def test_work_that_goes_on_is_no_hanging_and_no_end_of_trouble() -> None:
    pulse = Pulse()
    pulse.beat("bus-locked")
    pulse.beat_at = time.monotonic() - 10_000
    pulse.stir()
    assert pulse.alive
    assert pulse.trouble == "bus-locked"


def test_an_address_that_is_taken_is_misconfigured() -> None:
    server = HealthServer(Pulse(), Silent())
    try:
        with pytest.raises(Misconfigured, match="health-address"):
            HealthServer(Pulse(), Silent(), port=server.port)
    finally:
        server.close()


def test_metrics_are_shown_under_their_names_with_codes_alone_for_labels() -> None:
    telemetry = OtelTelemetry("core-0")
    telemetry.handled("text", [case("c1"), case("c2")], time.time() - 0.01, {"forward": 1, "quarantine": 1})
    telemetry.committed([0.02, 0.03])
    telemetry.retried("bus-locked")
    telemetry.watch_lag("deidstream", lambda: {"deidstream.text.v1": 7})
    server = HealthServer(Pulse(), telemetry)
    try:
        status, text = fetch(server, "/metrics")
    finally:
        server.close()
        telemetry.close()
    assert status == 200
    assert 'deidstream_cases_total{outcome="forward",stage="text"} 1.0' in text
    for name in (signals.BATCH_SECONDS, signals.LATENCY_SECONDS, signals.RETRIES, signals.LAG):
        assert name.replace(".", "_") in text
    assert 'outcome="quarantine"' in text
    assert 'topic="deidstream.text.v1"' in text
    assert "c1" not in text


def test_a_span_belongs_to_the_trace_of_its_case(monkeypatch: pytest.MonkeyPatch) -> None:
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    telemetry = OtelTelemetry("core-0", "http://127.0.0.1:9")
    assert telemetry._spans is not None
    telemetry._spans._provider._active_span_processor._span_processors = (SimpleSpanProcessor(exporter),)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    telemetry.handled("text", [case("c1").with_header(trace=trace), case("c2")], 1000.0, {})
    telemetry.close()
    (span,) = exporter.get_finished_spans()
    assert f"{span.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"
    assert span.name == f"{signals.SPAN_STAGE}.text"
    assert span.start_time == 1_000_000_000_000
    assert dict(span.attributes) == {"deidstream.stage": "text", "deidstream.case": "c1"}


def test_a_log_line_is_json_with_a_constant_event_and_fields() -> None:
    stream = io.StringIO()
    log.configure(stream)
    log.emit("case.quarantined", logging.WARNING, case="c1", code="residue")
    logging.getLogger(f"{log.LOGGER}.library").warning("secret %s", "text")
    logging.getLogger(log.LOGGER).handlers.clear()
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert {key: first[key] for key in ("event", "level", "case", "code")} == {
        "event": "case.quarantined",
        "level": "warning",
        "case": "c1",
        "code": "residue",
    }
    assert second["event"] == "library"
    assert "secret" not in stream.getvalue()


def test_where_a_crash_was_is_said_by_file_and_line() -> None:
    assert log.crash_site(Malformed("code", "PID-3")) == "PID-3"
    with pytest.raises(ValueError, match="secret") as caught:
        raise ValueError("secret")
    assert log.crash_site(caught.value).startswith("test_health.py:")
