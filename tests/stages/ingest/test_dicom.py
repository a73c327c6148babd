"""The DICOM listener, with pynetdicom as the peer, and with bare bytes where no library would send them."""

from __future__ import annotations

import resource
import socket
import struct
import threading
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest
from deidstream.adapters.tls import client_context, server_context
from deidstream.core.errors import Malformed, Unavailable
from deidstream.formats.dicom.network import pdu
from deidstream.formats.dicom.network.command import Command, Field, command
from deidstream.stages.ingest.service import Admission
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import build_context, evt
from pynetdicom.presentation import PresentationContext
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance

from tests.certificates import make_certificates
from tests.stages.ingest.conftest import RememberingIntake
from tests.stages.ingest.dicom_peer import TITLE, associated, connected, data_of, listening, sample, sends

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
VERIFICATION = "1.2.840.10008.1.1"
UID = "1.2.3.4"
KINDS = {
    "CT_small.dcm": "explicit, little endian",
    "MR_small_implicit.dcm": "implicit",
    "MR_small_bigendian.dcm": "big endian",
    "image_dfl.dcm": "deflated",
    "JPEG2000.dcm": "JPEG 2000",
    "SC_rgb_rle.dcm": "run lengths",
    "JPEGLSNearLossless_08.dcm": "JPEG-LS",
    "JPEG-lossy.dcm": "JPEG",
    "rtplan.dcm": "a plan",
    "rtdose.dcm": "doses",
    "waveform_ecg.dcm": "a waveform",
    "test-SR.dcm": "a structured report",
    "liver_1frame.dcm": "a segmentation",
}


def tiny(sop_class: str = CT, instance: str = UID, more: int = 0) -> bytes:
    """A data set, explicit little endian."""
    found = Dataset()
    found.SOPClassUID, found.SOPInstanceUID, found.PatientName = sop_class, instance, "Quiltrane^Mo"
    if more:
        found.PixelData = bytes(more)
        found["PixelData"].VR = "OB"
    written = BytesIO()
    pydicom.filewriter.write_dataset(_explicit(written), found)
    return written.getvalue()


def _explicit(buffer: BytesIO) -> Any:
    target = pydicom.filebase.DicomIO(buffer)
    target.is_implicit_VR, target.is_little_endian = False, True
    return target


def contexts(*classes: str) -> list[PresentationContext]:
    return [build_context(one, EXPLICIT) for one in classes or (CT, MR)]


def test_verification_is_answered(admission: Admission, intake: RememberingIntake) -> None:
    with listening(admission, intake) as server, associated(server.port, [build_context(VERIFICATION)]) as peer:
        assert peer.send_c_echo().Status == 0


@pytest.mark.parametrize("name", KINDS)
def test_an_instance_comes_in_as_it_is_written_with_file_meta_information(
    name: str, admission: Admission, intake: RememberingIntake
) -> None:
    meta, data = data_of(sample(name))
    instance = pydicom.dcmread(sample(name), stop_before_pixels=True).SOPInstanceUID
    wanted = build_context(meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID)
    with listening(admission, intake) as server, associated(server.port, [wanted]) as peer:
        assert sends(peer, meta.MediaStorageSOPClassUID, instance, data) == 0
    (case,) = intake.cases
    assert (case.header.source, case.header.format, case.header.itinerary) == ("pacs", "dicom", ("identify",))
    assert case.source.endswith(data)
    read = pydicom.dcmread(BytesIO(case.source))
    assert read.file_meta.TransferSyntaxUID == meta.TransferSyntaxUID
    assert read.file_meta.MediaStorageSOPClassUID == meta.MediaStorageSOPClassUID == read.SOPClassUID
    assert read.file_meta.MediaStorageSOPInstanceUID == instance == read.SOPInstanceUID
    assert b"CT1" not in case.source[:400]  # who sent it is nobody's business further on


def test_success_is_not_said_before_it_is_durable(admission: Admission, intake: RememberingIntake) -> None:
    intake.hold = True
    statuses: list[int] = []
    with listening(admission, intake) as server, associated(server.port, contexts()) as peer:
        sender = threading.Thread(target=lambda: statuses.append(sends(peer, CT, UID, tiny())))
        sender.start()
        while not intake.cases:
            time.sleep(0.01)
        time.sleep(0.1)
        assert not statuses
        intake.release()
        sender.join(5)
        assert statuses == [0]


