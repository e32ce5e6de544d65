"""What is left to do of a batch, as its ledger tells it; who is in flight; and what it may cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from segmind_ltx._cli.batch import items as batch
from segmind_ltx._cli.batch.items import Line, digest_of
from segmind_ltx._core.journal import EntryState
from segmind_ltx.ledger import Entry

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
    if entry.state in {EntryState.REFUSED, EntryState.FAILED}:
        return None
    digest = digest_of(entry.model, entry.request)
    entry = entry._replace(request={})
    file = _found(entry, folder)
    if file is not None:
        return Past(entry, digest, HERE, file)
    if entry.request_id is None:
        return Past(entry, digest, IN_DOUBT, None)
    # Within its hour, one that was not found may have been looked for with another account's key.
    lost = entry.state == EntryState.GONE and not entry.seconds_left(now)
    return Past(entry, digest, LOST if lost else FETCHABLE, None)


def _found(entry: Entry, folder: Path) -> Path | None:
    """Where the video lies. The file is noted just before it gets its name, and the folder may have been moved."""
    if entry.file and entry.state in {EntryState.COMPLETED, EntryState.SAVED}:
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
