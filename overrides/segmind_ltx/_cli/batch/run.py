"""The run of a batch: fetch the jobs that are paid for, then make the other items within the budget.

More than 250 lines, since the two passes of a run share its budget, its ledger and its progress.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Collection, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from segmind_ltx import Client, LabelledRequest, Outcome, Video, errors
from segmind_ltx._cli.batch.background import Background
from segmind_ltx._cli.batch.budget import Budget
from segmind_ltx._cli.batch.items import BatchItem, ItemState, raise_if_any, request_digest
from segmind_ltx._cli.batch.ledger import BatchLedger
from segmind_ltx._cli.batch.plan import PriorCall, match, prior_call
from segmind_ltx._cli.batch.progress import BatchProgress
from segmind_ltx._cli.output import check_target, print_err
from segmind_ltx._config import read_base_url
from segmind_ltx._core.journal import EntryState
from segmind_ltx._core.results import JobStatus

MAX_CONSECUTIVE_FAILURES: Final = 3
"""After this many systemic errors in a row no further item begins, since it would fail too."""
SYSTEMIC_ERRORS: Final = (
    errors.ConfigurationError,
    errors.AuthenticationError,
    errors.PermissionDeniedError,
    errors.InsufficientCreditsError,
    errors.RateLimitError,
    errors.ServerError,
    errors.APIConnectionError,
    errors.UnexpectedResponseError,
)
"""Errors whose cause is not the item itself."""
MIN_FETCH_TIME: Final = 30.0
"""Seconds to wait for each job of an earlier run, even if the timeout for all of them is over."""


STOP_TIME: Final = 3.0
"""Seconds for which an interrupted run waits for its downloads to stop, so that they leave no partial files."""


class _Fetched(NamedTuple):
    """What came of the wait for an item's earlier job; neither if the run had stopped before."""

    item: BatchItem
    video: Video | None
    error: errors.SegmindLtxError | None


class _Saved(NamedTuple):
    """What came of an item's download."""

    item: BatchItem
    path: Path | None
    error: errors.SegmindLtxError | None


