"""A released model of texts or pictures in a Triton repository, which a server reads from a folder or a bucket."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from typing import Literal

from deidstream.adapters.triton_repository.served import Served, Tensor, served
from deidstream.adapters.triton_server import hash_of

__all__ = ["FILE", "Served", "Serving", "configuration", "placed", "served"]

FILE = "model.onnx"
"""The model's file in a version's folder, as Triton's own backend names it. Its hash is that of the released file."""


@dataclass(frozen=True, slots=True)
class Serving:
    """How a server is to run a model. ``gpus``: instances on each GPU; 0: ``instances`` on processors.

    ``backend``: Triton's own for ONNX, or its ``python``, for servers that lack that one (they need onnxruntime there).
    ``delay``: microseconds that a call may wait for others to go with.
    """

    backend: Literal["onnxruntime", "python"] = "onnxruntime"
    instances: int = 1
    gpus: int = 0
    delay: int = 2_000
    kept: int = 2
    """Versions that are served at a time: the new one, and the one that running processes still ask for."""


_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_HASH = re.compile(r'"sha256\.(\d+)" value { string_value: "([0-9a-f]{64})"')


def configuration(model: Served, serving: Serving, before: str = "") -> str:
    """``config.pbtxt`` of the model. Versions that the one ``before`` speaks of keep their hashes.

    Raises ValueError for a version that is no whole number, as Triton's are, and for a name that may lead elsewhere.
    """
    if not model.version.isdecimal():
        raise ValueError("Triton's versions are whole numbers")
    if _NAME.fullmatch(model.name) is None:  # it names a folder
        raise ValueError("a name of lower-case letters, digits and hyphens")
    group = f"kind: KIND_GPU count: {serving.gpus}" if serving.gpus else f"kind: KIND_CPU count: {serving.instances}"
    hashes = {**dict(_HASH.findall(before)), model.version: model.digest}
    text = files(__name__).joinpath("config.pbtxt.template").read_text()
    return Template(text).substitute(
        name=json.dumps(model.name),
        backend=json.dumps(serving.backend),
        most=model.most,
        inputs=_listed(model.inputs),
        outputs=_listed(model.outputs),
        group=group,
        delay=serving.delay,
        kept=serving.kept,
        hashes="\n".join(
            f'parameters {{ key: "{hash_of(version)}" value {{ string_value: "{digest}" }} }}'
            for version, digest in sorted(hashes.items(), key=lambda one: int(one[0]))
        ),
    )


def placed(model: Served, serving: Serving, before: str = "") -> dict[str, bytes]:
    """What belongs beside the model's file, by its path in the repository. ``before``: the ``config.pbtxt`` that is there."""
    there = {f"{model.name}/config.pbtxt": configuration(model, serving, before).encode()}
    if serving.backend == "python":
        program = files(__name__).joinpath("served.py.txt").read_bytes()
        there[f"{model.name}/{model.version}/model.py"] = program
    return there


def _listed(tensors: Sequence[Tensor]) -> str:
    return ",\n".join(f"  {tensor}" for tensor in tensors)
