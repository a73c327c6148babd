"""An ONNX graph, written node by node in the operators that ONNX Runtime has a quick kernel for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper, numpy_helper

from deidstream_training.release.rounded import CODES, INPUTS, PRODUCT, SCALES, coded, smoothing

__all__ = ["MICROSOFT", "Graph"]

MICROSOFT = "com.microsoft"
_OWN = frozenset({"GatherBlockQuantized", "Gelu", "MultiHeadAttention", PRODUCT})
"""Operators of ONNX Runtime's own domain."""
_OPSET = 17
_IR = 10
Floats = npt.NDArray[np.float32]


class Graph:
    """``node`` and the others return the name of what the node makes."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

    def constant(self, name: str, array: npt.NDArray[Any]) -> str:
        """``array`` under this name; one that is there already stays."""
        self._constants.setdefault(name, numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def packed(self, tensor: Any) -> str:
        """A constant of a type that numpy lacks."""
        self._constants[tensor.name] = tensor
        return str(tensor.name)

    def node(self, operator: str, name: str, inputs: Sequence[str], **attributes: Any) -> str:
        """One that makes one output, of its own name."""
        domain = MICROSOFT if operator in _OWN else ""
        self._nodes.append(helper.make_node(operator, list(inputs), [name], name=name, domain=domain, **attributes))
        return name

    def products(self, given: str, weights: dict[str, Floats], biases: Sequence[Floats], greatest: Floats) -> list[str]:
        """``given`` times each of the matrices (``[out, in]``, by their names in the model), each with its bias."""
        inputs = smoothing(list(weights.values()), greatest)
        first = next(iter(weights))
        smooth = self.node("Mul", f"{first}.smooth", [given, self.constant(first + INPUTS, inputs)])
        found = []
        for (name, weight), bias in zip(weights.items(), biases, strict=True):
            codes, scales = coded(weight, inputs)
            zeros = self.constant(f"{name}.zeros", np.zeros(len(scales), dtype=np.int8))
            constants = [self.constant(name + CODES, codes), self.constant(name + SCALES, scales), zeros]
            bias_name = self.constant(name.removesuffix("weight") + "bias", bias)
            found.append(self.node(PRODUCT, f"{name}.product", [smooth, *constants, bias_name]))
        return found

    def either(self, name: str, condition: str, yes: tuple[Any, ...], no: tuple[Any, ...]) -> str:
        """What one of two nodes makes; each is an operator, its inputs and its attributes."""
        branches = {"then_branch": self._branch(f"{name}.then", *yes), "else_branch": self._branch(f"{name}.else", *no)}
        return self.node("If", name, [condition], **branches)

    def model(self, inputs: Sequence[str], output: str, width: int) -> Any:
        """``inputs``: int64 ``[n, t]``; ``output``: float32 ``[n, t, width]``."""
        given = [helper.make_tensor_value_info(one, TensorProto.INT64, ["n", "t"]) for one in inputs]
        made = [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", "t", width])]
        graph = helper.make_graph(self._nodes, "tagger", given, made, list(self._constants.values()))
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(MICROSOFT, 1)]
        found = helper.make_model(graph, opset_imports=opsets)
        found.ir_version = _IR
        return found

    @staticmethod
    def _branch(name: str, operator: str, inputs: Sequence[str], attributes: dict[str, Any]) -> Any:
        node = helper.make_node(operator, list(inputs), [name], name=name, domain=MICROSOFT, **attributes)
        made = helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        return helper.make_graph([node], name, [], [made])
