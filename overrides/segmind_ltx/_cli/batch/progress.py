"""The progress of a batch: for people on standard error, for scripts on standard output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from rich.progress import TaskID

from segmind_ltx._cli.batch.budget import Budget
from segmind_ltx._cli.batch.items import BatchItem, ItemState
from segmind_ltx._cli.output import JobProgress, emit_json, err, out, print_err

MAX_BARS: Final = 20
"""If a batch has more items than this, only those in flight have a bar."""
STATE_ORDER: Final = (
    ItemState.SAVED,
    ItemState.FAILED,
    ItemState.UNCERTAIN,
    ItemState.GONE,
    ItemState.UNFINISHED,
    ItemState.NOT_BEGUN,
)
ALWAYS_SHOWN: Final = frozenset(STATE_ORDER[:3])
"""The states that the summary shows even if no item has them."""


class BatchProgress:
    """Show bars on a terminal, a line for each change elsewhere; with ``as_json`` an object for each ended item."""

    def __init__(self, items: Sequence[BatchItem], budget: Budget, *, as_json: bool) -> None:
        self._items, self._budget, self._as_json = items, budget, as_json
        self._ended: set[BatchItem] = set()
        self._bars = JobProgress()
        self._bar_of: dict[BatchItem, TaskID] = {}
        self._few = len(items) <= MAX_BARS
        self._total = self._bars.add(self._sums, None, total=len(items))

    @contextmanager
    def shown(self) -> Generator[None]:
        """Show the bars for as long as the block runs."""
        with self._bars.shown():
            yield

    def begin(self, item: BatchItem) -> None:
        """Show that an item is in flight."""
        if item not in self._bar_of:
            self._bar_of[item] = self._bars.add(item.name, item.model.seconds)

    def update(self, item: BatchItem, state: str) -> None:
        """Show the new state of an item's job."""
        if item in self._bar_of:
            self._bars.describe(self._bar_of[item], f"{item.name} {state.lower()}")
        if not err.interactive:
            print_err(f"{item.name}: {item.request_id} is {state}")

    def end(self, item: BatchItem) -> None:
        """Show the final state of an item, whether it ended in this run or in an earlier one."""
        self._ended.add(item)
        bar = self._bar_of.pop(item, None)
        if self._as_json:
            emit_json(_to_json(item))
        if item.problem is not None:
            print_err(f"[{self._count}] {item.name}: {item.state}: {item.problem}")
        elif bar is not None and not err.interactive:
            cost = "" if item.cost is None else f", {item.cost:g} USD"
            print_err(f"[{self._count}] {item.name}: {item.state}{cost}; {self._budget.left}")
        self._bars.done(self._total, self._sums, len(self._ended))
        if bar is not None and self._few:
            self._bars.done(bar, f"{item.name} {item.state}")
        elif bar is not None:
            self._bars.remove(bar)

    def summarize(self, known: float, uncertain: float, **more: Any) -> None:
        """Print the items that did not begin, then the sums. ``known`` and ``uncertain`` are in USD."""
        counts = Counter(item.state for item in self._items)
        if self._as_json:
            for item in self._items:
                if item not in self._ended:
                    emit_json(_to_json(item))
            states = {state.replace(" ", "_"): counts[state] for state in STATE_ORDER}
            emit_json({"summary": {**states, "cost": known, "in_doubt": uncertain, **more}})
            return
        shown = [f"{counts[state]} {state}" for state in STATE_ORDER if counts[state] or state in ALWAYS_SHOWN]
        in_doubt = f", and up to {uncertain:.2f} USD in doubt" if uncertain else ""
        out.print(f"{', '.join(shown)}; cost {known:.2f} USD{in_doubt}")

    @property
    def _count(self) -> str:
        return f"{len(self._ended)}/{len(self._items)}"

    @property
    def _sums(self) -> str:
        return f"{self._count}; {self._budget.left}"


def _to_json(item: BatchItem) -> dict[str, Any]:
    return {
        "line": item.number,
        "model": item.model.slug,
        "state": item.state,
        "file": None if item.file is None else str(item.file),
        "request_id": item.request_id,
        "cost": item.cost,
        "error": None if item.problem is None else {"type": item.error, "message": item.problem},
    }
