"""How models/ocr/lines-quick and characters-quick were made: the weights of lines and characters in 7 bits, activations in 8.

    python tools/quick_models.py /usr/share/fonts/truetype models    # Debian's fonts-dejavu and fonts-liberation2

Ranges of activations are measured on invented lines and pages in all fonts of the folder, sharp and blurred, clean and noisy.
Seven bits, because processors without VNNI add products of eight in 16 bits, which may overflow. What is squeezed or attended to
stays as it was: it is little.
"""

from __future__ import annotations

import gzip
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import ascii_letters, digits
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from deidstream.detection.image.characters import tensor
from deidstream.detection.image.lines import prepared
from onnx import helper, numpy_helper, version_converter
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from picture_models import place
from PIL import Image, ImageDraw, ImageFilter, ImageFont

_OPSET = 17
_LINES, _PAGES, _SEED = 80, 12, 5
_SIZES, _INKS = (18, 20, 22, 25, 28, 31, 33, 36, 39), (0, 0, 40, 80)
_MARKS = "àâäçèéêëíñóôöøúüßÅÉÖÜŁřš.,:;()/%+-°&@\"'"
_FLAT, _LOGITS = "head.flat", "head.logits"
Tensor = npt.NDArray[np.float32]


def main(fonts: str, folder: str) -> None:
    into, drawn = Path(folder) / "ocr", Drawn(sorted(Path(fonts).rglob("*.ttf")))
    with TemporaryDirectory() as scratch:
        lines = folded(into / "lines/model.onnx.gz", Path(scratch))
        made = quantised(with_gelus(lines), drawn.pages(), ["Conv"], Path(scratch))
        place(into / "lines-quick", "text-lines-quick", {"model.onnx.gz": made})
        characters = folded(into / "characters/model.onnx.gz", Path(scratch))
        model = with_one_head(with_gelus(characters))
        made = quantised(model, drawn.lines(), ["Conv", "MatMul", "Gemm", "Concat", "MaxPool"], Path(scratch))
        place(into / "characters-quick", "text-characters-quick", {"model.onnx.gz": made})


def quantised(model: onnx.ModelProto, inputs: Iterator[Tensor], kinds: Sequence[str], scratch: Path) -> bytes:
    """``model`` with weights and activations of nodes of ``kinds`` as integers."""
    onnx.save(model, scratch / "exact.onnx")
    quantize_static(
        scratch / "exact.onnx",
        scratch / "quick.onnx",
        _Inputs(inputs),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=kinds,
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=list(_kept(model)),
        calibrate_method=CalibrationMethod.MinMax,
        extra_options={"OpTypesToExcludeOutputQuantization": ["MatMul", "Gemm"], "CalibMovingAverage": True},
    )
    return (scratch / "quick.onnx").read_bytes()


class _Inputs(CalibrationDataReader):  # type: ignore[misc]  # has no types
    def __init__(self, left: Iterator[Tensor]) -> None:
        self._left = left

    def get_next(self) -> dict[str, Tensor] | None:
        given = next(self._left, None)
        return None if given is None else {"x": given}


