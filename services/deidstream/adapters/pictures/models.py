"""Released models of pictures: folders with ``picture.json``, which has the hashes of the files beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deidstream.adapters.triton_server import TritonServer
from deidstream.core.errors import Misconfigured
from deidstream.detection.text.tagger.packed import unpacked

if TYPE_CHECKING:
    from deidstream.detection.image.faces import Faces
    from deidstream.detection.image.reading import Reader
    from deidstream.ports import Inference

__all__ = ["DESCRIPTION", "FACES", "MODEL", "OCR", "Description", "described", "open_faces", "open_reader"]

DESCRIPTION, MODEL, ALPHABET = "picture.json", "model.onnx.gz", "alphabet.txt.gz"
OCR = ("ocr/lines", "ocr/characters")
FACES = "faces/centerface"


@dataclass(frozen=True, slots=True)
class Description:
    """``files``: name to SHA-256, in hexadecimal."""

    name: str
    version: str
    files: Mapping[str, str] = field(repr=False)


def described(folder: Path) -> Description:
    """The model in ``folder``, whose files are all there and as they were released. Raises Misconfigured, which names the file."""
    place = f"{folder.parent.name}/{folder.name}/{DESCRIPTION}"
    try:
        found = Description(**json.loads((folder / DESCRIPTION).read_bytes()))
        hashes = dict(found.files)
    except OSError:
        raise Misconfigured("model-missing", place, "is the folder one of a released model?") from None
    except (ValueError, TypeError):
        raise Misconfigured("model-corrupt", place, "not a description") from None
    if MODEL not in hashes:
        raise Misconfigured("model-corrupt", place, f"no hash of {MODEL}")
    for name, expected in hashes.items():
        _check(folder / name, expected)
    return found


def open_reader(models: Path, threads: int = 1, server: TritonServer | None = None) -> Reader:
    """The reader of text. Raises Misconfigured where anything is not as it was released."""
    from deidstream.detection.image.characters import Characters
    from deidstream.detection.image.lines import Lines
    from deidstream.detection.image.reading import Reader

    alphabet = unpacked(models / OCR[1] / ALPHABET).decode().removesuffix("\n").split("\n")
    lines, characters = (_inference(models / name, threads, server) for name in OCR)
    return Reader(Lines(lines), Characters(characters, alphabet))


def open_faces(models: Path, threads: int = 1, server: TritonServer | None = None) -> Faces:
    """The finder of faces. Raises Misconfigured where anything is not as it was released."""
    from deidstream.detection.image.faces import Faces

    return Faces(_inference(models / FACES, threads, server))


def _inference(folder: Path, threads: int, server: TritonServer | None) -> Inference:
    found = described(folder)
    if server is None:
        from deidstream.adapters.onnx import OnnxInference

        return OnnxInference(folder / MODEL, threads)
    from deidstream.adapters.triton import TritonInference

    return TritonInference(server, found.name, found.version, found.files[MODEL])


def _check(path: Path, expected: str) -> None:
    place = f"{path.parent.name}/{path.name}"
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        raise Misconfigured("model-missing", place, f"expected the file with SHA-256 {expected}") from None
    if digest != expected:
        raise Misconfigured("model-corrupt", place, f"SHA-256 is {digest}, expected {expected}")
