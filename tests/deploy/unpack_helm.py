"""``unpack_helm.py WHEEL BIN``: takes ``helm`` and ``kubectl`` out of the installed wheel at ``WHEEL`` into the folder ``BIN``."""

import io
import sys
import tarfile
import zipfile
from pathlib import Path


def unpack(wheel: Path, into: Path) -> None:
    (archive,) = wheel.rglob("lambda-layer-kubectl-*.tgz")
    with tarfile.open(archive) as outer:
        layer = outer.extractfile("package/lib/layer.zip")
        assert layer is not None
        with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
            for name in ("helm", "kubectl"):
                (into / name).write_bytes(inner.read(f"{name}/{name}"))
                (into / name).chmod(0o755)


if __name__ == "__main__":
    unpack(Path(sys.argv[1]), Path(sys.argv[2]))
