"""DCMTK's tools and Orthanc: from the system, or unpacked in .cache."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from deidstream.cli.demo.ports import free_row

from tests.full.java import CACHE, wait_for

_UNPACKED = CACHE / "dicom"


@dataclass(frozen=True)
class Peers:
    """Where the programs are."""

    folders: tuple[Path, ...]
    plugin: Path
    environment: Mapping[str, str] = field(repr=False)

    def program(self, name: str) -> str:
        found = shutil.which(name, path=os.pathsep.join(map(str, self.folders)))
        assert found is not None, name
        return found

    def run(self, name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = [self.program(name), *map(str, arguments)]
        return subprocess.run(
            command, env=dict(self.environment), capture_output=True, text=True, check=False, timeout=60
        )

    def start(self, log: Path, name: str, *arguments: object) -> subprocess.Popen[bytes]:
        with log.open("wb") as out:
            return subprocess.Popen(
                [self.program(name), *map(str, arguments)],
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )


def prepared() -> Peers:
    """Skips where ``tests/full/prepare`` could not get them, and where others could reach what they open."""
    if {name for _, name in socket.if_nameindex()} != {"lo"}:
        pytest.skip("Orthanc and storescp would listen on every address: see tests/full/run")
    if shutil.which("storescu") and shutil.which("Orthanc", path="/usr/sbin"):
        return Peers((Path("/usr/bin"), Path("/usr/sbin")), Path("/usr/share/orthanc/plugins"), dict(os.environ))
    if not (_UNPACKED / "usr/bin/storescu").exists():
        pytest.skip("DCMTK and Orthanc are not there: see tests/full/prepare")
    libraries = [str(path) for path in _UNPACKED.glob("usr/lib/*-linux-gnu*")] + [str(_UNPACKED / "usr/lib")]
    (dictionary,) = _UNPACKED.glob("usr/share/libdcmtk*/dicom.dic")
    environment = {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(libraries), "DCMDICTPATH": str(dictionary)}
    return Peers((_UNPACKED / "usr/bin", _UNPACKED / "usr/sbin"), _UNPACKED / "usr/share/orthanc/plugins", environment)


@dataclass(frozen=True)
class Orthanc:
    """One that runs."""

    http: int
    dicom: int
    client: httpx.Client = field(repr=False)

    def get(self, path: str) -> Any:
        return self.client.get(path).raise_for_status().json()

    def post(self, path: str, body: Any) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(path, content=content).raise_for_status().json()

    def instances(self) -> list[bytes]:
        """Every instance that it has, as a file."""
        return [self.client.get(f"/instances/{one}/file").content for one in self.get("/instances")]


@contextmanager
def orthanc(peers: Peers, folder: Path, title: str, deid: tuple[int, int] = (0, 0)) -> Iterator[Orthanc]:
    """``deid``: the ports of our DICOM and DICOMweb listeners, as it knows them under that name."""
    http, dicom = free_row(2)
    folder.mkdir()
    settings = {
        "Name": title,
        "StorageDirectory": str(folder / "store"),
        "IndexDirectory": str(folder / "store"),
        "HttpPort": http,
        "DicomPort": dicom,
        "DicomAet": title,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAlwaysAllowStore": False,
        "DicomCheckModalityHost": True,
        "DicomModalities": {"deid": {"AET": "DEIDSTREAM", "Host": "127.0.0.1", "Port": deid[0] or 104}},
        "Plugins": [str((peers.plugin / "libOrthancDicomWeb.so").resolve())],
        "DicomWeb": {"Enable": True, "Servers": {"deid": [f"http://127.0.0.1:{deid[1] or 80}/dicom-web/"]}},
    }
    (folder / "orthanc.json").write_text(json.dumps(settings))
    process = peers.start(folder / "log", "Orthanc", folder / "orthanc.json")
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{http}", trust_env=False, timeout=30) as client:
            wait_for(lambda: _answers(client), f"Orthanc answers: see {folder / 'log'}", 30)
            yield Orthanc(http, dicom, client)
    finally:
        process.terminate()
        process.wait(20)


def _answers(client: httpx.Client) -> bool:
    with suppress(httpx.HTTPError):
        return client.get("/system").status_code == 200
    return False
