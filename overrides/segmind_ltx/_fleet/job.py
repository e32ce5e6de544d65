"""Do what can be done about one row: submit it, wait for its job, save its video."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from typing import Final, Protocol

from segmind_ltx import errors
from segmind_ltx._core import submit, wait
from segmind_ltx._core.effects import Sleep
from segmind_ltx._core.journal import EntryState
from segmind_ltx._core.parameters import prepare
from segmind_ltx._core.results import VideoFacts
from segmind_ltx._fleet.calls import FleetDriver, Slots, StoppingError
from segmind_ltx._fleet.engine import FETCH_QUEUE, Again, fetch_priority, submit_queue
from segmind_ltx._fleet.outputs import Outputs
from segmind_ltx._fleet.rows import MICROS, PAID, SENT, Begun, Rows
from segmind_ltx._fleet.waits import PaidJob, Waits

log: logging.Logger = logging.getLogger("segmind_ltx")

LONGEST_WAIT: Final = 1_000_000.0
"""Seconds to wait for a job: a job that is paid for is polled until it ends."""
SUBMIT_WITHIN: Final = 10.0
"""Seconds after which a row that says `sending` is no longer submitted: this process stood still meanwhile, and the
row may have been settled by a person."""
HELD_BY_DEFAULT: Final = 5.0
"""Seconds to hold back after a 429 that does not say when it ends."""
LONGEST_LIMIT: Final = 3600.0
NEW: Final = 0
"""The priority of a row that is still to be submitted."""
SAVE_AGAIN: Final = 30.0
"""Seconds between two attempts to save a video that cannot be saved."""


class Gate(Protocol):
    """What the worker knows about the submitting: whether it may go on, and why not."""

    def pause_submits(self, seconds: float) -> None:
        """Take no rows to submit, of any batch, for so many seconds."""
        ...

    def pause_batch(self, batch: int) -> None:
        """Take no rows of a batch that is out of budget, until money of it is given back."""
        ...

    @property
    def refusals(self) -> bool:
        """Whether the last submits of any worker were refused."""
        ...

    def freed(self) -> None:
        """Note that a job in flight is done with, so that another one can begin."""
        ...


class JobHandler:
    """Handles the entries of one worker."""

    def __init__(self, rows: Rows, driver: FleetDriver, outputs: Outputs, gate: Gate, base_url: str) -> None:
        self._rows, self._driver, self._outputs, self._gate, self._base_url = rows, driver, outputs, gate, base_url
        self._downloads = Slots(16)
        self.waits = Waits(self._advance, gate.freed)
        self.submitted = self.saved = 0

    async def handle(self, number: int) -> Again | None:
        """Handle one entry; return where to put it back if the row is neither done with nor waited for here."""
        job = await self._begin(number, secrets.token_hex(8))
        if not isinstance(job, PaidJob):
            return job
        if self._driver.stopping:
            return Again(FETCH_QUEUE, fetch_priority(job.begun))
        self.waits.add(number, job)
        return None

    async def _begin(self, number: int, ticket: str) -> PaidJob | Again | None:
        """Return the row's job that is paid for, submitted now if it was not before; else what to do with the entry."""
        row = await self._rows.begin(number, ticket)
        while row.verdict == "wait":
            # Only a worker without a place waits here; while it waits, its gate takes no further rows.
            seconds = max(0.0, (row.until or 0.0) - row.now) + 0.05
            self._gate.pause_submits(seconds)
            try:
                await self._driver.sleep(min(seconds, 5.0))
            except StoppingError:
                break
            row = await self._rows.begin(number, ticket)
        if row.verdict in {"wait", "stopped", "budget"}:
            if row.verdict == "budget":
                self._gate.pause_batch(row.batch or 0)
            else:
                self._gate.pause_submits(1.0)
            return Again(submit_queue(row.batch or 0), NEW)
        if row.verdict == EntryState.SENDING:
            submitted = await self._submit_whole(number, ticket, row)
            return PaidJob.of(row, submitted, self._driver.context.now()) if isinstance(submitted, str) else submitted
        if row.verdict in PAID and row.request_id is not None:
            return PaidJob.of(row, row.request_id, self._driver.context.now())
        return None

    async def _submit_whole(self, number: int, ticket: str, row: Begun) -> str | Again | None:
        """Submit a row; if the worker ends meanwhile, an id that is known is still written down."""
        known: list[str] = []
        submitting = asyncio.ensure_future(self._submit(number, ticket, row, known))
        try:
            return await asyncio.shield(submitting)
        except asyncio.CancelledError:
            if not known and not submitting.done():
                submitting.cancel()
                why = "the worker was stopped before the response to the submit arrived"
                await self._rows.change(number, EntryState.UNCERTAIN, (EntryState.SENDING,), ticket=ticket, detail=why)
                raise
            return await submitting

    async def _submit(self, number: int, ticket: str, row: Begun, known: list[str]) -> str | Again | None:
        """Submit a row that is this worker's; return the job's id, or where to put the entry back.

        The id is in ``known`` as soon as it has arrived.
        """
        began = time.time()
        back = Again(submit_queue(row.batch or 0), NEW)
        rows = self._rows
        try:
            if row.base_url != self._base_url:
                raise errors.ConfigurationError(f"the row is for {row.base_url}, not for {self._base_url}")
            prepared = prepare(row.model or "", json.loads(row.request or "{}"), row.label)
            if self._driver.stopping or time.time() - began > SUBMIT_WITHIN:
                await rows.give_back(number, ticket, "not sent: its worker stood still, or was stopped")
                return back
            request_id = await self._driver.run(submit.submit(self._driver.context, prepared, known.append))
        except errors.RateLimitError as error:
            reset = error.reset_at.timestamp() - time.time() if error.reset_at else HELD_BY_DEFAULT
            await rows.give_back(number, ticket, str(error))
            await rows.hold(min(max(reset, 1.0), LONGEST_LIMIT), "429: too many requests", limited=True)
            return back
        except (errors.AuthenticationError, errors.PermissionDeniedError, errors.InsufficientCreditsError) as error:
            await rows.give_back(number, ticket, str(error))
            await rows.stop(str(error))
            return back
        except errors.SubmitUncertainError as error:
            await rows.change(number, EntryState.UNCERTAIN, SENT, ticket=ticket, detail=str(error))
            return None
        except errors.UnexpectedResponseError as error:
            await rows.change(
                number, EntryState.UNCERTAIN, SENT, ticket=ticket, detail=str(error), request_id=error.request_id
            )
            return None
        except errors.ServerError as error:
            if error.request_id is not None:  # The job may exist: its id is known, so look.
                await rows.accept(number, ticket, error.request_id)
                return error.request_id
            await rows.give_back(number, ticket, str(error))
            await rows.trouble(str(error))
            return back
        except errors.APIConnectionError as error:
            # Not sent: the network of this machine, so only this machine waits.
            await rows.give_back(number, ticket, str(error))
            self._gate.pause_submits(5.0)
            return back
        except errors.JobFailedError as error:
            await rows.change(
                number, EntryState.FAILED, SENT, ticket=ticket, detail=str(error), request_id=error.request_id
            )
            return None
        except errors.SegmindLtxError as error:
            await rows.change(number, EntryState.REFUSED, SENT, ticket=ticket, detail=str(error))
            if not isinstance(error, errors.ParameterError):
                await rows.refused(str(error))
            return None
        self.submitted += 1
        await rows.accept(number, ticket, request_id)
        if self._gate.refusals:
            await rows.good()
        return request_id

    async def _advance(self, number: int, job: PaidJob) -> float | None:
        """Go on with a job up to its next pause, and return its seconds; None if the row is done with."""
        try:
            reached = await self._reach(job)
            if not isinstance(reached, VideoFacts):
                return reached
            await self._save(number, job, reached)
        except errors.JobFailedError as error:
            await self._rows.change(number, EntryState.FAILED, PAID, detail=str(error))
        except errors.NotFoundError as error:
            await self._rows.change(number, EntryState.GONE, PAID, detail=str(error))
        except errors.SegmindLtxError as error:
            log.error("row %d, job %s: %s; tried again in %.0f s", number, job.request_id, error, SAVE_AGAIN)
            if isinstance(error, errors.DownloadError):
                await self._rows.change(number, EntryState.COMPLETED, PAID, detail=str(error))
            job.flow = None
            return SAVE_AGAIN
        return None

    async def _reach(self, job: PaidJob) -> float | VideoFacts:
        """Return the result of a job, or the seconds of the next pause."""
        context = self._driver.context
        if job.flow is None:
            job.flow = wait.wait(context, job.request_id, job.model, timeout=LONGEST_WAIT, submitted=job.submitted)
        try:
            reached = await self._driver.advance(job.flow)
        except errors.NotFoundError:
            if job.url is None:
                raise
            # The result is no longer kept, but its video is, for days.
            return VideoFacts(request_id=job.request_id, model=job.model, url=job.url)
        return reached.seconds if isinstance(reached, Sleep) else reached

    async def _save(self, number: int, job: PaidJob, facts: VideoFacts) -> None:
        micros = None if facts.cost is None else round(facts.cost * MICROS)
        await self._rows.change(number, EntryState.COMPLETED, PAID, micros=micros, url=facts.url)
        job.url = facts.url
        self.waits.saving(number)
        async with self._downloads.taken(job.begun):
            name = job.label or f"{job.request_id}.mp4"
            file = await self._outputs.save(self._driver, facts, job.target or "", name)
        await self._rows.change(number, EntryState.SAVED, PAID, file=file)
        self.saved += 1
