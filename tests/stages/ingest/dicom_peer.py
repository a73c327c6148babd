"""A DICOM listener in a thread of its own, and peers that speak with it: pynetdicom, and bare bytes."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
from deidstream.ports import Intake
from deidstream.stages.ingest.config import DicomListener
from deidstream.stages.ingest.dicom import DicomServer
from deidstream.stages.ingest.service import Admission
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pynetdicom import AE, _config
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.presentation import PresentationContext

_config.LOG_HANDLER_LEVEL = "none"
TITLE = "DEIDSTREAM"


def sample(name: str) -> Path:
    """One of the files inside pydicom's package."""
    found = get_testdata_file(name, download=False)
    assert found is not None
    return Path(str(found))


def data_of(path: Path) -> tuple[Dataset, bytes]:
    """File meta information, and the data set's own bytes behind it."""
    content = path.read_bytes()
    meta = pydicom.dcmread(path, stop_before_pixels=True).file_meta
    start = 132 + 12 + meta.FileMetaInformationGroupLength
    return meta, content[start:]


@contextmanager
def listening(
    admission: Admission, intake: Intake, report: Any = None, tls: Any = None, **changes: Any
) -> Iterator[DicomServer]:
    """A listener on a free port."""
    settings = DicomListener(name="pacs", port=0, **changes)
    server = DicomServer(settings, admission, intake, report, tls)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def associated(
    port: int,
    contexts: Sequence[PresentationContext],
    calling: str = "CT1",
    called: str = TITLE,
    handlers: Sequence[Any] = (),
    **options: Any,
) -> Iterator[Any]:
    """pynetdicom's association, whether established or not."""
    entity = AE(calling)
    entity.connection_timeout = entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 20
    entity.requested_contexts = list(contexts)
    association = entity.associate("127.0.0.1", port, ae_title=called, evt_handlers=list(handlers), **options)
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


def sends(association: Any, sop_class: str, instance: str, data: bytes | None, context: int | None = None) -> int:
    """The status of a C-STORE whose data set is ``data``, as it is."""
    request = C_STORE()
    request.MessageID, request.Priority = 1, 0
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = sop_class, instance
    if data is not None:
        request.DataSet = BytesIO(data)
    number = context or next(
        one.context_id for one in association.accepted_contexts if one.abstract_syntax == sop_class
    )
    association._reactor_checkpoint.clear()
    while not association._is_paused and association.is_alive():
        time.sleep(0.001)
    association.dimse.send_msg(request, number)
    _, answer = association.dimse.get_msg(block=True)
    association._reactor_checkpoint.set()
    while association._is_paused and association.is_alive():  # else its thread may take the next answer for itself
        time.sleep(0.0001)
    return -1 if answer is None else int(answer.Status)


@contextmanager
def connected(port: int) -> Iterator[Callable[[bytes], tuple[int, bytes]]]:
    """Bare bytes: sends them, and gives the next PDU (0: the connection has ended)."""
    with socket.create_connection(("127.0.0.1", port), 10) as bare:

        def exchange(content: bytes) -> tuple[int, bytes]:
            bare.sendall(content)
            head = _exactly(bare, 6)
            if len(head) < 6:
                return 0, b""
            kind, length = struct.unpack(">BxI", head)
            return kind, _exactly(bare, length)

        yield exchange


def _exactly(bare: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        try:
            portion = bare.recv(size - len(found))
        except OSError:
            break
        if not portion:
            break
        found += portion
    return found
