"""Released models of pictures: folders with ``picture.json``, which has the hashes of the files beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deidstream.adapters.triton_server import TritonServer
from deidstream.core.errors import Misconfigured
from deidstream.core.released_file import verify
from deidstream.detection.text.tagger.packed import unpacked

if TYPE_CHECKING:
    from deidstream.detection.image.faces import Faces
    from deidstream.detection.image.reading import Reader
    from deidstream.ports import Inference

__all__ = [
    "DESCRIPTION",
    "FACES",
    "MODEL",
    "OCR",
    "Description",
    "described",
    "open_faces",
    "open_model",
    "open_reader",
]

DESCRIPTION, MODEL, ALPHABET = "picture.json", "model.onnx.gz", "alphabet.txt.gz"
OCR = ("ocr/lines", "ocr/characters", "ocr/lines-quick", "ocr/characters-quick")
FACES = "faces/centerface"


@dataclass(frozen=True, slots=True)
class Description:
    """``files``: name to SHA-256, in hexadecimal. ``inputs`` and ``outputs``: the shape of each without the batch, -1 where any
    length may stand; all are 32-bit floats. ``most``: the largest batch that a server shall take.
    """

    name: str
    version: str
    files: Mapping[str, str] = field(repr=False)
    inputs: Mapping[str, Sequence[int]]
    outputs: Mapping[str, Sequence[int]]
    most: int


def described(folder: Path) -> Description:
    """The model in ``folder``, whose files are all there and as they were released. Raises Misconfigured, which names the file."""
    place = f"{folder.parent.name}/{folder.name}/{DESCRIPTION}"
    try:
        found = Description(**json.loads((folder / DESCRIPTION).read_bytes()))
        hashes = dict(found.files)
        shapes = [*dict(found.inputs).values(), *dict(found.outputs).values()]
        whole = found.most > 0 and all(isinstance(length, int) for shape in shapes for length in shape)
    except OSError:
        raise Misconfigured("model-missing", place, "is the folder one of a released model?") from None
    except (ValueError, TypeError):
        raise Misconfigured("model-corrupt", place, "not a description") from None
    if not whole:
        raise Misconfigured("model-corrupt", place, "no shapes of inputs and outputs, or no batch")
    if MODEL not in hashes:
        raise Misconfigured("model-corrupt", place, f"no hash of {MODEL}")
    for name, expected in hashes.items():
        verify(folder / name, expected)
    return found


def open_reader(models: Path, threads: int = 1, server: TritonServer | None = None) -> Reader:
    """The reader of text. Raises Misconfigured where anything is not as it was released.

    A ``server`` reads all with the exact models: the quick ones are for processors here.
    """
    from deidstream.detection.image.characters import Characters
    from deidstream.detection.image.lines import Lines
    from deidstream.detection.image.reading import Reader

    alphabet = unpacked(models / OCR[1] / ALPHABET).decode().removesuffix("\n").split("\n")
    lines, characters = (open_model(models / name, threads, server) for name in OCR[:2])
    exact = Lines(lines), Characters(characters, alphabet)
    if server is not None:
        return Reader(*exact)
    lines, characters = (open_model(models / name) for name in OCR[2:])
    return Reader(*exact, (Lines(lines), Characters(characters, alphabet, beside=threads)))


def open_faces(models: Path, threads: int = 1, server: TritonServer | None = None) -> Faces:
    """The finder of faces. Raises Misconfigured where anything is not as it was released."""
    from deidstream.detection.image.faces import Faces

    return Faces(open_model(models / FACES, threads, server))


def open_model(folder: Path, threads: int = 1, server: TritonServer | None = None) -> Inference:
    """The model in ``folder``, in this process or on ``server``. Raises Misconfigured where it is not as it was released."""
    found = described(folder)
    if server is None:
        from deidstream.adapters.onnx import OnnxInference

        return OnnxInference(folder / MODEL, threads)
    try:
        from deidstream.adapters.triton import TritonInference  # gRPC is loaded where a server is asked
    except ModuleNotFoundError:
        raise Misconfigured("triton-missing", "image.triton", "pip install 'deidstream[triton]'") from None
    return TritonInference(server, found.name, found.version, found.files[MODEL])