def folded(path: Path, scratch: Path) -> onnx.ModelProto:
    """The graph in an opset that has scales by channel, what is constant in it computed."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(scratch / "folded.onnx")
    exact = onnx.load_from_string(gzip.decompress(path.read_bytes()))
    newer = version_converter.convert_version(exact, _OPSET).SerializeToString()
    onnxruntime.InferenceSession(newer, options, providers=["CPUExecutionProvider"])
    model = onnx.load(scratch / "folded.onnx")
    del model.opset_import[:]
    model.opset_import.extend([helper.make_opsetid("", _OPSET), helper.make_opsetid("com.microsoft", 1)])
    return model


def with_gelus(model: onnx.ModelProto) -> onnx.ModelProto:
    """Each x (1 + erf(x / sqrt 2)) / 2 as one node: between integers ONNX Runtime does not see it."""
    graph = model.graph
    source = {output: node for node in graph.node for output in node.output}
    reader = {name: node for node in graph.node for name in node.input}
    gone: set[str] = set()
    gelus: dict[str, onnx.NodeProto] = {}
    for erf in [node for node in graph.node if node.op_type == "Erf"]:
        divided, added = source[erf.input[0]], reader[erf.output[0]]
        product = reader[added.output[0]]
        halved = reader[product.output[0]]
        assert [divided.op_type, added.op_type, product.op_type, halved.op_type] == ["Div", "Add", "Mul", "Mul"]
        gone |= {node.name for node in (divided, erf, added, product)}
        gelus[halved.name] = helper.make_node(
            "Gelu", [divided.input[0]], [halved.output[0]], name=f"gelu.{erf.name}", domain="com.microsoft"
        )
    nodes = [gelus.get(node.name, node) for node in graph.node if node.name not in gone]
    del graph.node[:], graph.value_info[:]
    graph.node.extend(nodes)
    graph.value_info.extend(_floats(node.output[0]) for node in gelus.values())
    return model


def with_one_head(model: onnx.ModelProto) -> onnx.ModelProto:
    """The product that gives the classes, and what is added to it, as one node of two axes: ONNX Runtime joins no others."""
    graph = model.graph
    chances = [node for node in graph.node if node.op_type == "Softmax"][-1]
    source = {output: node for node in graph.node for output in node.output}
    added = source[chances.input[0]]
    product = source[added.input[0]]
    assert [product.op_type, added.op_type] == ["MatMul", "Add"]
    width, classes = next(one.dims for one in graph.initializer if one.name == product.input[1])
    constants = {"head.in": [-1, width], "head.out": [classes], "head.first": [0], "head.last": [2]}
    graph.initializer.extend(numpy_helper.from_array(np.array(value), name) for name, value in constants.items())
    head = [
        helper.make_node("Reshape", [product.input[0], "head.in"], [_FLAT], name="head.flatten"),
        helper.make_node("Gemm", [_FLAT, product.input[1], added.input[1]], [_LOGITS], name="head.classes"),
        helper.make_node("Shape", [product.input[0]], ["head.shape"], name="head.shape"),
        helper.make_node("Slice", ["head.shape", "head.first", "head.last"], ["head.lines"], name="head.lines"),
        helper.make_node("Concat", ["head.lines", "head.out"], ["head.whole"], name="head.whole", axis=0),
        helper.make_node("Reshape", [_LOGITS, "head.whole"], [chances.input[0]], name="head.shaped"),
    ]
    nodes = [node for node in graph.node if node.name not in (product.name, added.name)]
    at = next(number for number, node in enumerate(nodes) if product.input[0] in node.output) + 1
    nodes[at:at] = head
    del graph.node[:]
    graph.node.extend(nodes)
    graph.value_info.append(_floats(_FLAT))
    return model


def _floats(name: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)


def _kept(model: onnx.ModelProto) -> Iterator[str]:
    """Nodes that stay as they are: products of what is no weight, what is squeezed to one pixel, and lengths."""
    weights = {one.name for one in model.graph.initializer}
    source = {output: node for node in model.graph.node for output in node.output}
    squeezed = {"ReduceMean", "GlobalAveragePool"}
    yield "head.whole"
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.input[1] not in weights:
            yield node.name
        elif node.op_type == "Conv":
            before = source.get(node.input[0])
            if before is not None and before.op_type == "Relu":
                before = source.get(source[before.input[0]].input[0])
            if before is not None and before.op_type in squeezed:
                yield node.name


class Drawn:
    """Print as scanners give it, the same for everybody."""

    def __init__(self, fonts: Sequence[Path]) -> None:
        self._fonts = fonts
        self._chance = random.Random(_SEED)

    def lines(self) -> Iterator[Tensor]:
        """Cut out, as the recogniser takes them."""
        for _ in range(_LINES):
            font, text = self._font(), self._text()
            _, top, right, low = map(int, font.getbbox(text))
            sheet = Image.new("L", (right + 40, low + 40), 255)
            ImageDraw.Draw(sheet).text((20, 20), text, fill=self._chance.choice(_INKS), font=font)
            margin = self._chance.randint(4, 9)
            scan = self._scanned(sheet)
            cut = scan[max(0, 20 + top - margin) : 20 + low + margin, 20 - margin : 20 + right + margin]
            yield tensor([np.repeat(cut[:, :, None], 3, axis=2)])[0]

    def pages(self) -> Iterator[Tensor]:
        """At half their size, as the detector takes them."""
        for _ in range(_PAGES):
            sheet = Image.new("L", (1653, 2339), 255)
            draw, font, y = ImageDraw.Draw(sheet), self._font(), self._chance.randint(80, 250)
            while y < 2140:
                font = self._font() if self._chance.random() < 0.15 else font
                where = (self._chance.choice((100, 160, 300, 700)), y)
                draw.text(where, self._text(), fill=self._chance.choice(_INKS), font=font)
                y += int(font.size * self._chance.choice((1.2, 1.4, 1.8, 3)))
            yield prepared(np.repeat(self._scanned(sheet)[:, :, None], 3, axis=2), 0.5)

    def _scanned(self, sheet: Image.Image) -> npt.NDArray[np.uint8]:
        turned = sheet.rotate(self._chance.uniform(-0.3, 0.3), Image.Resampling.BICUBIC, fillcolor=255)
        blurred = np.asarray(turned.filter(ImageFilter.GaussianBlur(self._chance.uniform(0, 1.1)))).astype(np.float32)
        noise = np.random.default_rng(self._chance.randrange(2**32)).normal(0, 1, blurred.shape)
        dark = self._chance.uniform(0, 30)
        return np.clip(blurred - dark + noise * self._chance.uniform(0, 14), 0, 255).astype(np.uint8)

    def _font(self) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(str(self._chance.choice(self._fonts)), self._chance.choice(_SIZES))

    def _text(self) -> str:
        return " ".join(self._word() for _ in range(self._chance.choice((1, 2, 4, 7, 9))))

    def _word(self) -> str:
        letters = self._chance.choice((ascii_letters[:26], ascii_letters, digits, ascii_letters + digits + _MARKS))
        word = "".join(self._chance.choice(letters) for _ in range(self._chance.randint(1, 12)))
        return word.capitalize() if self._chance.random() < 0.5 else word


if __name__ == "__main__":
    main(*sys.argv[1:])
