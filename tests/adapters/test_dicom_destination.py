"""Releases to a real C-STORE provider: pynetdicom's."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deidstream.adapters.dicom_client import DicomAddress, DicomClient
from deidstream.adapters.dicom_destination import DicomDestination, judge
from deidstream.adapters.tls import client_context, server_context
from deidstream.core.errors import Malformed, Unavailable
from deidstream.core.release import Release
from deidstream.ports import Receipt

from tests.adapters.dicom_receiver import DicomReceiver as Receiver
from tests.certificates import make_certificates
from tests.stages.ingest.dicom_peer import data_of, sample

CT, EXPLICIT, IMPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
KINDS = (
    "CT_small.dcm",
    "MR_small_implicit.dcm",
    "MR_small_bigendian.dcm",
    "JPEG2000.dcm",
    "waveform_ecg.dcm",
    "image_dfl.dcm",
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def address(port: int, called: str = "STORE", tls: Any = None, answer: float = 20.0) -> DicomAddress:
    return DicomAddress("127.0.0.1", port, called, "DEIDSTREAM", tls, 10.0, answer)


@pytest.fixture
def destination(receiver: Receiver) -> Iterator[DicomDestination]:
    made = DicomDestination(address(receiver.port))
    yield made
    made.close()


def release(name: str = "CT_small.dcm", number: int = 1, format_: str = "dicom") -> Release:
    return Release(f"R{number}", "c", "p", "pacs", format_, "s", number, 1.0, sample(name).read_bytes())


def test_instances_of_every_kind_go_over_one_association_byte_by_byte(
    destination: DicomDestination, receiver: Receiver
) -> None:
    for _ in range(2):
        assert destination.send([release(name) for name in KINDS]) == [Receipt("status-0000")] * len(KINDS)
    expected = [(data_of(sample(name))[0], data_of(sample(name))[1]) for name in KINDS]
    assert (
        receiver.got == [(meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID, data) for meta, data in expected] * 2
    )
    assert receiver.associations == 1


def test_what_was_not_negotiated_yet_takes_a_new_association(destination: DicomDestination, receiver: Receiver) -> None:
    destination.send([release()])
    destination.send([release("JPEG2000.dcm")])
    destination.send([release(), release("JPEG2000.dcm")])
    assert receiver.associations == 2


STATUSES = [
    (0x0000, Receipt("status-0000"), "success"),
    (0xB000, Receipt("status-b000"), "coerced: it has it"),
    (0xB006, Receipt("status-b006"), "elements discarded: it has it"),
    (0xA700, Unavailable("out-of-resources"), "may have room again"),
    (0xA7FF, Unavailable("out-of-resources"), "may have room again"),
    (0x0124, Unavailable("not-authorised"), "rights can be given"),
    (0x0110, Unavailable("application-error"), "some times"),
    (0xA900, Malformed("status-a900"), "will not match the next time either"),
    (0xC123, Malformed("status-c123"), "will not be understood the next time either"),
    (0x0122, Malformed("status-0122"), "class not supported"),
    (0x0111, Malformed("status-0111"), "it keeps what it had, which a superseding release must not pass for"),
]


@pytest.mark.parametrize(("status", "result", "why"), STATUSES, ids=[f"{row[0]:04x}" for row in STATUSES])
def test_a_status_says_whether_it_was_delivered_is_tried_again_or_refused(
    status: int, result: Receipt | Unavailable | Malformed, why: str, destination: DicomDestination, receiver: Receiver
) -> None:
    receiver.statuses = [status]
    (found,) = destination.send([release()])
    assert type(found) is type(result)
    code = result.status if isinstance(result, Receipt) else result.code
    assert (found.status if isinstance(found, Receipt) else found.code) == code


def test_an_instance_for_which_alone_there_is_no_room_does_not_hold_up_the_others_for_ever(
    destination: DicomDestination, receiver: Receiver
) -> None:
    receiver.statuses = [0, 0xA700, 0]
    first, second, third = destination.send([release(number=number) for number in (1, 2, 3)])
    assert (first, third) == (Receipt("status-0000"),) * 2
    assert isinstance(second, Unavailable)
    assert second.code == "application-error"
    receiver.statuses = [0xA700] * 2
    codes = [one.code for one in destination.send([release(), release()]) if isinstance(one, Unavailable)]
    assert codes == ["out-of-resources"] * 2


def test_when_the_receiver_is_away_none_of_the_rest_is_tried(receiver: Receiver) -> None:
    destination = DicomDestination(address(receiver.port))
    receiver.close()
    results = destination.send([release(), release(number=2)])
    assert [one.code for one in results if isinstance(one, Unavailable)] == ["not-connected"] * 2


def test_an_association_that_the_receiver_ended_is_made_anew(destination: DicomDestination, receiver: Receiver) -> None:
    destination.send([release()])
    receiver.drop()
    assert destination.send([release()]) == [Receipt("status-0000")]
    assert receiver.associations == 2


def test_a_receiver_that_does_not_answer_leaves_it_open_whether_it_has_it(receiver: Receiver) -> None:
    destination = DicomDestination(address(receiver.port, answer=0.3))
    receiver.answering.clear()
    (found,) = destination.send([release()])
    assert isinstance(found, Unavailable)
    assert found.code == "no-answer"
    receiver.answering.set()
    destination.close()
    again = DicomDestination(address(receiver.port, answer=20.0))
    assert again.send([release()]) == [Receipt("status-0000")]
    again.close()


def test_a_receiver_that_knows_us_not_is_waited_for(receiver: Receiver) -> None:
    (found,) = DicomDestination(address(receiver.port, called="OTHER")).send([release()])
    assert isinstance(found, Unavailable)
    assert found.code == "association-rejected"


def test_what_the_receiver_does_not_take_as_it_is_written_is_refused_not_transcoded() -> None:
    receiver = Receiver(syntaxes=(IMPLICIT,))
    destination = DicomDestination(address(receiver.port))
    results = destination.send([release(), release("MR_small_implicit.dcm"), release("JPEG2000.dcm")])
    destination.close()
    receiver.close()
    assert [getattr(one, "code", one) for one in results] == [
        "class-not-accepted",
        Receipt("status-0000"),
        "class-not-accepted",
    ]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (release(format_="hl7v2"), "not-dicom"),
        (release("no_meta.dcm"), "no-sop-instance"),
    ],
)
def test_what_is_no_instance_is_refused_here(sent: Release, code: str, destination: DicomDestination) -> None:
    (found,) = destination.send([sent])
    assert isinstance(found, Malformed)
    assert found.code == code


def test_over_tls_with_a_certificate_of_our_own(tmp_path: Path) -> None:
    made = make_certificates(tmp_path)
    receiver = Receiver(server_context(made.server, made.server_key, made.ca, client_required=True))
    destination = DicomDestination(address(receiver.port, tls=client_context(made.ca, made.client, made.client_key)))
    assert destination.send([release(), release("JPEG2000.dcm")]) == [Receipt("status-0000")] * 2
    destination.close()
    receiver.close()


def test_a_peer_that_is_no_dicom_receiver_is_away_and_not_trusted_with_memory() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            connection.recv(10)
            connection.sendall(b"\2\0\xff\xff\xff\xff" + b"\0" * 100)
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        (found,) = DicomDestination(address(server.getsockname()[1])).send([release()])
        thread.join()
    assert isinstance(found, Unavailable)
    assert found.code == "connection-lost"


def test_verification_and_a_report_of_commitment(receiver: Receiver) -> None:
    from deidstream.formats.dicom.network.commitment import Reference, information

    client = DicomClient(address(receiver.port))
    assert client.echo() == 0
    client.close()
    told = information("1.2.3", [Reference(CT, "1.2.3.4")], [], IMPLICIT)
    assert client.report(1, told) == 0
    client.close()
    assert receiver.reports == [(1, "1.2.3")]


def test_judging_knows_no_status_that_it_takes_for_success() -> None:
    taken = {status for status in range(0x10000) if isinstance(judge(status), Receipt)}
    assert taken == {0, 1, 0x0107, 0x0116, *range(0xB000, 0xC000)}
