"""The loop that trains: it keeps its state every few minutes, and goes on from there when the same plan is begun again."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, kl_div, log_softmax

from deidstream_training.train.examples import IGNORED, Batch
from deidstream_training.train.model import TokenClassifier

__all__ = ["Gold", "Loss", "Plan", "Taught", "learn", "quick_in_16_bits"]

Loss = Callable[[TokenClassifier, Tensor, Tensor, Tensor], Tensor]
"""Of a model on ids, mask and labels, int64 ``[n, t]`` each."""

_STATE = "state.pt"
_TOLD_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Plan:
    """``rate`` rises over the share ``warm_up`` of the steps, then falls to nothing. ``frozen`` first layers do not learn."""

    steps: int
    rate: float
    pieces: int
    window: int
    frozen: int = 0
    warm_up: float = 0.06
    decay: float = 0.01
    seed: int = 1
    documents: str = ""
    """What stands for the files: another plan's state is not gone on with."""

    def rate_at(self, step: int) -> float:
        """The share of ``rate`` at a step, counted from 0."""
        rising = max(1, round(self.warm_up * self.steps))
        return min((step + 1) / rising, (self.steps - step) / max(1, self.steps - rising))


class Gold:
    """What the documents' marks say is right."""

    def __call__(self, model: TokenClassifier, ids: Tensor, mask: Tensor, labels: Tensor) -> Tensor:
        """The mean cross-entropy of a piece."""
        return _entropy(model(ids, mask), labels)


class Taught:
    """What ``teacher`` says is right, ``share`` of it, and the marks. ``warmth`` divides what both say: its doubts teach too."""

    def __init__(self, teacher: TokenClassifier, share: float = 0.7, warmth: float = 2.0) -> None:
        self._teacher = teacher.eval().requires_grad_(False)
        self._share, self._warmth = share, warmth

    def __call__(self, model: TokenClassifier, ids: Tensor, mask: Tensor, labels: Tensor) -> Tensor:
        """The mean over the pieces."""
        self._teacher.to(ids.device)
        with torch.no_grad():
            right = self._teacher(ids, mask)
        answers, real = model(ids, mask), labels != IGNORED
        said = log_softmax(answers[real].float() / self._warmth, dim=-1)
        meant = log_softmax(right[real].float() / self._warmth, dim=-1)
        apart = kl_div(said, meant, reduction="batchmean", log_target=True) * self._warmth**2
        return self._share * apart + (1 - self._share) * _entropy(answers, labels)


def learn(
    model: TokenClassifier, loss: Loss, plan: Plan, found: Iterator[Batch], folder: Path, every: float = 300.0
) -> None:
    """Trains ``model`` in place with the first ``plan.steps`` batches of ``found``.

    Its state is kept in ``folder``, ``every`` seconds. Raises ValueError where another plan's is there.
    """
    torch.manual_seed(plan.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.freeze(plan.frozen)
    model.to(device).train()
    optimiser = _optimiser(model, plan)
    step = _resume(folder, plan, model, optimiser)
    progress = _Progress(step, plan.steps)
    saved = time.monotonic()
    for batch in islice(found, step, plan.steps):
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * plan.rate_at(step)
        progress.tell(_step(model, loss, optimiser, batch, device), int(batch.mask.sum()))
        step += 1
        if time.monotonic() - saved >= every:
            _save(folder, plan, step, model, optimiser)
            saved = time.monotonic()
    _save(folder, plan, step, model, optimiser)
    model.to("cpu").eval()


def _step(
    model: TokenClassifier, loss: Loss, optimiser: torch.optim.Optimizer, batch: Batch, device: torch.device
) -> float:
    ids, mask, labels = (torch.from_numpy(array).to(device) for array in batch)
    with torch.autocast(device.type, torch.bfloat16, enabled=quick_in_16_bits(device)):
        found = loss(model, ids, mask, labels)
    optimiser.zero_grad(set_to_none=True)
    found.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return float(found.detach())


def quick_in_16_bits(device: torch.device) -> bool:
    """Whether 16 bits are quicker there than 32: without instructions for them a processor is slower."""
    return device.type == "cuda" or str(torch.backends.cpu.get_cpu_capability()).startswith("AVX512")


def _entropy(logits: Tensor, labels: Tensor) -> Tensor:
    return cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED)


def _optimiser(model: TokenClassifier, plan: Plan) -> torch.optim.Optimizer:
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    matrices = [parameter for parameter in learning if parameter.ndim > 1]
    others = [parameter for parameter in learning if parameter.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": plan.decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=plan.rate, betas=(0.9, 0.98))


def _resume(folder: Path, plan: Plan, model: TokenClassifier, optimiser: torch.optim.Optimizer) -> int:
    """The step to go on with."""
    if not (folder / _STATE).exists():
        return 0
    state = torch.load(folder / _STATE, map_location="cpu", weights_only=True)
    if state["plan"] != asdict(plan):
        raise ValueError("what was begun there has another plan or other documents: name another folder, or delete it")
    model.load_state_dict(state["model"], strict=False)
    optimiser.load_state_dict(state["optimiser"])
    torch.set_rng_state(state["chance"])
    if state["device_chance"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["device_chance"])
    return int(state["step"])


def _save(folder: Path, plan: Plan, step: int, model: TokenClassifier, optimiser: torch.optim.Optimizer) -> None:
    learning = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    state = {
        "plan": asdict(plan),
        "step": step,
        "model": {name: tensor for name, tensor in model.state_dict().items() if name in learning},
        "optimiser": optimiser.state_dict(),
        "chance": torch.get_rng_state(),
        "device_chance": torch.cuda.get_rng_state_all(),
    }
    torch.save(state, folder / f"{_STATE}.new")
    os.replace(folder / f"{_STATE}.new", folder / _STATE)


class _Progress:
    """A line on standard error now and then."""

    def __init__(self, step: int, steps: int) -> None:
        self._first, self._step, self._steps = step, step, steps
        self._began = self._told = time.monotonic()
        self._pieces = 0
        self._losses: list[float] = []

    def tell(self, loss: float, pieces: int) -> None:
        self._step += 1
        self._pieces += pieces
        self._losses.append(loss)
        now = time.monotonic()
        if now - self._told < _TOLD_SECONDS and self._step < self._steps:
            return
        spent = now - self._began
        left = spent / (self._step - self._first) * (self._steps - self._step)
        mean = sum(self._losses) / len(self._losses)
        print(
            f"step {self._step}/{self._steps} loss {mean:.4f} {self._pieces / spent:.0f} pieces/s {left / 60:.0f} min left",
            file=sys.stderr,
        )
        self._told, self._losses = now, []