def test_an_instance_sent_again_is_the_same_case_whoever_sends_it(
    admission: Admission, intake: RememberingIntake
) -> None:
    with listening(admission, intake) as server:
        for title in ("CT1", "PROXY"):
            with associated(server.port, contexts(), calling=title) as peer:
                sends(peer, CT, UID, tiny())
                sends(peer, CT, UID, tiny(more=2))
    first, second, third, fourth = (case.id for case in intake.cases)
    assert (first, second) == (third, fourth)
    assert first != second


STATUSES = [
    ((CT, UID, tiny(MR)), 0xA900, "the data set is of another class"),
    ((CT, UID, tiny(instance="1.2.3.5")), 0xC000, "the data set is another instance"),
    ((CT, UID, tiny(instance="")), 0xC000, "the data set says not which instance it is"),
    ((CT, UID, None), 0xC000, "a message without a data set"),
    ((CT, UID, b"%PDF-1.7 and no DICOM at all"), 0xC000, "no elements"),
    ((CT, UID, tiny()[:20]), 0xC000, "ends in its first element"),
    ((CT, "1.2.x", tiny(instance="1.2.x")), 0x0117, "no UID"),
    ((CT, UID, tiny(more=1 << 16)), 0xA700, "larger than may be"),
]


@pytest.mark.parametrize(("sent", "status", "why"), STATUSES, ids=[row[2] for row in STATUSES])
def test_what_is_not_taken_gets_the_status_that_says_so_and_the_association_goes_on(
    sent: tuple[str, str, bytes | None], status: int, why: str, admission: Admission, intake: RememberingIntake
) -> None:
    with (
        listening(admission, intake, max_instance_bytes=1 << 15) as server,
        associated(server.port, contexts()) as peer,
    ):
        assert sends(peer, *sent) == status
        assert not intake.cases
        assert sends(peer, CT, UID, tiny()) == 0


def test_a_data_set_of_no_bytes_cannot_be_understood(admission: Admission, intake: RememberingIntake) -> None:
    with listening(admission, intake) as server, connected(server.port) as exchange:
        exchange(request())
        kind, body = exchange(store() + fragment(b"", last=True))
        assert kind == pdu.Kind.DATA
        assert struct.pack("<HHIH", 0, 0x0900, 2, 0xC000) in body


def test_a_class_that_is_not_the_contexts_is_refused(admission: Admission, intake: RememberingIntake) -> None:
    with listening(admission, intake) as server, associated(server.port, contexts(CT)) as peer:
        number = peer.accepted_contexts[0].context_id
        assert sends(peer, MR, UID, tiny(MR), number) == 0x0122
        assert not intake.cases


@pytest.mark.parametrize(
    ("error", "status"),
    [(Unavailable("bus-away"), 0xA700), (Unavailable("accepted-elsewhere"), 0xA700), (Malformed("too-large"), 0xC000)],
)
def test_what_cannot_be_made_durable_is_answered_by_whether_to_come_again(
    error: Unavailable, status: int, admission: Admission, intake: RememberingIntake
) -> None:
    intake.error = error
    with listening(admission, intake) as server, associated(server.port, contexts()) as peer:
        assert sends(peer, CT, UID, tiny()) == status


def test_while_the_intake_is_full_an_instance_waits_and_then_is_out_of_resources(
    admission: Admission, intake: RememberingIntake
) -> None:
    intake.refusal = Unavailable("intake-full")
    with listening(admission, intake, busy_seconds=0.2) as server, associated(server.port, contexts()) as peer:
        assert sends(peer, CT, UID, tiny()) == 0xA700
        intake.refusal = None
        assert sends(peer, CT, UID, tiny()) == 0


def test_all_instances_together_may_hold_so_much(admission: Admission, intake: RememberingIntake) -> None:
    intake.hold = True
    large = tiny(more=60_000)
    with (
        listening(admission, intake, max_held_bytes=100_000) as server,
        associated(server.port, contexts()) as one,
        associated(server.port, contexts()) as two,
    ):
        sender = threading.Thread(target=sends, args=(one, CT, UID, large))
        sender.start()
        while not intake.cases:
            time.sleep(0.01)
        assert sends(two, CT, UID, large) == 0xA700
        intake.release()
        sender.join(5)
        intake.hold = False
        assert sends(two, CT, UID, large) == 0


