"""Instances over the network into a deployment and out of it; its listener is killed: what was acknowledged comes out, once."""

from __future__ import annotations

import os
import signal
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest
import yaml
from deidstream.adapters import policy_files
from deidstream.adapters.dicom_client import DicomAddress, DicomClient
from deidstream.cli.demo.ports import free_row
from deidstream.core.errors import Unavailable
from deidstream.formats.dicom.part10 import DEFLATED, Instance, instance
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000, JPEG2000Lossless, generate_uid

from tests.adapters.dicom_receiver import DicomReceiver
from tests.harness.client import Search, eventually
from tests.harness.deployment import Running, deployment
from tests.stages.ingest.dicom_peer import sample

pytestmark = pytest.mark.slow

NAME, NUMBER = "Quiltrane^Adabel", "4711081332"
KINDS = (
    "CT_small.dcm",
    "MR_small_implicit.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_RLE.dcm",
    "JPEG2000.dcm",
    "SC_rgb_small_odd_jpeg.dcm",
    "image_dfl.dcm",
    "rtplan.dcm",
    "rtdose_1frame.dcm",
    "waveform_ecg.dcm",
    "test-SR.dcm",
    "liver_1frame.dcm",
)
HEADERS = ("rtplan.dcm", "waveform_ecg.dcm", "test-SR.dcm")
"""Those without pictures, for pictures take the stage of images a second each."""
COPIES = 14
SENDERS = 3


@dataclass(frozen=True)
class Day:
    """What was sent and acknowledged, and what came out."""

    running: Running
    sent: list[Instance]
    receiver: DicomReceiver

    @property
    def came_out(self) -> list[Dataset]:
        return [read(data, syntax) for _, syntax, data in self.receiver.got]


def read(data: bytes, syntax: str) -> Dataset:
    meta = Dataset()
    meta.TransferSyntaxUID = syntax
    buffer = BytesIO()
    pydicom.filewriter.write_file_meta_info(buffer, meta, enforce_standard=False)
    return pydicom.dcmread(BytesIO(b"\0" * 128 + b"DICM" + buffer.getvalue() + data))


def plain(data: bytes, syntax: str) -> bytes:
    """Inflated, where it is deflated."""
    return zlib.decompress(data, -zlib.MAX_WBITS) if syntax == DEFLATED else data


def copy(name: str, number: int) -> Instance:
    """A further instance of the kind, of the one patient."""
    made = pydicom.dcmread(sample(name))
    made.PatientName, made.PatientID, made.IssuerOfPatientID = NAME, NUMBER, "STMARY"
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[name, str(number)])
    written = BytesIO()
    made.save_as(written, enforce_file_format=True)
    return instance(written.getvalue())


def keeping(folder: Path) -> Path:
    """The default policy; pictures are let through as they are."""
    content = yaml.safe_load((policy_files.FOLDER / "research-dates-shifted.yaml").read_text())
    content["dicom"]["pixels"] = "keep"
    (folder / "policy.yaml").write_text(yaml.safe_dump(content))
    return folder / "policy.yaml"


def sends(port: int, instances: Sequence[Instance], middle: threading.Barrier | None = None) -> None:
    """One association after the other until all are acknowledged, as a queue of a modality does. Waits in the ``middle``."""
    client = DicomClient(DicomAddress("127.0.0.1", port, "DEIDSTREAM", "CT1", answer_seconds=20.0))
    client.expect((one.identity.sop_class, one.syntax) for one in instances)
    for number, one in enumerate(instances):
        if middle is not None and number == len(instances) // 2:
            middle.wait(60)
        until = time.monotonic() + 60
        while not acknowledged(client, one):
            assert time.monotonic() < until
            time.sleep(0.1)
    client.close()


def acknowledged(client: DicomClient, one: Instance) -> bool:
    try:
        return client.store(one) == 0
    except Unavailable:
        return False


def kill_ingest(running: Running) -> None:
    for child in running.children():
        if b"ingest" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
            os.kill(child, signal.SIGKILL)
            return
    raise AssertionError("no process of ingest")


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    folder = tmp_path_factory.mktemp("dicom")
    (port,) = free_row(1)
    receiver = DicomReceiver()
    kinds = [*KINDS, *HEADERS * COPIES]
    sent = [copy(name, number) for number, name in enumerate(kinds)]
    there = {
        "kind": "dicom",
        "host": "127.0.0.1",
        "port": receiver.port,
        "called_ae": "STORE",
        "projects": ["research"],
    }
    sections: dict[str, Any] = {
        "ingest": {"dicom": [{"name": "pacs", "port": port}]},
        "resolver": {"projects": [{"name": "research", "policy": str(keeping(folder))}]},
        "heads": {"quiet_seconds": 2},  # a series is put together before any policy is asked
        "delivery": {"destinations": [there | {"name": "archive"}]},
    }
    with deployment(folder, **sections) as running:
        running.start()
        running.wait_ready()
        middle = threading.Barrier(SENDERS + 1)
        parts = [sent[start::SENDERS] for start in range(SENDERS)]
        threads = [threading.Thread(target=sends, args=(port, part, middle)) for part in parts]
        for thread in threads:
            thread.start()
        middle.wait(60)
        time.sleep(0.02)
        kill_ingest(running)
        for thread in threads:
            thread.join(120)
        sends(port, sent[:5])  # a queue that did not hear the answer sends again
        eventually(lambda: len(receiver.got) >= len(sent), 60)
        time.sleep(1.0)  # for what should not come
        yield Day(running, sent, receiver)
    receiver.close()


def test_every_acknowledged_instance_comes_out_exactly_once(day: Day) -> None:
    assert day.running.quarantined() == 0
    assert len(day.receiver.got) == len(day.sent)
    assert len({uid for uid, _, _ in day.receiver.got}) == len(day.sent)


def test_classes_syntaxes_and_pixels_are_those_that_came_in(day: Day) -> None:
    came_in = [read(bytes(one.data), one.syntax) for one in day.sent]
    assert Counter(map(_shown, day.came_out)) == Counter(map(_shown, came_in))


def _shown(one: Dataset) -> tuple[str, str, bytes | None]:
    """Class, syntax and pixels as they are stored; those of JPEG 2000 as decoded, for comments in its frames do not stay."""
    syntax = str(one.file_meta.TransferSyntaxUID)
    pixels = one.pixel_array.tobytes() if syntax in (JPEG2000Lossless, JPEG2000) else one.get("PixelData")
    return str(one.SOPClassUID), syntax, pixels


def test_what_comes_out_names_nobody_and_says_that_it_was_de_identified(day: Day) -> None:
    search = Search({"Quiltrane", "Adabel", NUMBER, *(one.identity.instance for one in day.sent)})
    for one in day.sent:
        assert search.content(plain(bytes(one.data), one.syntax))  # the search can see
    for uid, syntax, content in day.receiver.got:
        assert uid not in {one.identity.instance for one in day.sent}
        assert not search.content(plain(content, syntax))
    for found in day.came_out:
        assert found.PatientIdentityRemoved == "YES"
    assert len({one.PatientID for one in day.came_out}) == 1


def test_nothing_of_them_is_at_rest_or_in_logs(day: Day) -> None:
    search = Search({"Quiltrane", "Adabel", NUMBER, *(one.identity.instance for one in day.sent)})
    assert not search.folder(day.running.state)
    assert not search.content((day.running.folder / "up.log").read_bytes())
