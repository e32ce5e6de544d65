"""The budget of a batch."""

from __future__ import annotations

from segmind_ltx._core.journal import EntryState
from segmind_ltx.ledger import Entry
from segmind_ltx_api.contract import MODELS, Model


class Budget:
    """Add up what the jobs cost, in USD, and check it against a limit.

    ``known`` is the sum of the known costs. ``uncertain`` is the most that all other jobs may cost: each counts with
    the highest price of its model.
    """

    def __init__(self, limit: float | None) -> None:
        self._limit = limit
        self._known: dict[object, float] = {}
        self._uncertain: dict[object, float] = {}
        self.known = self.uncertain = 0.0

    def set(self, key: object, *, known: float = 0.0, uncertain: float = 0.0) -> None:
        """Set the cost of one job, in place of what was set for ``key`` before."""
        # A price has four decimals; rounding keeps their sums from drifting.
        self.known = round(self.known + known - self._known.get(key, 0.0), 6)
        self.uncertain = round(self.uncertain + uncertain - self._uncertain.get(key, 0.0), 6)
        self._known[key], self._uncertain[key] = known, uncertain

    def set_entry(self, key: object, entry: Entry) -> None:
        """Set the cost of one job from its row in the ledger."""
        if entry.state in {EntryState.REFUSED, EntryState.FAILED}:
            self.set(key)
        elif entry.cost is not None:
            self.set(key, known=entry.cost)
        else:
            self.set(key, uncertain=MODELS[entry.model].usd_high if entry.model in MODELS else 0.0)

    def allows(self, model: Model) -> bool:
        """Return whether one more job of ``model`` stays within the limit, even at its highest price."""
        return self._limit is None or round(self.known + self.uncertain + model.usd_high, 6) <= self._limit

    @property
    def left(self) -> str:
        """Say what is spent, what may have been, and what is left of the limit."""
        doubt = f", up to {self.uncertain:.2f} in flight or in doubt" if self.uncertain else ""
        rest = "" if self._limit is None else f", {max(self._limit - self.known - self.uncertain, 0):.2f} left"
        return f"{self.known:.2f} USD spent{doubt}{rest}"

    def __str__(self) -> str:
        return f"{self.known:.2f} USD spent, {self.uncertain:.2f} in doubt, {self._limit or 0:.2f} allowed"
