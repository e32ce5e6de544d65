"""One worker: take rows from the queue until a signal ends it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from contextlib import suppress
from typing import Any, Final, NamedTuple

from psycopg_pool import PoolTimeout

from segmind_ltx._config import ClientOptions, Secret
from segmind_ltx._fleet import statements
from segmind_ltx._fleet.account import check_account
from segmind_ltx._fleet.calls import FleetDriver
from segmind_ltx._fleet.database import AWAY, Database
from segmind_ltx._fleet.engine import FETCH_QUEUE, fetch_priority, submit_queue
from segmind_ltx._fleet.job import JobHandler
from segmind_ltx._fleet.metrics import serve_metrics
from segmind_ltx._fleet.outputs import Outputs
from segmind_ltx._fleet.procrastinate_engine import ProcrastinateEngine
from segmind_ltx._fleet.rows import Rows
from segmind_ltx._fleet.sweep import Sweep
from segmind_ltx._postgres.connection import open_schema

log: logging.Logger = logging.getLogger("segmind_ltx")

CONTROL: Final = 1.0
"""Seconds between two reads of the ledger's budgets, holds and stop."""
GRACE: Final = 8.0
"""Seconds after SIGTERM in which calls in flight may end; then their jobs are handed over as they are."""
HAND_OVER: Final = 1.5
"""Seconds, after `GRACE`, to queue the jobs that are left for other workers; else another worker's sweep finds them."""
LOOK_AGAIN: Final = 30.0
"""Seconds after which to try a batch that was out of budget again."""


class WorkerOptions(NamedTuple):
    """``concurrency`` is the most jobs in flight.

    If a worker gives no sign for ``give_up_after`` seconds, others take its jobs over. ``until_done`` ends it when no
    row is left that it can advance, ``new_key`` lets it take another key than the ledger's, and ``metrics`` is the
    address that it serves metrics on.
    """

    concurrency: int = 500
    give_up_after: float = 30.0
    until_done: bool = False
    new_key: bool = False
    metrics: str | None = None


