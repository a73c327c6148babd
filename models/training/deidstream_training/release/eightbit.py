"""Matrices with 8 bits a number, in blocks that have a scale each; what they are multiplied with keeps its 32 bits.

ONNX Runtime's operator ``com.microsoft.MatMulNBits`` multiplies them, as quickly as floats. With activations in 8 bits too
(``quantize_dynamic``) a processor without instructions for that is half as quick again, but e5's activations have outliers: the
logits of a random head were off by 25 %, against 2 % here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import helper, numpy_helper

__all__ = ["eight_bit", "floats"]

_BLOCK = 128
"""Numbers of a column that have a scale together."""
_MIDDLE, _MOST = 128, 127
_CODES, _SCALES = ".codes", ".scales"
_Graph = Any  # onnx.GraphProto, which has no types where types are checked
_Floats = npt.NDArray[np.float32]


def eight_bit(graph: _Graph) -> None:
    """Each product of what is computed and a constant matrix becomes one with a matrix of 8 bits, called as in the model."""
    constants = {one.name: one for one in graph.initializer}
    nodes = []
    for node in graph.node:
        matrix = constants.get(node.input[1]) if node.op_type == "MatMul" else None
        nodes.append(node if matrix is None else _product(graph, node, numpy_helper.to_array(matrix)))
        if matrix is not None:
            graph.initializer.remove(matrix)
    del graph.node[:]
    graph.node.extend(nodes)


def floats(graph: _Graph) -> dict[str, _Floats]:
    """The matrices by the names that they have in the model, ``[out, in]``: the inverse, but for what 8 bits lost."""
    stored = {one.name: numpy_helper.to_array(one) for one in graph.initializer if one.name.endswith((_CODES, _SCALES))}
    found = {}
    for node in graph.node:
        if node.op_type == "MatMulNBits":
            name = node.input[1].removesuffix(_CODES)
            depth = next(one.i for one in node.attribute if one.name == "K")
            codes = stored[name + _CODES].astype(np.float32) - _MIDDLE
            whole = codes * stored[name + _SCALES].reshape(*codes.shape[:2], 1)
            found[name] = np.ascontiguousarray(whole.reshape(len(codes), -1)[:, :depth])
    return found


def _product(graph: _Graph, node: Any, matrix: _Floats) -> Any:
    """``matrix``: ``[in, out]``."""
    name = node.name.removesuffix("/MatMul").strip("/").replace("/", ".") + ".weight"
    codes, scales = _coded(matrix)
    graph.initializer.extend(
        [numpy_helper.from_array(codes, name + _CODES), numpy_helper.from_array(scales.reshape(-1), name + _SCALES)]
    )
    depth, width = matrix.shape
    return helper.make_node(
        "MatMulNBits",
        [node.input[0], name + _CODES, name + _SCALES],
        list(node.output),
        name=node.name,
        domain="com.microsoft",
        K=depth,
        N=width,
        bits=8,
        block_size=_BLOCK,
    )


def _coded(matrix: _Floats) -> tuple[npt.NDArray[np.uint8], _Floats]:
    """Codes ``[out, blocks, 128]``, of which 128 stands for 0, and scales ``[out, blocks]``."""
    depth, width = matrix.shape
    blocks = -(-depth // _BLOCK)
    columns = np.zeros((width, blocks * _BLOCK), dtype=np.float32)
    columns[:, :depth] = matrix.T
    columns = columns.reshape(width, blocks, _BLOCK)
    scales = np.abs(columns).max(axis=-1) / _MOST
    scales[scales == 0] = 1.0
    codes = np.round(columns / scales[..., None]).astype(np.int32) + _MIDDLE
    return codes.astype(np.uint8), scales.astype(np.float32)
