"""The budget of a batch."""

from __future__ import annotations

from segmind_ltx._core.journal import EntryState
from segmind_ltx.ledger import Entry
from segmind_ltx_api.contract import MODELS, Model


class Purse:
    """What was spent, and what may have been: a job whose price nobody has told yet counts with the highest."""

    def __init__(self, limit: float | None) -> None:
        self._limit = limit
        self._known: dict[object, float] = {}
        self._doubt: dict[object, float] = {}
        self.known = self.doubt = 0.0

    def put(self, key: object, *, known: float = 0.0, doubt: float = 0.0) -> None:
        """What a job has cost, in place of what was put down for it before. In USD."""
        # Prices have four decimals; sums of them would come to have more.
        self.known = round(self.known + known - self._known.get(key, 0.0), 6)
        self.doubt = round(self.doubt + doubt - self._doubt.get(key, 0.0), 6)
        self._known[key], self._doubt[key] = known, doubt

    def put_call(self, key: object, entry: Entry) -> None:
        """The same for a row of the ledger."""
        if entry.state in {EntryState.REFUSED, EntryState.FAILED}:
            self.put(key)
        elif entry.cost is not None:
            self.put(key, known=entry.cost)
        else:
            self.put(key, doubt=MODELS[entry.model].usd_high if entry.model in MODELS else 0.0)

    def allows(self, model: Model) -> bool:
        """Whether one more job may begin."""
        return self._limit is None or round(self.known + self.doubt + model.usd_high, 6) <= self._limit

    def __str__(self) -> str:
        return f"{self.known:.2f} USD are spent, {self.doubt:.2f} in doubt, {self._limit or 0:.2f} allowed"
