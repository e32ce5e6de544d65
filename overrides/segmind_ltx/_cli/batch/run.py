"""The run of a batch: what is paid for is fetched, the rest is made for as long as the budget allows."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from segmind_ltx import Client, Outcome, Video, errors
from segmind_ltx._cli.batch import items as batch
from segmind_ltx._cli.batch.budget import Purse
from segmind_ltx._cli.batch.items import Line, check, digest_of
from segmind_ltx._cli.batch.ledger import Book
from segmind_ltx._cli.batch.plan import Past, assign, past_of
from segmind_ltx._cli.batch.progress import Board
from segmind_ltx._cli.output import check_target, print_err
from segmind_ltx._config import read_base_url
from segmind_ltx._core.journal import EntryState
from segmind_ltx._core.results import JobStatus

IN_A_ROW: Final = 3
"""After so many failures in a row for a cause that is not the line's own nothing more begins: it would fail as well."""
NOT_ITS_OWN: Final = (
    errors.ConfigurationError,
    errors.AuthenticationError,
    errors.PermissionDeniedError,
    errors.InsufficientCreditsError,
    errors.RateLimitError,
    errors.ServerError,
    errors.APIConnectionError,
    errors.UnexpectedResponseError,
)
LAST_LOOK: Final = 30.0
"""Seconds for each job of an earlier run, even where the time for all of them is over."""


