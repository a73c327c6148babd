"""A deployment between real DICOM peers: DCMTK's tools and Orthanc, by C-STORE and STOW-RS, both ways."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest
from deidstream.cli.demo.ports import free_row
from deidstream.formats.dicom.part10 import DEFLATED, head, instance
from pydicom.uid import JPEG2000, JPEG2000Lossless

from tests.certificates import Certificates
from tests.e2e.test_dicom import KINDS, NUMBER, copy, keeping
from tests.full.dicom_peers import Orthanc, Peers, orthanc, prepared
from tests.full.java import wait_for
from tests.harness.deployment import Running, deployment

pytestmark = pytest.mark.full

UNCOMPRESSED = ("CT_small.dcm", "MR_small_implicit.dcm", "waveform_ecg.dcm", "rtplan.dcm", "test-SR.dcm")
FEW = ("CT_small.dcm", "JPEG2000.dcm", "waveform_ecg.dcm", "test-SR.dcm")
SENDERS = ("storescu", "tls", "dcmsend", "orthanc", "orthanc-web")
"""Who sends the copies of which number; those of DCMTK's simple tool are uncompressed, as it proposes nothing else."""


@dataclass
class Site:
    """The deployment, and who is around it."""

    running: Running
    peers: Peers
    sender: Orthanc
    stored: Orthanc
    web: Orthanc
    files: Path
    folder: Path
    ports: dict[str, int]

    def made(self, sender: str) -> Path:
        """A folder with copies of the kinds that ``sender`` sends, which nobody else does."""
        there = self.folder / sender
        there.mkdir()
        for name in KINDS if sender == "dcmsend" else UNCOMPRESSED if sender in ("storescu", "tls") else FEW:
            one = copy(name, 100 + SENDERS.index(sender))
            (there / name).write_bytes(head(one.identity, one.syntax) + one.data)
        return there


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Site]:
    peers = prepared()
    folder = tmp_path_factory.mktemp("dicom-peers")
    names = ("dicom", "dicom-tls", "web", "storescp")
    ports = dict(zip(names, free_row(len(names)), strict=True))
    (folder / "received").mkdir()
    scp = peers.start(
        folder / "storescp.log",
        "storescp",
        "--bit-preserving",
        "--accept-all",
        "-od",
        folder / "received",
        ports["storescp"],
    )
    try:
        with (
            orthanc(peers, folder / "sender", "ORTHANC", (ports["dicom"], ports["web"])) as sender,
            orthanc(peers, folder / "stored", "STORED") as stored,
            orthanc(peers, folder / "web", "WEB") as web,
            deployment(folder, **sections(folder, ports, certificates, sender, stored, web)) as running,
        ):
            running.start()
            running.wait_ready()
            yield Site(running, peers, sender, stored, web, folder / "received", folder, ports)
    finally:
        scp.terminate()
        scp.wait(10)


def sections(
    folder: Path, ports: dict[str, int], certificates: Certificates, sender: Orthanc, stored: Orthanc, web: Orthanc
) -> dict[str, Any]:
    tls = {"certificate": str(certificates.server), "key": str(certificates.server_key)}
    tls |= {"client_ca": str(certificates.ca), "client_required": "true"}
    allowed = [{"ae_title": title, "addresses": ["127.0.0.1"]} for title in ("STORESCU", "DCMSEND", "ECHOSCU")]
    allowed.append({"ae_title": "ORTHANC", "report_to": f"127.0.0.1:{sender.dicom}"})
    there = {"kind": "dicom", "host": "127.0.0.1", "projects": ["research"]}
    url = f"http://127.0.0.1:{web.http}/dicom-web"
    return {
        "ingest": {
            "dicom": [
                {"name": "pacs", "port": ports["dicom"], "allowed": allowed},
                {"name": "pacs-tls", "port": ports["dicom-tls"], "tls": tls},
            ],
            "stow": [{"port": ports["web"], "sources": [{"name": "web"}]}],
        },
        "resolver": {"projects": [{"name": "research", "policy": str(keeping(folder))}]},
        "heads": {"quiet_seconds": 2},
        "delivery": {
            "destinations": [
                there | {"name": "stored", "port": stored.dicom, "called_ae": "STORED"},
                there | {"name": "dcmtk", "port": ports["storescp"], "called_ae": "STORESCP"},
                {"name": "web", "kind": "stow", "url": url, "projects": ["research"]},
            ]
        },
    }


def test_dcmtk_verifies_the_association(site: Site) -> None:
    done = site.peers.run("echoscu", "-aec", "DEIDSTREAM", "127.0.0.1", site.ports["dicom"])
    assert done.returncode == 0, done.stderr
    wrong = site.peers.run("echoscu", "-aec", "OTHER", "127.0.0.1", site.ports["dicom"])
    assert "Called AE Title Not Recognized" in wrong.stderr
    stranger = site.peers.run("echoscu", "-aet", "STRANGER", "-aec", "DEIDSTREAM", "127.0.0.1", site.ports["dicom"])
    assert "Calling AE Title Not Recognized" in stranger.stderr


