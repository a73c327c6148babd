"""A C-STORE provider that commits itself to what it keeps: pynetdicom's."""

from __future__ import annotations

import threading
import time
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, AllStoragePresentationContexts, _config, build_role, evt
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance

__all__ = ["Committer"]

_config.LOG_HANDLER_LEVEL = "none"


class Committer:
    """Reports on the association that asks, or, where ``report_to`` names a port, on one of its own.

    ``reasons``: of instances that it will not keep, by UID. ``silent``: it reports nothing of what it is asked meanwhile.
    """

    def __init__(self, report_to: int = 0, calling: str = "STORE") -> None:
        self.stored: list[str] = []
        self.asked: list[list[str]] = []
        self.reasons: dict[str, int] = {}
        self.status = 0
        self.silent = False
        self.answers: list[int] = []
        self.report_to = report_to
        self._calling = calling
        self._open: list[tuple[Any, Dataset]] = []
        entity = AE("STORE")
        for one in AllStoragePresentationContexts:
            entity.add_supported_context(one.abstract_syntax, one.transfer_syntax)
        entity.add_supported_context(StorageCommitmentPushModel)
        handlers = [(evt.EVT_C_STORE, self._store), (evt.EVT_N_ACTION, self._action)]
        self._server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def close(self) -> None:
        self._server.shutdown()

    def tell(self) -> None:
        """Reports what it was silent about."""
        told, self._open = self._open, []
        for association, asked in told:
            self._report(association, asked)

    def forget(self) -> None:
        """What it was silent about is never told."""
        self._open.clear()

    def answered(self) -> list[int]:
        """How its reports were answered, as soon as one was."""
        until = time.monotonic() + 10
        while not self.answers and time.monotonic() < until:
            time.sleep(0.01)
        return self.answers

    def _store(self, event: Any) -> int:
        self.stored.append(event.request.AffectedSOPInstanceUID)
        return 0

    def _action(self, event: Any) -> tuple[int, None]:
        asked = event.action_information
        self.asked.append([one.ReferencedSOPInstanceUID for one in asked.ReferencedSOPSequence])
        if not self.status:
            self._open.append((event.assoc, asked))
            if not self.silent:
                threading.Timer(0.1, self.tell).start()
        return self.status, None

    def _report(self, association: Any, asked: Dataset) -> None:
        told = Dataset()
        told.TransactionUID = asked.TransactionUID
        kept = [one for one in asked.ReferencedSOPSequence if one.ReferencedSOPInstanceUID not in self.reasons]
        lost = [one for one in asked.ReferencedSOPSequence if one.ReferencedSOPInstanceUID in self.reasons]
        for one in lost:
            one.FailureReason = self.reasons[one.ReferencedSOPInstanceUID]
        if kept:
            told.ReferencedSOPSequence = kept
        if lost:
            told.FailedSOPSequence = lost
        arguments = (told, 2 if lost else 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance)
        if not self.report_to:
            status, _ = association.send_n_event_report(*arguments)
            self.answers.append(int(status.Status))
            return
        entity = AE(self._calling)
        entity.add_requested_context(StorageCommitmentPushModel)
        roles = [build_role(StorageCommitmentPushModel, scp_role=True)]
        own = entity.associate("127.0.0.1", self.report_to, ae_title="DEIDSTREAM", ext_neg=roles)
        if not own.is_established:
            self.answers.append(-1)
            return
        status, _ = own.send_n_event_report(*arguments)
        self.answers.append(int(status.Status))
        own.release()