class Run:
    """The lines, and what is done about each. ``interrupted`` and ``stopped`` say why some were not come to."""

    def __init__(self, book: Book, lines: list[Line], folder: Path, purse: Purse, board: Board, *, force: bool) -> None:
        self.interrupted = False
        self.stopped: str | None = None
        self._book, self._lines, self._folder, self._purse, self._board = book, lines, folder, purse, board
        self._force, self._failures = force, 0
        self._elsewhere = Counter[str]()

    def plan(self, source: str) -> None:
        """See what there is already. Raises `ParameterError` where a video would have no place."""
        others = [call.entry for call in assign(self._lines, self._past()) if not call.file]
        check(source, list(self._problems()))
        for host, count in self._elsewhere.items():
            print_err(
                f"{count} paid calls of this batch went to {host}, not to {read_base_url(None)}: they count in the budget, "
                "but their lines are made anew. To fetch them, set SEGMIND_BASE_URL to where they are."
            )
        ids = [entry.request_id for entry in others if entry.fetchable and entry.request_id]
        if ids:
            print_err(f"paid for, but of no line any more; segmind-ltx jobs --resume fetches them: {', '.join(ids)}")

    def run(self, concurrency: int, timeout: float, again: Collection[str]) -> None:
        """Do what can be done; lines in one of the states in ``again`` are submitted again."""
        with Client(ledger=self._book) as client:
            try:
                with self._board.shown():
                    self._fetch(client, timeout, again)
                    self._make(client, concurrency, timeout)
            except KeyboardInterrupt:
                self.interrupted = True
                self._look_again()

    def _past(self) -> list[Past]:
        here, now = read_base_url(None), time.time()
        calls: list[Past | None] = []
        for entry in self._book.labelled():
            if entry.base_url == here:
                self._purse.put_call(entry.request_id or entry.number, entry)
                calls.append(past_of(entry, self._folder, now))
            else:  # Another host's jobs are others, but the account may be the same.
                self._purse.put_call((entry.base_url, entry.number), entry)
                if entry.state not in {EntryState.REFUSED, EntryState.FAILED}:
                    self._elsewhere[entry.base_url] += 1
        return [call for call in calls if call is not None]

    def _problems(self) -> Iterator[str]:
        taken = {line.file: line.number for line in self._lines if line.file is not None}
        for line in self._lines:
            target = self._folder / line.name
            if line.file is not None:
                continue
            if target in taken:
                yield f"line {line.number}: {target} is the video of line {taken[target]}; give it another name"
            elif target.name.startswith(Path(self._book.path).name):
                yield f"line {line.number}: {target.name!r} is a name of the ledger's; give it another one"
            else:
                try:
                    check_target(target, self._force)
                except errors.SegmindLtxError as error:
                    yield f"line {line.number}: {error}"

    def _fetch(self, client: Client, timeout: float, again: Collection[str]) -> None:
        """Wait for the jobs of earlier runs. They all run already, so there is one time for all of them."""
        until = time.monotonic() + timeout
        for line in self._lines:
            if line.state == batch.UNFINISHED and line.request_id is not None and self.stopped is None:
                line.problem = None
                self._book.wait(line.request_id, line)
                self._board.begin(line)
                try:
                    left = max(until - time.monotonic(), min(timeout, LAST_LOOK))
                    video = client.job(line.request_id).wait(left, on_status=self._tell)
                except errors.SegmindLtxError as error:
                    self._failed(line, error)
                else:
                    self._save(line, video)
            if line.state in again:
                line.state = batch.NOT_BEGUN
            elif line.state != batch.NOT_BEGUN:
                self._board.end(line)

    def _make(self, client: Client, concurrency: int, timeout: float) -> None:
        waiting = deque(line for line in self._lines if line.state == batch.NOT_BEGUN)
        # Again and again, since jobs that cost less than they might have leave something for others.
        while waiting and self.stopped is None and self._purse.allows(waiting[0].model):
            drawn: list[Line] = []
            requests = self._requests(waiting, drawn)
            many = client.generate_many(requests, concurrency=concurrency, timeout=timeout, on_status=self._tell)
            with closing(many) as outcomes:
                for outcome in outcomes:
                    self._ended(outcome, drawn[outcome.index].digest)
        if waiting and self.stopped is None:
            self.stopped = f"one more {waiting[0].model.slug} might exceed the budget: {self._purse}"

    def _requests(self, waiting: deque[Line], drawn: list[Line]) -> Iterator[Any]:
        """The requests, drawn on whenever a job may begin, for as long as another one may."""
        while waiting and self.stopped is None and self._purse.allows(waiting[0].model):
            line = waiting.popleft()
            line.request_id = line.cost = line.problem = line.error = None
            self._board.begin(line)
            try:
                request = line.request()
            except errors.ParameterError as error:  # Its picture is not what it was a moment ago.
                self._failed(line, error)
                self._board.end(line)
                continue
            line.state, line.digest = batch.RUNNING, digest_of(line.model.slug, request.to_dict())
            self._purse.put(line, doubt=line.model.usd_high)
            drawn.append(line)
            self._book.begin(line)
            yield request

    def _tell(self, status: JobStatus) -> None:
        line = self._book.line_of(status.request_id)
        if line is not None:
            self._board.change(line, status.state)

    def _ended(self, outcome: Outcome[Video], digest: str) -> None:
        line = self._book.end(outcome.request_id, digest)
        if outcome.video is not None:
            self._save(line, outcome.video)
        else:
            self._failed(line, outcome.error)
        self._board.end(line)

    def _save(self, line: Line, video: Video) -> None:
        self._failures = 0
        line.cost = video.cost
        self._paid(line)
        target = self._folder / line.name
        self._book.own(target, line.request_id)
        if not self._force:
            # Before the file has its name, so that it is known for this line's whenever the program ends.
            self._book.update(line.request_id, EntryState.COMPLETED, file=str(target))
        try:
            line.file = video.save(target, overwrite=self._force)
            line.state = batch.SAVED
        except errors.SegmindLtxError as error:
            if isinstance(error, errors.OutputExistsError):
                self._book.update(line.request_id, EntryState.COMPLETED, file="")  # What lies there is somebody else's.
            line.state, line.problem, line.error = batch.UNFINISHED, str(error), type(error).__name__

    def _failed(self, line: Line, error: Exception | None) -> None:
        line.state, line.problem, line.error = _state(line, error), str(error), type(error).__name__
        if line.state == batch.FAILED:
            self._purse.put(line)
            self._purse.put(line.request_id)
        else:
            self._paid(line)
        if isinstance(error, NOT_ITS_OWN):
            self._failures += 1
            if self._failures >= IN_A_ROW:
                self.stopped = f"{self._failures} in a row failed, and not by a fault of their own: {error}"
        else:
            self._failures = 0

    def _paid(self, line: Line) -> None:
        """Put down what a job has cost, or may have."""
        self._purse.put(line)
        key = line.request_id or line
        if line.cost is None:
            self._purse.put(key, doubt=line.model.usd_high)
        else:
            self._purse.put(key, known=line.cost)

    def _look_again(self) -> None:
        """After an interrupt the ledger knows best what became of the lines in flight."""
        running = [line for line in self._lines if line.state == batch.RUNNING]
        others = {line.request_id for line in self._lines if line.state != batch.RUNNING and line.request_id}
        for line in running:
            line.state = batch.NOT_BEGUN
        for line in self._lines:
            self._purse.put(line)
        assign(running, [call for call in self._past() if call.entry.request_id not in others])


def _state(line: Line, error: Exception | None) -> str:
    """What is known of a line's job by the exception that it ended with."""
    if isinstance(error, errors.JobFailedError):
        return batch.FAILED
    if line.request_id is not None:
        return batch.GONE if isinstance(error, errors.NotFoundError) else batch.UNFINISHED
    # What is none of ours came from where nothing is known.
    ours = isinstance(error, errors.SegmindLtxError)
    lost = isinstance(error, errors.SubmitUncertainError | errors.UnexpectedResponseError)
    return batch.UNCERTAIN if lost or not ours else batch.FAILED