REJECTIONS: list[tuple[dict[str, Any], dict[str, Any], tuple[int, int, int]]] = [
    ({}, {"called": "OTHER"}, (1, 1, 7)),
    ({"allowed": [{"ae_title": "CT2"}]}, {}, (1, 1, 3)),
    ({"allowed": [{"ae_title": "CT1", "addresses": ["10.0.0.0/8"]}]}, {}, (1, 1, 3)),
]


@pytest.mark.parametrize(("settings", "asked", "reason"), REJECTIONS)
def test_who_is_not_allowed_is_rejected(
    settings: dict[str, Any],
    asked: dict[str, Any],
    reason: tuple[int, int, int],
    admission: Admission,
    intake: RememberingIntake,
) -> None:
    with listening(admission, intake, **settings) as server, associated(server.port, contexts(), **asked) as peer:
        assert peer.is_rejected
        answer = peer.acceptor.primitive
        assert (answer.result, answer.result_source, answer.diagnostic) == reason


def test_who_is_allowed_by_title_and_network_comes_in(admission: Admission, intake: RememberingIntake) -> None:
    allowed = [{"ae_title": "CT2"}, {"ae_title": "CT1", "addresses": ["10.0.0.0/8", "127.0.0.0/8"]}]
    with listening(admission, intake, allowed=allowed) as server, associated(server.port, contexts()) as peer:
        assert peer.is_established


def test_beyond_the_most_associations_a_peer_is_told_to_come_later(
    admission: Admission, intake: RememberingIntake
) -> None:
    with listening(admission, intake, max_associations=1) as server, associated(server.port, contexts()) as one:
        assert one.is_established
        with associated(server.port, contexts()) as two:
            assert two.is_rejected
            answer = two.acceptor.primitive
            assert (answer.result, answer.result_source, answer.diagnostic) == (2, 3, 2)
        one.release()
        until = time.monotonic() + 5
        while server.associations and time.monotonic() < until:
            time.sleep(0.01)
        with associated(server.port, contexts()) as three:
            assert three.is_established


def test_contexts_that_are_not_served_are_refused_one_by_one(admission: Admission, intake: RememberingIntake) -> None:
    find, jpip = "1.2.840.10008.5.1.4.1.2.1.1", "1.2.840.10008.1.2.4.94"
    asked = [build_context(find, EXPLICIT), build_context(CT, jpip), build_context(MR, [jpip, IMPLICIT, EXPLICIT])]
    with listening(admission, intake) as server, associated(server.port, asked) as peer:
        assert [(one.abstract_syntax, one.result) for one in peer.rejected_contexts] == [(find, 3), (CT, 4)]
        assert [(one.abstract_syntax, one.transfer_syntax) for one in peer.accepted_contexts] == [(MR, [IMPLICIT])]


def request(calling: str = "CT1") -> bytes:
    return pdu.request(pdu.Request(TITLE, calling, pdu.numbered([(CT, (EXPLICIT,))]), 0))


def store(data_set: bool = True) -> bytes:
    fields: dict[Field, int | str] = {
        Field.AFFECTED_CLASS: CT,
        Field.COMMAND: Command.STORE,
        Field.MESSAGE: 1,
        Field.PRIORITY: 0,
        Field.DATA_SET: 0 if data_set else 0x0101,
        Field.AFFECTED_INSTANCE: UID,
    }
    return b"".join(head + part for head, part in pdu.data(1, True, command(fields), 0))


def fragment(content: bytes, number: int = 1, last: bool = False) -> bytes:
    body = struct.pack(">IBB", len(content) + 2, number, 2 if last else 0) + content
    return pdu.HEADER.pack(4, len(body)) + body


NONSENSE: list[tuple[bytes, str]] = [
    (struct.pack(">BxI", 4, 0xFFFFFFF0), "a PDU of four gigabytes"),
    (struct.pack(">BxI", 9, 0), "a PDU of no known type"),
    (request(), "a second request"),
    (fragment(b"\0" * 10), "a data set without a command"),
    (store() + fragment(b"abcd", number=3), "a data set in another context"),
    (store() + store(), "a command in the middle of a data set"),
    (fragment(b"")[:6] + b"\0\0\0\1\1\0", "a fragment shorter than its own header"),
    (pdu.HEADER.pack(4, 8) + struct.pack(">IBB", 4, 1, 3) + b"\1\2", "a command that is none"),
    (store().replace(b"\0\0\0\x01\0", b"\0\0\0\x01\0", 1)[:-3], "half a PDU"),
]


