"""The whole layer, on a model of which we know what it says."""

from __future__ import annotations

from pathlib import Path
from threading import Barrier, Lock

import numpy as np
import pytest
from deidstream.adapters.onnx import OnnxInference
from deidstream.core.category import Category
from deidstream.core.document import Part
from deidstream.core.errors import Unavailable
from deidstream.detection.text.tagger import Tagger, tagger
from deidstream.detection.text.tagger.description import described
from deidstream.detection.text.tagger.pieces import Pieces
from deidstream.detection.text.tagger.spans import Tagged
from deidstream.ports import Inference, Tensors

from tests.detection.text.tagger.tiny import opened, save

WORDS = {"Anna": "B-name", "Lang": "I-name", "saw": "O", "May": "B-date", "3": "I-date", "the": "O"}


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return save(tmp_path / "tiny", WORDS)


def part(text: str, locator: str = "NTE-3") -> Part:
    return Part(locator, text, ())


def found(layer: Tagger, *texts: str) -> list[list[tuple[str, Category]]]:
    parts = [part(text, f"NTE-3[{number}]") for number, text in enumerate(texts)]
    return [
        [(one.text[finding.span.start : finding.span.end], finding.category) for finding in findings if finding.span]
        for one, findings in zip(parts, layer.find(parts), strict=True)
    ]


def test_each_text_of_a_batch_gets_its_own_spans(made: Path) -> None:
    texts = ("Anna Lang saw May 3 .", "", "the the", "saw Anna , Anna Lang", " " * 40)
    assert found(opened(made), *texts) == [
        [("Anna Lang", Category.NAME), ("May 3", Category.DATE)],
        [],
        [],
        [("Anna", Category.NAME), ("Anna Lang", Category.NAME)],
        [],
    ]


def test_a_finding_says_where_and_by_what_it_was_found(made: Path) -> None:
    ((finding,),) = opened(made).find([part("saw Anna")])
    assert (finding.locator, finding.detector, finding.subject) == ("NTE-3", "text.tagger/1", 0)
    assert finding.score == pytest.approx((np.exp(5) + 1) / (np.exp(5) + 4), rel=1e-5)  # begins or goes on


@pytest.mark.parametrize("chunk", [1 << 16, 100])
def test_what_is_found_does_not_depend_on_how_long_the_text_is(
    made: Path, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tagger, "_CHUNK", chunk)
    monkeypatch.setattr(tagger, "_CONTEXT", 40)
    text = " ".join(["the saw"] * 3 + ["Anna Lang", "May 3"]) + " "
    ((*spans,),) = found(opened(made), text * 60)
    assert spans == [("Anna Lang", Category.NAME), ("May 3", Category.DATE)] * 60


@pytest.mark.parametrize("answer", [np.zeros((1, 3, 5)), np.full((1, 4, 5), np.nan), np.full((1, 4, 5), np.inf)])
def test_an_answer_that_says_nothing_is_no_answer(made: Path, answer: np.ndarray) -> None:
    class Odd:
        def infer(self, inputs: Tensors) -> Tensors:
            return {"logits": answer.astype(np.float32)}

        def close(self) -> None:
            raise AssertionError

    layer = Tagger(described(made), Pieces(made / "pieces.model.gz"), Odd())
    with pytest.raises(Unavailable, match="model-answer"):
        layer.find([part("saw Anna")])


class Counting:
    """``inner`` when two calls are there at once; ``bad`` one of them fails."""

    def __init__(self, inner: Inference, bad: int = -1) -> None:
        self._inner, self._bad = inner, bad
        self._there, self._lock, self._calls = Barrier(2, timeout=20), Lock(), 0

    def infer(self, inputs: Tensors) -> Tensors:
        with self._lock:
            number, self._calls = self._calls, self._calls + 1
        self._there.wait()
        if number == self._bad:
            raise Unavailable("model-failed", "tiny", "as asked")
        return self._inner.infer(inputs)

    def close(self) -> None:
        raise AssertionError


def parallel(made: Path, bad: int = -1) -> Tagger:
    inner = OnnxInference(made / "model.onnx.gz")
    return Tagger(described(made), Pieces(made / "pieces.model.gz"), Counting(inner, bad), most=16, calls=2)


def test_several_calls_at_once_say_what_one_after_the_other_says(made: Path) -> None:
    texts = ["the the Anna Lang saw", "saw the the the Anna"] * 6  # four calls, of three texts each
    spans = [[("Anna Lang", Category.NAME)], [("Anna", Category.NAME)]] * 6
    assert found(parallel(made), *texts) == found(opened(made), *texts) == spans


def test_one_call_that_fails_leaves_nothing_read(made: Path) -> None:
    with pytest.raises(Unavailable, match="model-failed"):
        parallel(made, bad=1).find([part("saw Anna Lang " * 3), part("Anna saw " * 4)])


def test_what_begins_on_either_side_of_a_cut_by_what_each_side_says_is_not_lost(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The side before says that it begins behind the cut, the side behind that it began before."""
    monkeypatch.setattr(tagger, "_CHUNK", 20)
    monkeypatch.setattr(tagger, "_CONTEXT", 12)
    layer = opened(made)
    monkeypatch.setattr(layer, "_tag", lambda texts: [[_disagreed(text)] for text in texts])
    (findings,) = layer.find([part("the saw the saw Anna Lang the")])
    assert [finding.span for finding in findings] == [(12, 25)]


def _disagreed(text: str) -> Tagged:
    """As who has the text from its beginning on says it, and as who has not."""
    start = text.index("Anna") - (0 if text.startswith("the saw the saw") else len("saw "))
    return Tagged(start, text.index("Lang") + 4, "name", 0.9)


@pytest.mark.parametrize(
    "text", ["x", "\x00", "\ud800 Anna", "Anna\u200b\n\n\tLang", "\U0001f468\u200d\u2695\ufe0f Anna", "ANNA LANG"]
)
def test_any_text_is_read(made: Path, text: str) -> None:
    for findings in opened(made).find([part(text)]):
        assert all(
            finding.span is not None and 0 <= finding.span.start < finding.span.end <= len(text) for finding in findings
        )
