"""Damaged messages through every stage: released, held, or refused with a reason; never a crash, never a residue by accident."""

import os
from dataclasses import replace

import pytest
from deidstream import formats
from deidstream.core.errors import DeidstreamError, Malformed, Unsafe
from deidstream.core.outcome import Done, Forward, Gap, Hold, Released
from deidstream.stages.fields.__main__ import build as build_fields
from deidstream.stages.identify.__main__ import build as build_identify
from deidstream.stages.ingest.service import Admission, Received
from deidstream.stages.process import Process
from deidstream.stages.resolver.__main__ import build as build_resolver
from deidstream.stages.text.__main__ import build as build_text
from deidstream.stages.writer.__main__ import build as build_writer
from deidstream.stream.instances import Instance
from deidstream.stream.settings import Settings
from deidstream.wire import decode_case, encode_case
from hypothesis import HealthCheck, given, settings

from tests.bad_input.mutations import FORMATS, damaged

EXAMPLES = int(os.environ.get("DEIDSTREAM_FUZZ", "25"))
POLICIES = ("research-dates-shifted", "hipaa-safe-harbor")
BUILDS = {
    "identify": build_identify,
    "fields": build_fields,
    "text": build_text,
    "resolver": build_resolver,
    "writer": build_writer,
}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    tree = {
        "deployment": {"state": str(tmp_path_factory.mktemp("state")), "health": None},
        "resolver": {"projects": [{"name": name, "policy": name} for name in POLICIES]},
    }
    process = Process.of(Settings(tree), Instance(("ingest", *BUILDS)))
    return process, {name: build(process) for name, build in BUILDS.items()}


def outcomes(process, stages, received):
    """All that becomes of one message; a reason where a stage refuses it. Between stages it crosses the wire, as between chains."""
    waiting = [Admission(process.keys, process.clock).case(received)]
    while waiting:
        case = waiting.pop()
        try:
            made = stages[case.header.itinerary[0]].handle([case])
        except (Malformed, Unsafe) as error:
            yield error
            continue
        for outcome in made:
            if isinstance(outcome, Forward):
                waiting.append(
                    replace(decode_case(encode_case(outcome.case, process.keys), process.keys), document=None)
                )
            else:
                yield outcome


@pytest.mark.parametrize("format_", FORMATS)
def test_a_damaged_message_is_released_well_formed_or_refused_with_a_reason(format_, pipeline):
    process, stages = pipeline

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(damaged(format_))
    def holds(source):
        seen = 0
        attributes = (("fhir.method", "POST"), ("fhir.version", "4.0")) if format_ == "fhir" else ()
        for outcome in outcomes(process, stages, Received("fuzz", format_, source, attributes=attributes)):
            seen += 1
            if isinstance(outcome, DeidstreamError):
                assert outcome.code
            elif isinstance(outcome, Released):
                formats.split(outcome.release.format, outcome.release.content)
            else:
                assert isinstance(outcome, Hold | Gap | Done)
        assert seen

    holds()