class BatchRun:
    """The items of a batch, and what is done about each.

    ``stopped`` is the reason if the run ended early; ``interrupted`` is set after Ctrl-C.
    """

    def __init__(
        self,
        ledger: BatchLedger,
        items: list[BatchItem],
        folder: Path,
        budget: Budget,
        progress: BatchProgress,
        *,
        force: bool,
    ) -> None:
        self.interrupted = False
        self.stopped: str | None = None
        self._ledger, self._items, self._folder = ledger, items, folder
        self._budget, self._progress = budget, progress
        self._force, self._failures = force, 0
        self._background: Background[_Fetched | _Saved] = Background()
        self._at_other_hosts = Counter[str]()

    def plan(self, source: str) -> None:
        """Match the items with the ledger. Raises `ParameterError` if a video cannot be written."""
        unmatched = [call.entry for call in match(self._items, self._prior_calls()) if not call.file]
        raise_if_any(source, list(self._problems()))
        for host, count in self._at_other_hosts.items():
            print_err(
                f"{count} paid calls of this batch went to {host}, not to {read_base_url(None)}. They count in the "
                f"budget, but their items are made again. To fetch them instead, set SEGMIND_BASE_URL to {host}."
            )
        ids = [entry.request_id for entry in unmatched if entry.fetchable and entry.request_id]
        if ids:
            print_err(
                f"paid for, but no longer in the file; fetch them with segmind-ltx jobs --resume: {', '.join(ids)}"
            )

    def run(self, concurrency: int, timeout: float, resubmit: Collection[str]) -> None:
        """Fetch and make what can be; submit items again if their state is in ``resubmit``."""
        with Client(ledger=self._ledger) as client, closing(self._background):
            try:
                with self._progress.shown():
                    self._fetch_all(client, timeout, resubmit)
                    self._make_all(client, concurrency, timeout)
            except KeyboardInterrupt:
                self.interrupted = True
                for ended in self._background.stop(STOP_TIME):
                    if isinstance(ended, _Saved):
                        self._end_save(ended)
                self._match_running()

    def _prior_calls(self) -> list[PriorCall]:
        """Return the ledger's calls to this host; add the cost of every call to the budget."""
        base_url, now = read_base_url(None), time.time()
        calls: list[PriorCall | None] = []
        for digest, entry in self._ledger.calls():
            if entry.base_url == base_url:
                self._budget.set_entry(entry.request_id or entry.number, entry)
                calls.append(prior_call(entry, digest, self._folder, now))
            else:  # Another host has other jobs, but they may be billed to the same account.
                self._budget.set_entry((entry.base_url, entry.number), entry)
                if entry.state not in {EntryState.REFUSED, EntryState.FAILED}:
                    self._at_other_hosts[entry.base_url] += 1
        return [call for call in calls if call is not None]

    def _problems(self) -> Iterator[str]:
        taken = {item.file: item.number for item in self._items if item.file is not None}
        for item in self._items:
            target = self._folder / item.name
            if item.file is not None:
                continue
            if target in taken:
                yield f"line {item.number}: {target} is the video of line {taken[target]}; give it another name"
            elif target.name.startswith(Path(self._ledger.path).name):
                yield f"line {item.number}: {target.name!r} is a file of the ledger; give it another name"
            else:
                try:
                    check_target(target, self._force)
                except errors.SegmindLtxError as error:
                    yield f"line {item.number}: {error}"

    def _fetch_all(self, client: Client, timeout: float, resubmit: Collection[str]) -> None:
        """Wait for the jobs of earlier runs. All of them run already, so they share one timeout."""
        deadline = time.monotonic() + timeout
        waiting: set[int] = set()
        for item in self._items:
            if item.state == ItemState.UNFINISHED and item.request_id is not None:
                item.problem = None
                self._ledger.accepted[item.request_id] = item
                self._progress.begin(item)
                waiting.add(item.number)
                self._background.start(partial(self._fetch, client, item, deadline, timeout))
            elif item.state != ItemState.NOT_BEGUN and item.state not in resubmit:
                self._progress.end(item)
        self._collect(wait=True)
        for item in self._items:
            if item.state in resubmit:
                item.state = ItemState.NOT_BEGUN
            elif item.number in waiting and item.state != ItemState.SAVED:
                self._progress.end(item)

    def _fetch(self, client: Client, item: BatchItem, deadline: float, timeout: float) -> _Fetched:
        """Wait for the job of an item, in a thread."""
        if self.stopped is not None or item.request_id is None:
            return _Fetched(item, None, None)
        remaining = max(deadline - time.monotonic(), min(timeout, MIN_FETCH_TIME))
        try:
            return _Fetched(item, client.job(item.request_id).wait(remaining, on_status=self._on_status), None)
        except errors.SegmindLtxError as error:
            return _Fetched(item, None, error)

    def _collect(self, *, wait: bool) -> None:
        """Take what has ended in the background."""
        for ended in self._background.ended(wait=wait):
            self._take(ended)

    def _take(self, ended: _Fetched | _Saved) -> None:
        if isinstance(ended, _Saved):
            self._end_save(ended)
        elif ended.video is not None:
            self._save(ended.item, ended.video)
        elif ended.error is not None:
            self._record_failure(ended.item, ended.error)

    def _make_all(self, client: Client, concurrency: int, timeout: float) -> None:
        queue = deque(item for item in self._items if item.state == ItemState.NOT_BEGUN)
        # Try again after each round: jobs that cost less than their highest price leave budget for others.
        while queue and self.stopped is None and self._budget.allows(queue[0].model):
            requests = self._requests(queue)
            many = client.generate_many(requests, concurrency=concurrency, timeout=timeout, on_status=self._on_status)
            with closing(many) as outcomes:
                for outcome in outcomes:
                    self._end(outcome)
                    self._collect(wait=False)
        self._collect(wait=True)
        if queue and self.stopped is None:
            self.stopped = f"one more {queue[0].model.slug} might exceed the budget: {self._budget}"

    def _requests(self, queue: deque[BatchItem]) -> Iterator[LabelledRequest]:
        """Yield the next request whenever a job may begin, until the budget is used up or the run stops."""
        while queue and self.stopped is None and self._budget.allows(queue[0].model):
            item = queue.popleft()
            item.request_id = item.cost = item.problem = item.error = None
            self._progress.begin(item)
            try:
                request = item.request()
            except errors.ParameterError as error:  # Its image file has changed since it was checked.
                self._record_failure(item, error)
                self._progress.end(item)
                continue
            item.state, item.digest = ItemState.RUNNING, request_digest(item.model.slug, request.to_dict())
            self._budget.set(item, uncertain=item.model.usd_high)
            yield LabelledRequest(request, self._ledger.begin(item))

    def _on_status(self, status: JobStatus) -> None:
        item = self._ledger.accepted.get(status.request_id)
        if item is not None:
            self._progress.update(item, status.state)

    def _end(self, outcome: Outcome[Video]) -> None:
        item = self._ledger.begun[outcome.label]
        if outcome.video is not None:
            self._save(item, outcome.video)
        else:
            self._record_failure(item, outcome.error)
            self._progress.end(item)

    def _save(self, item: BatchItem, video: Video) -> None:
        self._failures = 0
        item.cost = video.cost
        self._record_cost(item)
        target = self._folder / item.name
        self._ledger.claim_file(target, item.request_id)
        if not self._force:
            # Before the file gets its name, so that after a crash the file is known as this item's.
            self._ledger.update(item.request_id, EntryState.COMPLETED, file=str(target))
        self._background.start(partial(self._download, item, video, target))

    def _download(self, item: BatchItem, video: Video, target: Path) -> _Saved:
        """Save a video, in a thread: a slow download must not hold up the other items."""
        try:
            path = video.save(target, overwrite=self._force, progress=self._background.raise_if_stopped)
        except errors.SegmindLtxError as error:
            return _Saved(item, None, error)
        return _Saved(item, path, None)

    def _end_save(self, saved: _Saved) -> None:
        item, error = saved.item, saved.error
        if error is None:
            item.file, item.state = saved.path, ItemState.SAVED
        else:
            if isinstance(error, errors.OutputExistsError):
                # Another program has created that file in the meantime: it is not this video.
                self._ledger.update(item.request_id, EntryState.COMPLETED, file="")
            item.state, item.problem, item.error = ItemState.UNFINISHED, str(error), type(error).__name__
        self._progress.end(item)

    def _record_failure(self, item: BatchItem, error: Exception | None) -> None:
        item.state, item.problem, item.error = self._state_after(item, error), str(error), type(error).__name__
        if item.state == ItemState.FAILED:
            self._budget.set(item)
            self._budget.set(item.request_id)
        else:
            self._record_cost(item)
        if isinstance(error, SYSTEMIC_ERRORS):
            self._failures += 1
            if self._failures >= MAX_CONSECUTIVE_FAILURES:
                self.stopped = f"{self._failures} in a row failed, and not because of their requests: {error}"
        else:
            self._failures = 0

    def _record_cost(self, item: BatchItem) -> None:
        """Set what the item's job has cost, or may have cost."""
        self._budget.set(item)
        key = item.request_id or item
        if item.cost is None:
            self._budget.set(key, uncertain=item.model.usd_high)
        else:
            self._budget.set(key, known=item.cost)

    def _match_running(self) -> None:
        """After an interrupt, read the state of the items in flight from the ledger."""
        running = [item for item in self._items if item.state == ItemState.RUNNING]
        others = {item.request_id for item in self._items if item.state != ItemState.RUNNING and item.request_id}
        for item in running:
            item.state = ItemState.NOT_BEGUN
        for item in self._items:
            self._budget.set(item)
        match(running, [call for call in self._prior_calls() if call.entry.request_id not in others])

    def _state_after(self, item: BatchItem, error: Exception | None) -> ItemState:
        """Return the state of an item after an exception."""
        if isinstance(error, errors.JobFailedError):
            return ItemState.FAILED
        if item.request_id is not None:
            # A new job may not be known to every server at once; it is gone only if its hour is over.
            gone = isinstance(error, errors.NotFoundError) and self._ledger.is_past_retention(item.request_id)
            return ItemState.GONE if gone else ItemState.UNFINISHED
        # An exception that is not ours says nothing about billing, so assume that a job may exist.
        ours = isinstance(error, errors.SegmindLtxError)
        uncertain = isinstance(error, errors.SubmitUncertainError | errors.UnexpectedResponseError)
        return ItemState.UNCERTAIN if uncertain or not ours else ItemState.FAILED