def test_dcmtk_stores(site: Site) -> None:
    done = site.peers.run(
        "storescu", "-aec", "DEIDSTREAM", "+sd", "127.0.0.1", site.ports["dicom"], site.made("storescu")
    )
    assert done.returncode == 0, done.stderr


def test_dcmtk_stores_over_tls(site: Site, certificates: Certificates) -> None:
    tls = ("+tls", certificates.client_key, certificates.client, "+cf", certificates.ca)
    where = ("127.0.0.1", site.ports["dicom-tls"], site.made("tls"))
    done = site.peers.run("storescu", *tls, "-aec", "DEIDSTREAM", "+sd", *where)
    assert done.returncode == 0, done.stderr


def test_dcmtk_sends_every_kind_as_it_is_written(site: Site) -> None:
    where = ("127.0.0.1", site.ports["dicom"], site.made("dcmsend"))
    done = site.peers.run("dcmsend", "-aec", "DEIDSTREAM", "+sd", "--decompress-never", *where)
    assert done.returncode == 0, done.stderr


def test_orthanc_stores_and_is_given_commitment(site: Site) -> None:
    uploaded = [site.sender.post("/instances", one.read_bytes()) for one in sorted(site.made("orthanc").iterdir())]
    ids = [one["ID"] for one in uploaded]
    sent = site.sender.post("/modalities/deid/store", {"Resources": ids, "StorageCommitment": True})
    assert sent["FailedInstancesCount"] == 0
    path = f"/storage-commitment/{sent['StorageCommitmentTransactionUID']}"
    wait_for(lambda: site.sender.get(path)["Status"] != "Pending", "a report of commitment", 30)
    report = site.sender.get(path)
    assert report["Status"] == "Success", report
    assert len(report["Success"]) == len(ids)


def test_orthanc_is_told_what_was_never_stored(site: Site) -> None:
    asked = {"DicomInstances": [{"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "SOPInstanceUID": "1.2.3.4.5"}]}
    path = site.sender.post("/modalities/deid/storage-commitment", asked)["Path"]
    wait_for(lambda: site.sender.get(path)["Status"] != "Pending", "a report of commitment", 30)
    report = site.sender.get(path)
    assert report["Status"] == "Failure"
    assert [one["SOPInstanceUID"] for one in report["Failures"]] == ["1.2.3.4.5"]


def test_orthanc_stores_over_the_web(site: Site) -> None:
    uploaded = [site.sender.post("/instances", one.read_bytes()) for one in sorted(site.made("orthanc-web").iterdir())]
    ids = [one["ID"] for one in uploaded]
    site.sender.post("/dicom-web/servers/deid/stow", {"Resources": ids, "Synchronous": True})


def test_everything_has_come_to_all_three_receivers_once_and_de_identified(site: Site) -> None:
    sent = [path.read_bytes() for name in SENDERS for path in sorted((site.folder / name).iterdir())]
    wait_for(lambda: min(map(len, _got(site))) >= len(sent), "all have come", 60)
    time.sleep(1.0)
    expected = Counter(_form(one) for one in sent)
    for got in _got(site):
        contents = got if isinstance(got[0], bytes) else [one.read_bytes() for one in got]
        assert Counter(map(_form, contents)) == expected
        for content in contents:
            read = pydicom.dcmread(BytesIO(content))
            assert read.PatientIdentityRemoved == "YES"
            assert NUMBER not in str(read)
            assert "Quiltrane" not in str(read)
    assert site.running.quarantined() == 0


def test_what_dcmtk_received_are_the_released_bytes(site: Site) -> None:
    released = Counter(bytes(instance(one.content).data) for one in site.running.releases())
    assert Counter(bytes(instance(one.read_bytes()).data) for one in site.files.iterdir()) == released


def _got(site: Site) -> tuple[Any, ...]:
    return list(site.files.iterdir()), site.stored.get("/instances") and site.stored.instances(), site.web.instances()


def _form(content: bytes) -> tuple[str, str, bytes | None]:
    """Orthanc offers every uncompressed syntax for what it has in one of them; of these the pixels count, not their bytes.

    Nor do the bytes of JPEG 2000, whose comments do not stay.
    """
    read = pydicom.dcmread(BytesIO(content))
    syntax = read.file_meta.TransferSyntaxUID
    if syntax in (JPEG2000Lossless, JPEG2000):
        return str(read.SOPClassUID), str(syntax), read.pixel_array.tobytes()
    if syntax.is_compressed and syntax != DEFLATED:
        return str(read.SOPClassUID), str(syntax), read.PixelData
    pixels = read.pixel_array.astype("<i8").tobytes() if "PixelData" in read else None
    return str(read.SOPClassUID), "uncompressed", pixels