@pytest.mark.parametrize(("sent", "why"), NONSENSE, ids=[row[1] for row in NONSENSE])
def test_nonsense_ends_the_association_and_nothing_else(
    sent: bytes, why: str, admission: Admission, intake: RememberingIntake
) -> None:
    with listening(admission, intake, idle_seconds=2.0) as server:
        with connected(server.port) as exchange:
            assert exchange(request())[0] == pdu.Kind.ACCEPTANCE
            assert exchange(sent)[0] == pdu.Kind.ABORT
        assert not intake.cases
        with associated(server.port, contexts()) as peer:
            assert sends(peer, CT, UID, tiny()) == 0


@pytest.mark.parametrize(
    "sent", [struct.pack(">BxI", 1, 0x7FFFFFFF), pdu.release_request(), b"GET / HTTP/1.1\r\n\r\n", b"\1\0\0\0\0\4abcd"]
)
def test_what_does_not_begin_with_a_request_gets_in_nowhere(
    sent: bytes, admission: Admission, intake: RememberingIntake
) -> None:
    with listening(admission, intake) as server:
        with connected(server.port) as exchange:
            assert exchange(sent)[0] == pdu.Kind.ABORT
        with associated(server.port, contexts()) as peer:
            assert peer.is_established


def test_who_asks_for_nothing_is_let_go(admission: Admission, intake: RememberingIntake) -> None:
    with listening(admission, intake, associate_seconds=0.2) as server, connected(server.port) as exchange:
        assert exchange(b"\1\0")[0] == pdu.Kind.ABORT
        assert exchange(b"") == (0, b"")


@pytest.mark.parametrize("end", [pdu.abort(), b""], ids=["abort", "close"])
def test_an_association_that_ends_in_the_middle_of_a_data_set_leaves_nothing_behind(
    end: bytes, admission: Admission, intake: RememberingIntake
) -> None:
    with listening(admission, intake, max_held_bytes=100_000) as server:
        for _ in range(3):  # the room that they held is free again
            with socket.create_connection(("127.0.0.1", server.port)) as bare:
                bare.sendall(request())
                bare.recv(1 << 16)
                bare.sendall(store() + fragment(tiny(more=60_000)[:60_000]) + end)
        until = time.monotonic() + 5
        while server.associations and time.monotonic() < until:
            time.sleep(0.01)
        with associated(server.port, contexts()) as peer:
            assert sends(peer, CT, UID, tiny(more=60_000)) == 0
        assert len(intake.cases) == 1


def test_an_instance_beyond_the_limit_is_read_to_its_end_and_never_held(
    admission: Admission, intake: RememberingIntake
) -> None:
    portion = fragment(bytes(120_000))
    with listening(admission, intake, max_instance_bytes=1 << 20) as server, connected(server.port) as exchange:
        exchange(request())
        with socket.create_connection(("127.0.0.1", server.port)) as bare:
            bare.sendall(request())
            bare.recv(1 << 16)
            bare.sendall(store())
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            for _ in range(2500):  # 300 MB
                bare.sendall(portion)
            bare.sendall(fragment(b"\0\0", last=True))
            answer = bare.recv(1 << 16)
            assert struct.pack("<HHIH", 0, 0x0900, 2, 0xA700) in answer
            assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 << 10


def transaction(*instances: str) -> Dataset:
    asked = Dataset()
    asked.TransactionUID = generate_uid()
    asked.ReferencedSOPSequence = []
    for one in instances:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CT, one
        asked.ReferencedSOPSequence.append(item)
    return asked


