"""A C-STORE provider: pynetdicom's."""

from __future__ import annotations

import threading
from typing import Any

from deidstream.formats.dicom.network.classes import transfer_syntaxes
from pynetdicom import AE, AllStoragePresentationContexts, _config, evt
from pynetdicom.sop_class import StorageCommitmentPushModel, Verification

__all__ = ["DicomReceiver"]

_config.LOG_HANDLER_LEVEL = "none"


class DicomReceiver:
    """Answers with ``statuses`` while there are some, then with success."""

    def __init__(self, tls: Any = None, syntaxes: tuple[str, ...] = (), port: int = 0) -> None:
        self.got: list[tuple[str, str, bytes]] = []
        self.statuses: list[int] = []
        self.associations = 0
        self._closed = False
        self.answering = threading.Event()
        self.answering.set()
        entity = AE("STORE")
        entity.require_called_aet = True
        entity.maximum_pdu_size = 16_384
        every = syntaxes or tuple(sorted(transfer_syntaxes()))
        for one in AllStoragePresentationContexts:
            entity.add_supported_context(one.abstract_syntax, list(every))
        entity.add_supported_context(Verification)
        entity.add_supported_context(StorageCommitmentPushModel, scu_role=False, scp_role=True)
        handlers = [
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_ESTABLISHED, self._counted),
            (evt.EVT_N_EVENT_REPORT, self._reported),
        ]
        self.reports: list[tuple[int, str]] = []
        self._server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers, ssl_context=tls)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._server.shutdown()

    def drop(self) -> None:
        """Aborts every association."""
        for one in self._server.active_associations:
            one.abort()

    def _counted(self, _: Any) -> None:
        self.associations += 1

    def _store(self, event: Any) -> int:
        self.answering.wait(10)
        self.got.append(
            (event.request.AffectedSOPInstanceUID, event.context.transfer_syntax, event.request.DataSet.getvalue())
        )
        return self.statuses.pop(0) if self.statuses else 0

    def _reported(self, event: Any) -> tuple[int, None]:
        self.reports.append((event.event_type, event.event_information.TransactionUID))
        return 0, None
