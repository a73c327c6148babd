"""Matrices with 7 bits a number, multiplied with what is computed in 8 bits: four times as quick as with floats on a processor that
has instructions for it (AVX-512 VNNI, AMX).

Two things keep it exact enough (`right labels` of a released model: none lost in a thousand):

- e5's activations have outliers, always in the same columns, that would take the 8 bits of all others. So each column is divided
  by a number of its own before it is rounded, and the matrix multiplied by it (Xiao et al. 2022, SmoothQuant). It follows how
  great the column gets on held-out documents.
- Seven bits: two products of 8 and 8 bits do not fit the 16 bits in which processors without VNNI add them, which goes
  unsaid (ONNX Runtime's ``reduce_range``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from onnx import numpy_helper

__all__ = ["CODES", "INPUTS", "PRODUCT", "SCALES", "Coded", "coded", "floats", "smoothing"]

CODES, SCALES, INPUTS = ".codes", ".scales", ".inputs"
PRODUCT = "DynamicQuantizeMatMul"
"""ONNX Runtime's operator, of the domain ``com.microsoft``."""
_MOST = 63
_SHARE = 0.8
"""How much of the outliers goes from what is computed to the matrix. Measured: 0.5 and 0.9 are worse."""
_LEAST = 1e-5
Floats = npt.NDArray[np.float32]


class Coded(NamedTuple):
    """A matrix ``[in, out]``: int8 codes, and a scale for each of its columns, float32 ``[out]``."""

    codes: npt.NDArray[np.int8]
    scales: Floats


def smoothing(matrices: Sequence[Floats], greatest: Floats) -> Floats:
    """float32 ``[in]``: what the inputs of ``matrices`` (``[out, in]`` each) are to be multiplied with before they are rounded.

    ``greatest``: how great each input gets, without its sign.
    """
    columns = np.maximum(np.max([np.abs(one).max(axis=0) for one in matrices], axis=0), _LEAST)
    factors = np.maximum(greatest, _LEAST) ** _SHARE / columns ** (1 - _SHARE)
    middle = np.exp(np.log(factors).mean())
    found: Floats = (middle / factors).astype(np.float32)
    return found


def coded(matrix: Floats, inputs: Floats) -> Coded:
    """``matrix``: ``[out, in]``; ``inputs``: as ``smoothing`` says."""
    smooth = matrix / inputs
    scales = np.abs(smooth).max(axis=1) / _MOST
    scales[scales == 0] = 1.0
    codes = np.round(smooth / scales[:, None]).astype(np.int8)
    return Coded(np.ascontiguousarray(codes.T), scales.astype(np.float32))


def floats(graph: Any) -> dict[str, Floats]:
    """The matrices by the names that they have in the model, ``[out, in]``: the inverse, but for what rounding lost."""
    stored = {
        one.name: numpy_helper.to_array(one) for one in graph.initializer if one.name.endswith((CODES, SCALES, INPUTS))
    }
    inputs = {
        node.output[0]: stored[node.input[1]] for node in graph.node if node.input and node.input[-1].endswith(INPUTS)
    }
    found = {}
    for node in graph.node:
        if node.op_type == PRODUCT:
            name = node.input[1].removesuffix(CODES)
            whole = stored[name + CODES].astype(np.float32).T * stored[name + SCALES][:, None]
            found[name] = np.ascontiguousarray(whole * inputs[node.input[0]])
    return found
