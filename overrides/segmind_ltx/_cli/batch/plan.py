"""Match the items of a batch with the paid calls that its ledger has for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from segmind_ltx._cli.batch.items import BatchItem, ItemState
from segmind_ltx._core.journal import EntryState
from segmind_ltx.ledger import Entry

_BEST_FIRST: Final = (ItemState.SAVED, ItemState.UNFINISHED, ItemState.UNCERTAIN, ItemState.GONE)
_NO_RESPONSE: Final = "the program ended during its submit; a job may exist, and be billed"


class PriorCall(NamedTuple):
    """A paid call in the ledger, and the ``state`` that it gives its item. ``file`` is its video, if that is saved."""

    entry: Entry
    digest: str
    state: ItemState
    file: Path | None


def prior_call(entry: Entry, digest: str, folder: Path, now: float) -> PriorCall | None:
    """Return the call of a row in the ledger; None if nothing was paid for it.

    The request itself is dropped, since an image makes it large.
    """
    if entry.state in {EntryState.REFUSED, EntryState.FAILED}:
        return None
    entry = entry._replace(request={})
    file = _saved_file(entry, folder)
    if file is not None:
        return PriorCall(entry, digest, ItemState.SAVED, file)
    if entry.request_id is None:
        return PriorCall(entry, digest, ItemState.UNCERTAIN, None)
    # A job that was not found within its hour may belong to another account's key, so try again.
    gone = entry.state == EntryState.GONE and not entry.seconds_left(now)
    return PriorCall(entry, digest, ItemState.GONE if gone else ItemState.UNFINISHED, None)


def _saved_file(entry: Entry, folder: Path) -> Path | None:
    """Return the path of a call's video, if it exists.

    The ledger gets the path just before the file gets its name, so check the disk. The folder may have been moved.
    """
    if entry.file and entry.state in {EntryState.COMPLETED, EntryState.SAVED}:
        for path in (Path(entry.file), folder / Path(entry.file).name):
            if path.is_file():
                return path.absolute()
    return None


def _one_call_per_file(calls: Iterable[PriorCall]) -> list[PriorCall]:
    """Let each file be the video of one call: the one whose row has that very path, else the latest."""
    result: list[PriorCall] = []
    owners: dict[Path, tuple[bool, int]] = {}
    for call in sorted(calls, key=_file_claim, reverse=True):
        if call.file is not None and owners.setdefault(call.file, _file_claim(call)) != _file_claim(call):
            result.append(call._replace(state=ItemState.UNFINISHED, file=None))
        else:
            result.append(call)
    return result


def _file_claim(call: PriorCall) -> tuple[bool, int]:
    return call.file is not None and str(call.file) == call.entry.file, call.entry.number


def match(items: Iterable[BatchItem], calls: Iterable[PriorCall]) -> list[PriorCall]:
    """Give each item the call that was made for it, if there is one. Return the calls that match no item.

    Equal requests may have several calls. An item gets the call whose video has the item's name, if there is one, else
    the call with the best state. No two items share a file.
    """
    unmatched: dict[str, list[PriorCall]] = defaultdict(list)
    for call in sorted(_one_call_per_file(calls), key=lambda call: (_BEST_FIRST.index(call.state), call.entry.number)):
        unmatched[call.digest].append(call)
    others: list[BatchItem] = []
    for item in items:
        named = next((call for call in unmatched[item.digest] if call.file and call.file.name == item.name), None)
        if named is None:
            others.append(item)
        else:
            _give(item, named, unmatched)
    for item in others:
        if unmatched[item.digest]:
            _give(item, unmatched[item.digest][0], unmatched)
    return [call for calls in unmatched.values() for call in calls]


def _give(item: BatchItem, call: PriorCall, unmatched: Mapping[str, list[PriorCall]]) -> None:
    unmatched[item.digest].remove(call)
    item.state, item.file = call.state, call.file
    item.request_id, item.cost = call.entry.request_id, call.entry.cost
    item.problem = call.entry.detail or (_NO_RESPONSE if call.state == ItemState.UNCERTAIN else None)
