"""A process in the root file system of an image, as a Pod of ours runs it: read-only, nobody's user, no way to more rights."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

USER = 10001

_ENTER = """
set -eu
root=$1 groups=$2; shift 2
mount --make-rprivate /
n=0; for word in "$@"; do
  if [ "$word" = -- ]; then break; fi
  if [ $((n % 3)) = 0 ]; then mkdir -p "$root$word"; fi
  n=$((n + 1))
done
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero random urandom; do touch "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"; done
mkdir -m 1777 "$root/dev/shm"
while [ "$1" != -- ]; do mount --bind "$2" "$root$1"; [ "$3" = rw ] || mount -o remount,bind,ro "$root$1"; shift 3; done
shift
exec setpriv --no-new-privs chroot --userspec=10001:10001 --groups="$groups" "$root" "$@"
"""
"""Mount points are there before, as an engine makes them."""


@dataclass(slots=True)
class Container:
    """``mounts``: from a path here to one in the image; those of ``written`` may be written. ``groups``: beside the user's own."""

    root: Path
    image: dict[str, Any]
    mounts: dict[Path, str] = field(default_factory=dict)
    written: tuple[Path, ...] = ()
    groups: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, entrypoint: Sequence[str] | None = None) -> subprocess.CompletedProcess[str]:
        """Until it ends."""
        command = self._command(arguments, entrypoint)
        return subprocess.run(
            command, capture_output=True, text=True, timeout=300, check=False, env=self._environment()
        )

    def start(self, log: Path, *arguments: str, entrypoint: Sequence[str] | None = None) -> subprocess.Popen[bytes]:
        """In the background; SIGTERM reaches the process itself."""
        with log.open("ab") as out:
            return subprocess.Popen(
                self._command(arguments, entrypoint),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=self._environment(),
            )

    def _command(self, arguments: Sequence[str], entrypoint: Sequence[str] | None) -> list[str]:
        config = self.image["config"]
        inside = [*(config["Entrypoint"] if entrypoint is None else entrypoint), *(arguments or config["Cmd"])]
        mounts = [
            word
            for here, there in self.mounts.items()
            for word in (there, str(here), "rw" if here in self.written else "ro")
        ]
        entered = [
            "unshare",
            "--mount",
            "--",
            "/bin/sh",
            "-c",
            _ENTER,
            "enter",
            str(self.root),
            self.groups,
            *mounts,
            "--",
        ]
        return [*entered, *_in_folder(config.get("WorkingDir") or "/", inside)]

    def _environment(self) -> dict[str, str]:
        inside = dict(one.split("=", 1) for one in self.image["config"]["Env"])
        # The tools that lead into the image are found by PATH too; the image's own goes first.
        return inside | self.environment | {"PATH": f"{inside['PATH']}:{os.environ['PATH']}"}


def _in_folder(folder: str, command: Sequence[str]) -> list[str]:
    """chroot starts in /, and the image has no shell: Python goes to the folder first."""
    go = "import os, sys; os.chdir(sys.argv[1]); os.execvp(sys.argv[2], sys.argv[2:])"
    return ["python3", "-c", go, folder, *command]


def owned(folder: Path) -> Path:
    """Made, for the user of the images."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chown(folder, USER, USER)
    return folder
