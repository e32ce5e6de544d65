"""Which ledger a batch has. A folder keeps to one: another knows nothing of its jobs, and would pay for all anew."""

from __future__ import annotations

import json
import os
from collections import defaultdict, deque
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from segmind_ltx._cli.batch.items import Line, digest_of
from segmind_ltx._files import PartialFile
from segmind_ltx.errors import ParameterError
from segmind_ltx.ledger import LEDGER_VARIABLE, Ledger

NOTE: Final = ".batch.ledger"
"""The file in the folder that says which ledger its jobs are in."""
OWN: Final = "jobs.sqlite"
"""The ledger in the folder itself, where no other is chosen."""


def book_of(given: Path | None, folder: Path) -> Book:
    """The ledger that is chosen. Raises `ParameterError` where the folder's jobs are in another one."""
    path = Path(given or os.environ.get(LEDGER_VARIABLE) or folder / OWN).absolute()
    _check(path, folder)
    return Book(path, label=_label(path, folder))


def keep(book: Book, folder: Path) -> None:
    """Note which ledger the folder has, before anything is paid for."""
    noted = {"ledger": str(Path(book.path).resolve()), "label": book.label}
    if _noted(folder) != noted:
        with PartialFile(folder / NOTE, overwrite=True, request_id=None, url=None) as file:
            file.write(json.dumps(noted).encode())
            file.commit()


def _label(path: Path, folder: Path) -> str:
    """A ledger knows its batch by the folder as seen from where it lies itself, so that both can be moved."""
    try:
        label = Path(os.path.relpath(folder, path.parent.resolve()))
    except ValueError:  # They are on two drives.
        label = folder
    return f"batch {label.as_posix()}"


def _check(path: Path, folder: Path) -> None:
    noted = _noted(folder)
    if noted is None:
        return
    ledger, chosen = Path(noted["ledger"]), path.resolve()
    same = _label(path, folder) == noted["label"]
    if same and (ledger == chosen or _moved(ledger, chosen)):
        return
    if ledger == chosen:
        why = "this folder is not where it was when its jobs were noted there; move it back"
    else:
        why = f"{path} does not know of them; give --ledger {ledger}"
    raise ParameterError(
        f"--out {folder}: its jobs are in the ledger {ledger}, and {why}, since all lines would be paid for again "
        f"otherwise. To begin anew without what is paid for, take another folder, or remove {folder / NOTE} and any "
        f"{OWN} beside it"
    )


def _moved(ledger: Path, chosen: Path) -> bool:
    """Whether folder and ledger were moved together; that one is seen from the other as before is known already."""
    return ledger.name == chosen.name and not ledger.exists() and chosen.exists()


def _noted(folder: Path) -> dict[str, Any] | None:
    """What the folder says of its ledger; one that lies in it, with jobs of this batch, counts as well."""
    note, own = folder / NOTE, folder / OWN
    if note.exists():
        try:
            told: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
            return {"ledger": str(told["ledger"]), "label": str(told["label"])}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ParameterError(f"{note} cannot be read ({error}); it says which ledger has the jobs") from None
    label = _label(own, folder)
    if own.is_file():
        with closing(Ledger(own, label=label)) as ledger:
            if next(ledger.labelled(), None) is not None:
                return {"ledger": str(own.resolve()), "label": label}
    return None


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

    def record_submit(self, model: str, request: Mapping[str, Any], base_url: str, label: str | None = None) -> int:
        """Write a paid call down before it leaves."""
        number = super().record_submit(model, request, base_url, label)
        self._digests[number] = digest_of(model, request)
        return number

    def record_response(self, number: int, state: str, request_id: str | None) -> None:
        """Write down that a paid call was answered well."""
        super().record_response(number, state, request_id)
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
