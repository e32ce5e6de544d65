"""How far a batch has come: for people on standard error, for scripts on standard output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from rich.progress import TaskID

from segmind_ltx._cli.batch import items as batch
from segmind_ltx._cli.batch.items import Line
from segmind_ltx._cli.output import JobProgress, emit_json, err, out, print_err

FEW: Final = 20
"""So many lines each keep their bar on a terminal; of more, only those in flight have one."""
ORDER: Final = (batch.SAVED, batch.FAILED, batch.UNCERTAIN, batch.GONE, batch.UNFINISHED, batch.NOT_BEGUN)
ALWAYS: Final = frozenset(ORDER[:3])


class Board:
    """Bars on a terminal, a line at each change elsewhere; with ``as_json`` an object for each line that ends."""

    def __init__(self, lines: Sequence[Line], *, as_json: bool) -> None:
        self._lines, self._as_json = lines, as_json
        self._ended: set[Line] = set()
        self._waiting = JobProgress()
        self._bars: dict[Line, TaskID] = {}
        self._all = self._waiting.add("all", None, total=len(lines)) if len(lines) > FEW else None

    @contextmanager
    def shown(self) -> Generator[None]:
        """Show the bars for as long as the block runs."""
        with self._waiting.shown():
            yield

    def begin(self, line: Line) -> None:
        """A line is under way."""
        if line not in self._bars:
            self._bars[line] = self._waiting.add(line.name, line.model.seconds)

    def change(self, line: Line, state: str) -> None:
        """Its job has another state."""
        if line in self._bars:
            self._waiting.describe(self._bars[line], f"{line.name} {state.lower()}")
        if not err.is_terminal:
            print_err(f"{line.name}: {line.request_id} is {state}")

    def end(self, line: Line) -> None:
        """A line has ended, in whatever state, in this run or an earlier one."""
        self._ended.add(line)
        bar = self._bars.pop(line, None)
        if self._as_json:
            emit_json(_described(line))
        if line.problem is not None:
            print_err(f"{self._count} {line.name}: {line.state}: {line.problem}")
        elif bar is not None and not err.is_terminal:
            cost = "" if line.cost is None else f", {line.cost:g} USD"
            print_err(f"{self._count} {line.name}: {line.state}{cost}")
        if self._all is not None:
            self._waiting.done(self._all, self._count, len(self._ended))
        if bar is not None and self._all is not None:
            self._waiting.remove(bar)
        elif bar is not None:
            self._waiting.done(bar, f"{line.name} {line.state}")

    def last(self, known: float, doubt: float, **more: Any) -> None:
        """The lines that were not come to, and the sums. ``known`` and ``doubt`` are in USD."""
        counts = Counter(line.state for line in self._lines)
        if self._as_json:
            for line in self._lines:
                if line not in self._ended:
                    emit_json(_described(line))
            states = {state.replace(" ", "_"): counts[state] for state in ORDER}
            emit_json({"summary": {**states, "cost": known, "in_doubt": doubt, **more}})
            return
        told = ", ".join(f"{counts[state]} {state}" for state in ORDER if counts[state] or state in ALWAYS)
        perhaps = f", and up to {doubt:.2f} USD in doubt" if doubt else ""
        out.print(f"{told}; cost {known:.2f} USD{perhaps}")

    @property
    def _count(self) -> str:
        return f"[{len(self._ended)}/{len(self._lines)}]"


def _described(line: Line) -> dict[str, Any]:
    return {
        "line": line.number,
        "model": line.model.slug,
        "state": line.state,
        "file": None if line.file is None else str(line.file),
        "request_id": line.request_id,
        "cost": line.cost,
        "error": None if line.problem is None else {"type": line.error, "message": line.problem},
    }
