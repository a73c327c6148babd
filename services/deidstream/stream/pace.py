"""How the loops of the stages go: how long they wait for what, and how many records they take at once."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BatchSize", "Pace"]


@dataclass(frozen=True, slots=True)
class Pace:
    """How the loop goes."""

    batch: int = 200
    least_batch: int = 16
    """A batch may be that large: below, what every batch costs by itself outweighs its cases. Not of cases of which each takes as
    long as a batch should."""
    batch_seconds: float = 0.15
    """How long a batch should take. A backlog doubles batches up to there, and one that takes twice as long halves them."""
    portion_bytes: int = 96 << 10
    """Records that are in work together, at least one: what has been read from them takes many times their size, and each portion
    is a transaction of the identity store (1.8 ms). Larger ones cost 3 % less CPU, and bring the process near 200 MB."""
    poll_seconds: float = 0.25
    linger_seconds: float = 0.02
    """How long records that trickle in wait for others, to share what every batch costs."""
    tick_seconds: float = 0.5
    hold_seconds: float = 2.0
    """How often the shelf is looked at for what is due."""
    first_pause: float = 0.05
    longest_pause: float = 10.0
    quarantine_window: int = 1_000
    quarantine_share: float = 0.25
    """The loop ends when more than this share of the last ``quarantine_window`` cases went to quarantine."""
    quarantine_least: int = 50
    """... but not for fewer than this."""


class BatchSize:
    """How many records the next batch may have, by how long those before it took."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self.records = min(pace.least_batch, pace.batch)

    def took(self, records: int, seconds: float) -> None:
        """A batch of ``records`` took ``seconds``.

        Cases that take long by themselves (pictures) come one by one: each leaves when it is done, and a process that must end
        waits for one of them, not for all.
        """
        pace = self._pace
        if seconds > 2 * pace.batch_seconds:
            least = 1 if seconds > records * pace.batch_seconds else min(pace.least_batch, pace.batch)
            self.records = max(least, self.records // 2)
        elif records >= self.records and seconds < pace.batch_seconds:
            self.records = min(pace.batch, self.records * 2)
