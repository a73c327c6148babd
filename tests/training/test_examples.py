"""What a model is shown: each mark on its pieces, each piece once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from deidstream.detection.text.tagger.pieces import Pieces
from deidstream_training.backbone.pieces import sentencepiece_model
from deidstream_training.train.examples import IGNORED, batched, examples

from tests.detection.text.tagger.tiny import pieces_of

LABELS = ("O", "B-name", "I-name", "B-date", "I-date")


@pytest.fixture
def pieces(tmp_path: Path) -> Pieces:
    path = tmp_path / "pieces.model"
    path.write_bytes(sentencepiece_model(pieces_of(["Anna", "Lang", "saw", "May"]), b""))
    return Pieces(path)


def test_a_mark_begins_with_its_first_piece_and_goes_on_to_its_last(pieces: Pieces) -> None:
    text = "saw Anna Lang, Anna May 3"
    marks = [(4, 13, "name"), (15, 19, "name"), (20, 25, "date")]
    (one,) = examples([(text, marks)], pieces, LABELS, 60)
    (encoded,) = pieces.encode([text])
    read = [
        (text[a:b].strip(), LABELS[n])
        for a, b, n in zip(encoded.starts, encoded.ends, one.labels, strict=True)
        if a < b
    ]
    assert [pair for pair in read if pair[0]] == [
        ("saw", "O"), ("Anna", "B-name"), ("Lang", "I-name"), (",", "O"), ("Anna", "B-name"), ("May", "B-date"), ("3", "I-date"),
    ]  # fmt: skip


def test_a_category_without_a_label_is_refused(pieces: Pieces) -> None:
    with pytest.raises(ValueError, match="no label for the category phone"):
        list(examples([("saw 3", [(4, 5, "phone")])], pieces, LABELS, 60))


def test_long_documents_are_cut_and_nothing_is_left_out(pieces: Pieces) -> None:
    text = " ".join(["saw", "Anna", "Lang"] * 40)
    marks = [(at, at + 9, "name") for at in range(4, len(text), 14)]
    found = list(examples([(text, marks)], pieces, LABELS, 16))
    (encoded,) = pieces.encode([text])
    assert np.concatenate([one.ids for one in found]).tolist() == encoded.ids.tolist()
    assert max(len(one.ids) for one in found) <= 16
    assert sum(int((one.labels == 1).sum()) for one in found) == len(marks)


def test_batches_hold_every_example_once_framed_and_filled(pieces: Pieces) -> None:
    documents = [(" ".join(["Anna"] * count), [(0, 4, "name")]) for count in (1, 9, 2, 7, 3, 30)]
    batches = list(batched(examples(documents, pieces, LABELS, 60), pieces, most=40, pool=4))
    lengths = []
    for batch in batches:
        rows, width = batch.ids.shape
        assert rows == 1 or rows * width <= 40
        for ids, mask, labels in zip(batch.ids, batch.mask, batch.labels, strict=True):
            count = int(mask.sum())
            assert (ids[0], ids[count - 1]) == (pieces.begin, pieces.end)
            assert set(ids[count:].tolist()) <= {pieces.pad}
            assert [at for at, label in enumerate(labels) if label == IGNORED] == [0, *range(count - 1, width)]
            assert labels[1] == 1
            lengths.append(count - 2)
    assert sorted(lengths) == [1, 2, 3, 7, 9, 30]
