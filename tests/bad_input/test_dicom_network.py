"""PDUs, commands and bodies of the network that somebody has damaged: one error, whatever comes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from deidstream.core.errors import Malformed
from deidstream.formats.dicom.network import pdu
from deidstream.formats.dicom.network.command import Command, CommandSet, Field, command
from deidstream.formats.dicom.network.commitment import Reference, information, read_told, read_transaction
from deidstream.formats.dicom.network.multipart import Multipart
from deidstream.formats.dicom.part10 import DEFLATED, EXPLICIT, IMPLICIT, identity, instance
from hypothesis import given, settings
from hypothesis import strategies as st
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ

from tests.stages.ingest.dicom_peer import sample

CT = "1.2.840.10008.5.1.4.1.1.2"
ASKED = pdu.Request(
    "DEIDSTREAM", "CT1", pdu.numbered([(CT, (EXPLICIT, IMPLICIT)), ("1.2.840.10008.1.1", (IMPLICIT,))]), 16384
)
ACCEPTED = pdu.Accepted((pdu.Answer(1, 0, EXPLICIT), pdu.Answer(3, 3, IMPLICIT)), 16384)
STORE = command(
    {Field.AFFECTED_CLASS: CT, Field.COMMAND: Command.STORE, Field.MESSAGE: 7, Field.AFFECTED_INSTANCE: "1.2.3"}
)
DATA = b"".join(head + part for head, part in pdu.data(1, True, STORE, 64))
TOLD = information("1.2.3", [Reference(CT, "1.2.4")], [Reference(CT, "1.2.5")], EXPLICIT)
READERS: dict[str, tuple[bytes, Callable[[bytes], Any]]] = {
    "request": (pdu.request(ASKED)[6:], pdu.read_request),
    "acceptance": (pdu.acceptance(ASKED, ACCEPTED)[6:], pdu.read_acceptance),
    "fragments": (DATA[6:], lambda body: list(pdu.values(body))),
    "command": (
        STORE,
        lambda body: [CommandSet(body).text(field) + str(CommandSet(body).number(field)) for field in Field],
    ),
    "commitment": (TOLD, lambda body: read_transaction(body, EXPLICIT)),
    "report": (TOLD, lambda body: read_told(body, EXPLICIT)),
    "part": (
        b"--b\r\nContent-Type: application/dicom\r\n\r\nabc\r\n--b--",
        lambda body: list(Multipart("b", 50).feed(body)),
    ),
    "file": (sample("CT_small.dcm").read_bytes()[:2000], instance),
    "data set": (sample("CT_small.dcm").read_bytes()[336:2000], lambda body: identity(body, EXPLICIT)),
    "deflated": (sample("image_dfl.dcm").read_bytes()[334:2000], lambda body: identity(body, DEFLATED)),
}


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
@settings(max_examples=120, deadline=None)
def test_what_is_damaged_is_read_or_refused_and_nothing_else(name: str, data: st.DataObject) -> None:
    good, read = READERS[name]
    damaged = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(0, len(damaged) - 1)))
        match data.draw(st.integers(0, 3)):
            case 0:
                damaged[at : at + 1] = data.draw(st.binary(min_size=1, max_size=4))
            case 1:
                del damaged[at : at + data.draw(st.integers(1, 40))]
            case 2:
                damaged[at:at] = data.draw(st.binary(max_size=12))
            case 3:
                damaged = damaged[:at]
    with contextlib.suppress(Malformed):
        read(bytes(damaged))


def test_a_uid_that_is_not_quite_one_is_told_back_and_shown_to_nobody(recwarn: pytest.WarningsRecorder) -> None:
    told = information("1.2.03", [Reference(CT, "1.2.04")], [Reference(CT, "1.2.05")], EXPLICIT)
    assert read_transaction(told, EXPLICIT).references == (Reference(CT, "1.2.04"),)
    assert not recwarn.list


def test_undamaged_they_are_what_pynetdicom_reads() -> None:
    """Another implementation's reading of what is written here, and ours of what it writes."""
    theirs = A_ASSOCIATE_RQ()
    theirs.decode(pdu.request(ASKED))
    primitive = theirs.to_primitive()
    assert (primitive.called_ae_title, primitive.calling_ae_title) == ("DEIDSTREAM", "CT1")
    found = [
        (one.context_id, one.abstract_syntax, tuple(one.transfer_syntax))
        for one in primitive.presentation_context_definition_list
    ]
    assert found == [tuple(one) for one in ASKED.proposals]
    assert pdu.read_request(theirs.encode()[6:]) == ASKED
    answer = A_ASSOCIATE_AC()
    answer.decode(pdu.acceptance(ASKED, ACCEPTED))
    results = answer.to_primitive().presentation_context_definition_results_list
    assert [(one.context_id, one.result) for one in results] == [(1, 0), (3, 3)]
    assert pdu.read_acceptance(answer.encode()[6:]) == ACCEPTED
