"""Triton with its Python backend, which ``tests/full/prepare`` has installed, as a process on loopback: a real gRPC endpoint."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from deidstream.cli.demo.ports import free_row

from tests.full.java import CACHE, absent, wait_for

_TRITON = CACHE / "triton"


@dataclass
class Triton:
    """One server of the model repository ``folder / "models"``. It may be killed, stopped for a while and started again."""

    folder: Path
    ports: list[int]
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.ports[1]}"

    @property
    def repository(self) -> Path:
        return self.folder / "models"

    def start(self) -> None:
        """Until its models are loaded."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment(),
                start_new_session=True,  # it has processes of its own
            )
        wait_for(self._is_ready, "Triton is ready", 120)

    def kill(self) -> None:
        """With its processes for models."""
        self._signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()
            self.process = None

    def pause(self) -> None:
        """It answers nothing until it goes on."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def _command(self) -> list[str]:
        names = ("http", "grpc", "metrics")
        places = [f"--{name}-address=127.0.0.1" for name in names]
        places += [f"--{name}-port={port}" for name, port in zip(names, self.ports, strict=True)]
        server = _TRITON / "server/pytriton/tritonserver/bin/tritonserver"
        repository = [f"--model-repository={self.repository}", f"--backend-directory={self.folder / 'backends'}"]
        others = ["--allow-gpu-metrics=false", "--exit-timeout-secs=5"]
        return [str(server), *repository, *places, *others, "--backend-config=python,shm-default-byte-size=67108864"]

    def _environment(self) -> dict[str, str]:
        libraries = f"{sysconfig.get_config_var('LIBDIR')}:{_TRITON / 'server/nvidia_pytriton.libs'}"
        path = f"{_TRITON / 'models/bin'}:{os.environ['PATH']}"  # whose Python comes first runs the models
        return {**os.environ, "LD_LIBRARY_PATH": libraries, "PATH": path}

    def _is_ready(self) -> bool:
        assert self.process is None or self.process.poll() is None, (self.folder / "log").read_text()[-4000:]
        try:
            return httpx.get(f"http://127.0.0.1:{self.ports[0]}/v2/health/ready").status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def triton(folder: Path) -> Iterator[Triton]:
    """A server that does not run yet; killed at the end."""
    installed = _TRITON / "server/pytriton/tritonserver"
    if not installed.exists():
        absent("no Triton")
    backend = folder / "backends/python"
    shutil.copytree(installed / "backends/python", backend)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    shutil.copy(installed / f"python_backend_stubs/{version}/triton_python_backend_stub", backend)
    (folder / "models").mkdir()
    server = Triton(folder, free_row(3))
    try:
        yield server
    finally:
        server.kill()
