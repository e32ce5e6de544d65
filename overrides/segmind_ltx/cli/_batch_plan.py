"""What is left to do of a batch, as its ledger tells it; who is in flight; and what it may cost."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from segmind_ltx._notes import COMPLETED, FAILED, GONE, REFUSED, SAVED
from segmind_ltx.cli import _batch_lines as batch
from segmind_ltx.cli._batch_lines import Line, digest_of
from segmind_ltx.ledger import Entry, Ledger
from segmind_ltx_api.contract import MODELS, Model

HERE, FETCHABLE, IN_DOUBT, LOST = range(4)
"""How good a paid call is for a line: its video is here, can be fetched, may exist, is no more."""

_STATES: Final = {HERE: batch.SAVED, FETCHABLE: batch.UNFINISHED, IN_DOUBT: batch.UNCERTAIN, LOST: batch.GONE}


_UNTOLD: Final = "it was being submitted when the program ended; a job may exist, and be billed"


class Past(NamedTuple):
    """A paid call of an earlier run, and what it is good for. ``file`` is where its video lies, if it does."""

    entry: Entry
    digest: str
    worth: int
    file: Path | None


def past_of(entry: Entry, folder: Path, now: float) -> Past | None:
    """What a row of the ledger is good for; None where nothing was paid for it. The request is let go of."""
    if entry.state in {REFUSED, FAILED}:
        return None
    digest = digest_of(entry.model, entry.request)
    entry = entry._replace(request={})
    file = _found(entry, folder)
    if file is not None:
        return Past(entry, digest, HERE, file)
    if entry.request_id is None:
        return Past(entry, digest, IN_DOUBT, None)
    # Within its hour, one that was not found may have been looked for with another account's key.
    lost = entry.state == GONE and not entry.seconds_left(now)
    return Past(entry, digest, LOST if lost else FETCHABLE, None)


def _found(entry: Entry, folder: Path) -> Path | None:
    """Where the video lies. The file is noted just before it gets its name, and the folder may have been moved."""
    if entry.file and entry.state in {COMPLETED, SAVED}:
        for path in (Path(entry.file), folder / Path(entry.file).name):
            if path.is_file():
                return path.absolute()
    return None


def _one_each(calls: Iterable[Past]) -> list[Past]:
    """A file is the video of one call: of the one that was noted with that very path, or else of the latest."""
    kept: list[Past] = []
    owners: dict[Path, tuple[bool, int]] = {}
    for call in sorted(calls, key=_claim, reverse=True):
        if call.file is not None and owners.setdefault(call.file, _claim(call)) != _claim(call):
            kept.append(call._replace(worth=FETCHABLE, file=None))
        else:
            kept.append(call)
    return kept


def _claim(call: Past) -> tuple[bool, int]:
    return call.file is not None and str(call.file) == call.entry.file, call.entry.number


def assign(lines: Iterable[Line], calls: Iterable[Past]) -> list[Past]:
    """Give each line the call that was made for it, if one was; gives those that are nobody's. No two share a file.

    Nothing tells the jobs of two equal requests apart, so of those each line gets any, except that a video which has
    the line's own name is the line's.
    """
    free: dict[str, list[Past]] = defaultdict(list)
    for call in sorted(_one_each(calls), key=lambda call: (call.worth, call.entry.number)):
        free[call.digest].append(call)
    without: list[Line] = []
    for line in lines:
        own = next((call for call in free[line.digest] if call.file and call.file.name == line.name), None)
        if own is None:
            without.append(line)
        else:
            _give(line, own, free)
    for line in without:
        if free[line.digest]:
            _give(line, free[line.digest][0], free)
    return [call for calls in free.values() for call in calls]


def _give(line: Line, call: Past, free: Mapping[str, list[Past]]) -> None:
    free[line.digest].remove(call)
    line.state, line.file = _STATES[call.worth], call.file
    line.request_id, line.cost = call.entry.request_id, call.entry.cost
    line.problem = call.entry.detail or (_UNTOLD if call.worth == IN_DOUBT else None)


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
        if entry.state in {REFUSED, FAILED}:
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


class Book(Ledger):
    """The ledger of a batch. It sees which line each accepted job is for; of equal lines, any."""

    def __init__(self, path: Path, *, label: str) -> None:
        super().__init__(path, label=label)
        self._begun: dict[str, deque[Line]] = defaultdict(deque)
        self._digests: dict[int, str] = {}
        self._accepted: dict[str, deque[Line]] = defaultdict(deque)

    def begin(self, line: Line) -> None:
        """A line's request is about to leave."""
        self._begun[line.digest].append(line)

    def sending(self, model: str, request: Mapping[str, Any], base_url: str) -> int:
        """Write a paid call down before it leaves."""
        number = super().sending(model, request, base_url)
        self._digests[number] = digest_of(model, request)
        return number

    def answered(self, number: int, state: str, request_id: str | None) -> None:
        """Write down that a paid call was answered well."""
        super().answered(number, state, request_id)
        begun = self._begun[self._digests[number]]
        if request_id is not None and begun:
            line = begun.popleft()
            line.request_id = request_id
            self.wait(request_id, line)

    def own(self, path: Path, request_id: str | None = None) -> None:
        """A video is about to lie there, that of no other job: a row of another one with that file is told so."""
        query = "SELECT number, file FROM jobs WHERE label = ? AND file IS NOT NULL AND request_id IS NOT ?"
        for number, file in self._run(query, (self.label, request_id)):
            # Or a file of that name, noted before the folder was moved.
            if file == str(path) or (Path(file).name == path.name and not Path(file).is_file()):
                self._write("file = NULL WHERE number = ?", number)

    def wait(self, request_id: str, line: Line) -> None:
        """This job is for that line. A service that gives one id twice must not stop the rest."""
        self._accepted[request_id].append(line)

    def line_of(self, request_id: str) -> Line | None:
        """Which line a job is for."""
        lines = self._accepted.get(request_id)
        return lines[0] if lines else None

    def end(self, request_id: str | None, digest: str) -> Line:
        """Which line has ended: the job's, or where there was none, one that asked for the same."""
        return (self._accepted.get(request_id or "") or self._begun[digest]).popleft()