def commits(peer: Any, asked: Dataset) -> int:
    status, _ = peer.send_n_action(asked, 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance)
    return int(status.Status)


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
def test_commitment_is_given_for_what_is_durable_and_for_nothing_else(
    syntax: str, admission: Admission, intake: RememberingIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deidstream.stages.ingest.dicom._SETTLED", 0.2)
    told: list[tuple[int, Dataset]] = []

    def event(event: Any) -> tuple[int, None]:
        told.append((event.event_type, event.event_information))
        return 0, None

    asked = [*contexts(CT), build_context(StorageCommitmentPushModel, syntax)]
    handlers = [(evt.EVT_N_EVENT_REPORT, event)]
    with listening(admission, intake) as server, associated(server.port, asked, handlers=handlers) as peer:
        for one in ("1.2.3.4", "1.2.3.5"):
            assert sends(peer, CT, one, tiny(instance=one)) == 0
        requests = transaction("1.2.3.4", "1.2.3.5"), transaction("1.2.3.4", "1.2.3.6")
        for number, one in enumerate(requests, 1):
            assert commits(peer, one) == 0
            until = time.monotonic() + 5
            while len(told) < number and time.monotonic() < until:
                time.sleep(0.01)
    (first, all_of_them), (second, some) = told
    assert (first, second) == (1, 2)
    assert (all_of_them.TransactionUID, some.TransactionUID) == tuple(one.TransactionUID for one in requests)
    assert [one.ReferencedSOPInstanceUID for one in all_of_them.ReferencedSOPSequence] == ["1.2.3.4", "1.2.3.5"]
    assert "FailedSOPSequence" not in all_of_them
    assert [one.ReferencedSOPInstanceUID for one in some.ReferencedSOPSequence] == ["1.2.3.4"]
    assert [(one.ReferencedSOPInstanceUID, one.FailureReason) for one in some.FailedSOPSequence] == [
        ("1.2.3.6", 0x0112)
    ]


def test_a_peer_with_an_address_for_reports_is_told_on_an_association_of_its_own(
    admission: Admission, intake: RememberingIntake
) -> None:
    told: list[tuple[str, str, int, bytes]] = []
    attempts: list[int] = []

    def report(peer: Any, title: str, kind: int, information: bytes) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise Unavailable("not-connected", "dicom")
        told.append((peer.report_to, title, kind, information))

    asked = [*contexts(CT), build_context(StorageCommitmentPushModel)]
    allowed = [{"ae_title": "CT1", "report_to": "127.0.0.1:11113"}]
    with listening(admission, intake, report, allowed=allowed) as server, associated(server.port, asked) as peer:
        sends(peer, CT, UID, tiny())
        assert commits(peer, transaction(UID)) == 0
        until = time.monotonic() + 10
        while not told and time.monotonic() < until:
            time.sleep(0.05)
    ((address, title, kind, information),) = told
    assert (address, title, kind) == ("127.0.0.1:11113", TITLE, 1)
    assert b"1.2.3.4" in information


def test_over_tls_only_who_shows_a_certificate_comes_in(
    tmp_path: Path, admission: Admission, intake: RememberingIntake
) -> None:
    made = make_certificates(tmp_path)
    tls = server_context(made.server, made.server_key, made.ca, client_required=True)
    with listening(admission, intake, tls=tls, associate_seconds=15.0) as server:
        ours = client_context(made.ca, made.client, made.client_key)
        with associated(server.port, contexts(), tls_args=(ours, "127.0.0.1")) as peer:
            assert sends(peer, CT, UID, tiny(more=500_000)) == 0
        with associated(server.port, contexts(), tls_args=(client_context(made.ca, None, None), "127.0.0.1")) as peer:
            assert not peer.is_established
        with associated(server.port, contexts()) as peer:
            assert not peer.is_established
    assert len(intake.cases) == 1


def test_what_was_taken_is_answered_before_the_listener_ends(admission: Admission, intake: RememberingIntake) -> None:
    intake.hold = True
    statuses: list[int] = []
    with listening(admission, intake) as server, associated(server.port, contexts()) as peer:
        sender = threading.Thread(target=lambda: statuses.append(sends(peer, CT, UID, tiny())))
        sender.start()
        while not intake.cases:
            time.sleep(0.01)
        threading.Timer(0.3, intake.release).start()
        _closed(server)
        sender.join(5)
    assert statuses == [0]


def test_who_is_idle_when_the_listener_ends_is_told_so(admission: Admission, intake: RememberingIntake) -> None:
    with listening(admission, intake) as server, connected(server.port) as exchange:
        assert exchange(request())[0] == pdu.Kind.ACCEPTANCE
        _closed(server)
        assert exchange(b"")[0] == pdu.Kind.ABORT


def _closed(server: Any) -> None:
    """Closes the listener while a message is being answered, in its own loop."""
    import asyncio

    asyncio.run_coroutine_threadsafe(server.close(), server._server.get_loop()).result(10)
