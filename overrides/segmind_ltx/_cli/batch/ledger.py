"""The ledger of a batch.

A folder of videos keeps to one ledger. Another one has no rows for the folder's jobs, so with it the batch would pay
for every item again.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from segmind_ltx._cli.batch.items import BatchItem, request_digest
from segmind_ltx._core.journal import RETAINED
from segmind_ltx._files import PartialFile
from segmind_ltx.errors import ParameterError
from segmind_ltx.ledger import LEDGER_VARIABLE, Entry, Ledger

LEDGER_NOTE: Final = ".batch.ledger"
"""The file in the folder that names the ledger of its jobs."""
DEFAULT_LEDGER: Final = "jobs.sqlite"
"""The ledger in the folder itself, used if the user chooses no other."""
ITEM_MARK: Final = "//"
"""Separates the batch's label from the item's. No path contains it, so each folder finds only its own rows."""


def open_batch_ledger(chosen: Path | None, folder: Path) -> BatchLedger:
    """Open the ledger that the user chose. Raises `ParameterError` if the folder's jobs are in another one."""
    path = Path(chosen or os.environ.get(LEDGER_VARIABLE) or folder / DEFAULT_LEDGER).absolute()
    _check_choice(path, folder)
    return BatchLedger(path, label=_batch_label(path, folder))


def remember_ledger(ledger: BatchLedger, folder: Path) -> None:
    """Write the ledger's path into the folder, before anything is paid for."""
    note = {"ledger": str(Path(ledger.path).resolve()), "label": ledger.label}
    if _remembered(folder) != note:
        with PartialFile(folder / LEDGER_NOTE, overwrite=True, request_id=None, url=None) as file:
            file.write(json.dumps(note).encode())
            file.commit()


def _batch_label(path: Path, folder: Path) -> str:
    """Return the label of a folder's rows: the folder's path relative to the ledger, so both can be moved together."""
    try:
        relative = Path(os.path.relpath(folder, path.parent.resolve()))
    except ValueError:  # They are on two drives.
        relative = folder
    return f"batch {relative.as_posix()}"


def _check_choice(path: Path, folder: Path) -> None:
    note = _remembered(folder)
    if note is None:
        return
    ledger, chosen = Path(note["ledger"]), path.resolve()
    if not ledger.exists() and not _moved(ledger, chosen):
        raise ParameterError(
            f"--out {folder}: its jobs are in the ledger {ledger}, which is not there any more. Without it every item "
            f"would be paid for again. Put it back; or, to pay again, remove {folder / LEDGER_NOTE}"
        )
    same_label = _batch_label(path, folder) == note["label"]
    if same_label and (ledger == chosen or _moved(ledger, chosen)):
        return
    if ledger == chosen:
        advice = "this folder was moved since; move it back"
    else:
        advice = f"{path} does not have them; give --ledger {ledger}"
    raise ParameterError(
        f"--out {folder}: its jobs are in the ledger {ledger}, and {advice}. Otherwise every item would be paid for "
        f"again. To start over without the paid jobs, choose another folder, or remove {folder / LEDGER_NOTE} and any "
        f"{DEFAULT_LEDGER} beside it"
    )


def _moved(ledger: Path, chosen: Path) -> bool:
    """Return whether folder and ledger were moved together. The caller has checked their relative path."""
    return ledger.name == chosen.name and not ledger.exists() and chosen.exists()


def _remembered(folder: Path) -> dict[str, str] | None:
    """Return the path and label of the folder's ledger; None if the folder is new.

    Without a note, as after a crash, a ledger in the folder counts if it has jobs of this batch.
    """
    note, default = folder / LEDGER_NOTE, folder / DEFAULT_LEDGER
    if note.exists():
        try:
            saved: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
            return {"ledger": str(saved["ledger"]), "label": str(saved["label"])}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ParameterError(f"{note} cannot be read ({error}); it names the ledger of the jobs") from None
    label = _batch_label(default, folder)
    if default.is_file():
        with closing(BatchLedger(default, label=label)) as ledger:
            if next(ledger.calls(), None) is not None:
                return {"ledger": str(default.resolve()), "label": label}
    return None


class BatchLedger(Ledger):
    """A ledger whose rows say which item of the batch they are for.

    A row's label is that of the batch, then the item's digest and line. ``begun`` has the items by their label;
    ``accepted`` by their job's request id.
    """

    def __init__(self, path: Path, *, label: str) -> None:
        super().__init__(path, label=label)
        self.begun: dict[str | None, BatchItem] = {}
        self.accepted: dict[str, BatchItem] = {}
        self._submits: dict[int, BatchItem] = {}

    def begin(self, item: BatchItem) -> str:
        """Return the label for the item's request."""
        label = f"{item.digest}/{item.number}"
        self.begun[label] = item
        return label

    def calls(self) -> Iterator[tuple[str, Entry]]:
        """Yield the batch's rows, each with the digest of its item."""
        for entry in self.labelled():  # An earlier version wrote the batch's label only, without the item's.
            yield request_digest(entry.model, entry.request), entry
        prefix = f"{self.label}{ITEM_MARK}"
        for entry in self.labelled(prefix):
            yield str(entry.label).removeprefix(prefix).partition("/")[0], entry

    def record_submit(self, model: str, request: Mapping[str, Any], base_url: str, label: str | None = None) -> int:
        """Write a paid call down before it is sent, with the label of its item."""
        row_label = None if label is None else f"{self.label}{ITEM_MARK}{label}"
        number = super().record_submit(model, request, base_url, row_label)
        if label in self.begun:
            self._submits[number] = self.begun[label]
        return number

    def record_outcome(self, number: int, state: str, request_id: str | None) -> None:
        """Write down the good response to a paid call, and give the request id to its item."""
        super().record_outcome(number, state, request_id)
        item = self._submits.pop(number, None)
        if item is not None and request_id is not None:
            item.request_id = request_id
            self.accepted[request_id] = item

    def is_past_retention(self, request_id: str) -> bool:
        """Return whether a job is so old that the service need not keep its result."""
        rows = self._run("SELECT begun FROM jobs WHERE request_id = ?", (request_id,))
        return any(time.time() - begun >= RETAINED for (begun,) in rows if isinstance(begun, int | float))

    def claim_file(self, path: Path, request_id: str | None = None) -> None:
        """Claim ``path`` for this job: clear the ``file`` column of any other row that names it."""
        query = (
            "SELECT number, file FROM jobs WHERE (label = ? OR instr(label, ?) = 1) "
            "AND file IS NOT NULL AND request_id IS NOT ?"
        )
        for number, file in self._run(query, (self.label, f"{self.label}{ITEM_MARK}", request_id)):
            # If the folder was moved, older rows name the same file by its old path.
            if file == str(path) or (Path(file).name == path.name and not Path(file).is_file()):
                self._write("file = NULL WHERE number = ?", number)