class Worker:
    """A worker of a fleet."""

    def __init__(self, url: str, client: ClientOptions, key: Secret, options: WorkerOptions) -> None:
        self._url, self._client, self._key, self._options = url, client, key, options
        self._open = [FETCH_QUEUE]  # It is always the first; the others have rows to submit.
        self._queues = [FETCH_QUEUE]  # The engine's: those that are open, or none while there is no room.
        self._paused_until = 0.0
        self._look_again_at: dict[int, float] = {}
        self._used: dict[int, int | None] = {}  # For each batch out of budget, what it had used.
        self._refusals = self._ending = False
        self._stop_asked = 0.0  # When, on the event loop's clock.
        self.driver = FleetDriver(client)
        self.handler: JobHandler | None = None
        self._running = 0

    async def run(self) -> None:
        """Work until SIGTERM, SIGINT or, with ``until_done``, until no row is left that a worker can advance."""
        with open_schema(self._url) as connection:
            check_account(connection, self._key, self._client.base_url, new_key=self._options.new_key)
        database, options = Database(self._url), self._options
        await database.open()
        name = f"{socket.gethostname()}:{os.getpid()}"
        number: int = (await database.row(statements.ENTER, {"name": name, "concurrency": options.concurrency}))[0]
        rows = Rows(database, number)
        beat = options.give_up_after / 4
        self._engine = ProcrastinateEngine(database, concurrency=options.concurrency, beat=beat, grace=GRACE)
        self.handler = JobHandler(rows, self.driver, Outputs(), self, self._client.base_url)
        if options.metrics is not None:
            serve_metrics(options.metrics, self._url, self.handler)
        self._sweep = Sweep(self._engine, options.give_up_after)
        self._install_signals()
        side = [
            asyncio.create_task(self._forever(work, database))
            for work in (self._control, self._alive(number, beat), self._sweep.run)
        ]
        try:
            await self._engine.run(self._handle, self._queues)
            await self._hand_over(database)
        finally:
            for task in side:
                task.cancel()
            await asyncio.gather(*side, return_exceptions=True)
            await database.rows(statements.LEAVE, {"number": number})
            await self.driver.close()
            await database.close()

    def pause_submits(self, seconds: float) -> None:
        """Take no rows to submit, of any batch, for so many seconds."""
        self._paused_until = max(self._paused_until, asyncio.get_running_loop().time() + seconds)
        del self._open[1:]
        self._set_queues()

    def pause_batch(self, batch: int) -> None:
        """Take no rows of a batch that is out of budget, until money of it is given back."""
        self._look_again_at[batch] = asyncio.get_running_loop().time() + LOOK_AGAIN
        self._used.setdefault(batch, None)
        with suppress(ValueError):
            self._open.remove(submit_queue(batch))
        self._set_queues()

    def freed(self) -> None:
        """Note that a job in flight is done with, so that another one can begin."""
        if not self._queues:
            self._set_queues()
            self._engine.wake()

    def _set_queues(self) -> None:
        """Offer the open queues to the engine, or none if there is no room for one more job, or at the end."""
        self._queues[:] = [] if self._ending or self.in_flight >= self._options.concurrency else self._open

    @property
    def in_flight(self) -> int:
        """The number of rows that this worker submits, waits for or saves."""
        return self._running + (len(self.handler.waits) if self.handler is not None else 0)

    @property
    def refusals(self) -> bool:
        """Whether the last submits of any worker were refused."""
        return self._refusals

    def stop(self) -> None:
        """Ask the worker to stop: nothing more is submitted, and `run` hands its jobs over and returns."""
        if not self._ending:
            self._ending = True
            self._stop_asked = asyncio.get_running_loop().time()
            self._set_queues()
            self._engine.stop()
            self.driver.stop()

    async def _handle(self, number: int) -> Any:
        assert self.handler is not None  # noqa: S101 - `run` sets it
        self._running += 1
        self._set_queues()
        try:
            return await self.handler.handle(number)
        finally:
            self._running -= 1
            self.freed()

    async def _hand_over(self, database: Database) -> None:
        """Give the jobs that are still waited for to other workers. If that fails, their sweep finds them."""
        assert self.handler is not None  # noqa: S101 - `run` sets it
        left = await self.handler.waits.close(max(0.0, self._stop_asked + GRACE - asyncio.get_running_loop().time()))
        if not left:
            return
        numbers, priorities = [number for number, _ in left], [fetch_priority(job.begun) for _, job in left]
        try:
            async with asyncio.timeout(HAND_OVER), database.pool.connection() as connection:
                await self._engine.enqueue(connection, FETCH_QUEUE, numbers, priorities)
        except (*AWAY, TimeoutError, PoolTimeout) as error:
            log.warning("%d jobs could not be handed over (%s); another worker finds them", len(left), error)

    def _install_signals(self) -> None:
        loop = asyncio.get_running_loop()

        def on_signal() -> None:
            if self._ending:
                log.error("second signal: the worker ends now; what was not written down is uncertain")
                os._exit(1)
            log.warning("stopping: nothing more is submitted; %d jobs are handed over", self.in_flight)
            self.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError):  # Windows.
                loop.add_signal_handler(number, on_signal)

    async def _forever(self, work: Any, database: Database) -> None:
        """Repeat ``work`` until cancelled; an exception in it is logged, and ends neither it nor the worker."""
        while True:
            try:
                await work(database)
            except AWAY as error:
                log.debug("%s", error)
                await asyncio.sleep(CONTROL)
            except Exception:
                log.exception("a background task of the worker failed; it is started again")
                await asyncio.sleep(CONTROL)

    async def _control(self, database: Database) -> None:
        """Open and close the queues by what the ledger says."""
        now, stopped, held_until, refusals, batches = await database.row(statements.CONTROL)
        self._refusals = bool(refusals)
        closed = stopped is not None or held_until > now or self._paused_until > asyncio.get_running_loop().time()
        if closed or self._ending:
            del self._open[1:]
        else:
            for number, used in batches or ():
                if self._resume_if_due(number, used) and submit_queue(number) not in self._open:
                    self._open.append(submit_queue(number))
        self._set_queues()
        waiting = [number for number, _ in batches or () if number not in self._used]
        idle = self._options.until_done and not self.in_flight and (stopped is not None or not waiting)
        if idle and not (await database.row(statements.IN_FLIGHT))[0]:
            self.stop()
        await asyncio.sleep(CONTROL)

    def _resume_if_due(self, batch: int, used: int) -> bool:
        """Let a batch that was out of budget go on if money was given back, or after `LOOK_AGAIN`; return if it may."""
        if batch not in self._used:
            return True
        before = self._used[batch]
        if self._look_again_at[batch] > asyncio.get_running_loop().time() and (before is None or used >= before):
            self._used[batch] = used
            return False
        del self._used[batch]
        return True

    def _alive(self, number: int, beat: float) -> Any:
        async def give_sign(database: Database) -> None:
            await database.rows(statements.ALIVE, {"number": number, "running": self.in_flight})
            await asyncio.sleep(beat)

        return give_sign
