"""``python -m deidstream_training export``, ``unpack`` and ``card``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["card", "export", "unpack"]


def export(
    model: Annotated[Path, typer.Option(exists=True, file_okay=False, help="The folder of train or distil.")],
    backbone: Annotated[Path, typer.Option(exists=True, file_okay=False, help="The folder of the step backbone.")],
    held_out: Annotated[
        list[Path],
        typer.Option(exists=True, help="Documents that training has not seen, to calibrate with; again for more."),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the released model.")],
    name: Annotated[str, typer.Option(help="As findings will name it.")],
    version: Annotated[str, typer.Option(help="As findings will name it.")],
    right: Annotated[float, typer.Option(min=0.5, max=1, help="Share of what is found that must be right.")] = 0.97,
) -> None:
    """Write a trained model as the product loads it: 7-bit matrices, 4-bit words, calibrated, with the hashes of its files."""
    from deidstream_training.release.release import Wanted, release

    found = release(model, backbone, held_out, Wanted(name, version, right), out)
    size = sum((out / name).stat().st_size for name in found.files)
    least, greatest = min(found.thresholds), max(found.thresholds)
    print(f"released: {out} bytes={size} temperature={found.temperature} thresholds={least}-{greatest}")


def unpack(
    tagger: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="The folder of a released model.")],
    backbone: Annotated[Path, typer.Option(help="Folder for its words and pieces.")],
    out: Annotated[Path, typer.Option(help="Folder of the model, as train leaves one: train --begin goes on from it.")],
) -> None:
    """Write a released model as train left it, but for the 8 bits of its matrices."""
    from deidstream_training.release.unpacked import unpack as unpacked

    try:
        unpacked(tagger, backbone, out)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    print(f"unpacked: {out} backbone={backbone}")


def card(
    tagger: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="The folder of a released model.")],
    model: Annotated[Path, typer.Option(exists=True, file_okay=False, help="The folder of train or distil.")],
    report: Annotated[Path, typer.Option(exists=True, help="Of deidstream evaluate --tagger.")],
) -> None:
    """Write the card of a released model (README.md in its folder) from how it was trained and what it was measured to do."""
    from deidstream_training.release.card import card as written
    from deidstream_training.train.command import TRAINED

    try:
        content = written(tagger, model / TRAINED, report)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    (tagger / "README.md").write_text(content)
    print(f"card: {tagger / 'README.md'} lines={content.count(chr(10)) + 1}")
