"""What all of them promise: an answer of the shape that was asked for or none, and never a word of what was asked about."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from deidstream.core.errors import Unavailable
from deidstream.ports import Inference, Tensors

UNKNOWN_PIECE = 987_654


def asked(ids: list[list[int]]) -> Tensors:
    there = np.array(ids, dtype=np.int64)
    return {"input_ids": there, "attention_mask": np.ones_like(there)}


class InferenceContract:
    """With the fixture ``inference``: the tiny tagger's model, in which the piece 4 is a name's beginning, and no piece else is."""

    def test_it_answers_by_the_name_of_each_output(self, inference: Inference) -> None:
        answer = inference.infer(asked([[0, 4, 2], [0, 2, 1]]))
        assert set(answer) == {"logits"}
        assert answer["logits"].shape == (2, 3, 5)
        assert answer["logits"].dtype == np.float32
        assert answer["logits"].argmax(axis=-1).tolist() == [[0, 1, 0], [0, 0, 0]]

    def test_a_call_that_fails_says_nothing_of_what_was_asked_and_the_next_is_answered(
        self, inference: Inference
    ) -> None:
        with pytest.raises(Unavailable, match=r"^model-failed: ") as raised:
            inference.infer(asked([[UNKNOWN_PIECE]]))
        assert str(UNKNOWN_PIECE) not in str(raised.value)
        assert raised.value.__cause__ is None
        assert inference.infer(asked([[4]]))["logits"].argmax() == 1

    def test_an_input_that_is_missing_is_an_error(self, inference: Inference) -> None:
        with pytest.raises(Unavailable, match="^model-failed: "):
            inference.infer({"input_ids": np.array([[4]])})

    def test_a_batch_of_any_size_is_answered_in_its_order(self, inference: Inference) -> None:
        rows = [[4 if row % 3 == 0 else 2, 2] for row in range(700)]
        found = inference.infer(asked(rows))["logits"].argmax(axis=-1)
        assert [bool(one) for one in found[:, 0]] == [row % 3 == 0 for row in range(700)]

    def test_threads_share_it(self, inference: Inference) -> None:
        def judged(number: int) -> bool:
            rows = [[4 if (row + number) % 2 else 2] * (1 + number % 3) for row in range(5)]
            found = inference.infer(asked(rows))["logits"].argmax(axis=-1)[:, 0]
            return [int(one) for one in found] == [(row + number) % 2 for row in range(5)]

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(judged, range(80)))
