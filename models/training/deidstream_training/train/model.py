"""The model: the backbone with one linear layer over its last, a label for each piece."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.numpy import load_file
from safetensors.torch import load_file as load_tensors
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from deidstream_training.backbone.quantised import Quantised, dequantised
from deidstream_training.backbone.recover import ENCODER, WORDS

__all__ = ["SHAPE", "WEIGHTS", "TokenClassifier", "narrowed", "of_backbone", "save", "shape_of", "trained", "words"]

WEIGHTS, SHAPE = "model.safetensors", "model.json"
_WORDS = "encoder.embeddings.word_embeddings.weight"


class TokenClassifier(nn.Module):
    """``forward``: ids int64 ``[n, t]`` and mask int64 ``[n, t]`` (1: a piece, 0: padding) to logits float32 ``[n, t, labels]``.

    The embedding of words never changes: languages that training has not seen keep their places in it.
    """

    def __init__(self, config: BertConfig, labels: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = BertModel(config, add_pooling_layer=False)
        self.encoder.embeddings.word_embeddings.weight.requires_grad_(False)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(config.hidden_size, labels)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """See the class."""
        return self.judged(self.encoder.embeddings.word_embeddings(ids), mask)

    def judged(self, embedded: Tensor, mask: Tensor) -> Tensor:
        """The same for words that are embedded: float32 ``[n, t, hidden]``."""
        # A mask with four axes is taken as it is: what transformers makes of two cannot be exported.
        added = (1.0 - mask[:, None, None, :].to(embedded.dtype)) * torch.finfo(torch.float16).min
        last = self.encoder(inputs_embeds=embedded, attention_mask=added).last_hidden_state
        logits: Tensor = self.head(self.dropout(last))
        return logits

    def freeze(self, layers: int) -> None:
        """What lies below and in the first ``layers`` layers does not learn either."""
        for part in (self.encoder.embeddings, *self.encoder.encoder.layer[:layers]):
            part.requires_grad_(False)


def of_backbone(folder: Path, labels: int) -> TokenClassifier:
    """The backbone in ``folder`` with a head that has not been trained."""
    model = TokenClassifier(_config(json.loads((folder / "config.json").read_text())), labels)
    state = {name: torch.from_numpy(array) for name, array in load_file(folder / ENCODER).items()}
    state["embeddings.word_embeddings.weight"] = words(folder)
    left = model.encoder.load_state_dict(state, strict=False)
    if left.unexpected_keys or [name for name in left.missing_keys if not name.endswith("position_ids")]:
        raise ValueError(f"the backbone lacks {left.missing_keys} and has {left.unexpected_keys} beside")
    return model


def words(folder: Path) -> Tensor:
    """The embedding of words, float32 ``[vocabulary, hidden]``."""
    stored = load_file(folder / WORDS)
    blocks = Quantised(stored["codes"].reshape(-1, 32), stored["scales"].reshape(-1))
    return torch.from_numpy(dequantised(blocks).reshape(stored["codes"].shape))


def save(model: TokenClassifier, folder: Path) -> None:
    """Writes what has been trained; the embedding of words stays with the backbone."""
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items() if name != _WORDS}
    save_file(state, folder / WEIGHTS)
    (folder / SHAPE).write_text(json.dumps(shape_of(model), indent=1, sort_keys=True))


def shape_of(model: TokenClassifier) -> dict[str, object]:
    """What ``trained`` needs besides the weights."""
    return {"config": model.encoder.config.to_dict(), "labels": model.head.out_features}


def trained(folder: Path, backbone: Path) -> TokenClassifier:
    """What ``save`` wrote to ``folder``, over the words of ``backbone``."""
    shape = json.loads((folder / SHAPE).read_text())
    model = TokenClassifier(_config(shape["config"]), shape["labels"])
    model.load_state_dict({**load_tensors(folder / WEIGHTS), _WORDS: words(backbone)})
    return model


def narrowed(model: TokenClassifier, layers: int) -> TokenClassifier:
    """A new model of ``layers`` layers, which begins as the first, the last and evenly spaced ones between of ``model``."""
    deep = model.encoder.config.num_hidden_layers
    if not 2 <= layers <= deep:
        raise ValueError(f"between 2 and {deep} layers")
    kept = [round(number * (deep - 1) / (layers - 1)) for number in range(layers)]
    student = TokenClassifier(
        _config({**model.encoder.config.to_dict(), "num_hidden_layers": layers}), model.head.out_features
    )
    state = {name: tensor for name, tensor in model.state_dict().items() if ".layer." not in name}
    for new, old in enumerate(kept):
        before, after = f"encoder.encoder.layer.{old}.", f"encoder.encoder.layer.{new}."
        state |= {
            after + name.removeprefix(before): tensor
            for name, tensor in model.state_dict().items()
            if name.startswith(before)
        }
    student.load_state_dict(state)
    return student


def _config(values: dict[str, object]) -> BertConfig:
    """Dropout of attention would keep processors from their quick attention: a fifth of the time of training."""
    return BertConfig(**{**values, "attn_implementation": "sdpa", "attention_probs_dropout_prob": 0.0})
