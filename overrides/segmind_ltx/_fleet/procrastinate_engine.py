"""Procrastinate as the queue."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, LiteralString, TypeVar

import procrastinate
import psycopg
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.worker import Worker
from psycopg import errors as pg

from segmind_ltx._fleet.database import Database
from segmind_ltx._fleet.engine import FETCH_QUEUE, Again, Handler

T = TypeVar("T")

TASK: Final = "row"
POLL: Final = 0.5
"""Seconds between two looks into an empty queue. LISTEN would end with the server's first restart."""
RESCUED: Final = 2_000_000_000
"""The priority of a dead worker's entries: above all others, since their results may be old."""
KEEP_DEAD: Final = 3600.0
"""Seconds for which a dead worker's row in the queue is kept. If it were deleted, a worker that wakes would fail."""
AFTER_MISTAKE: Final = 30
NEVER: Final = 1e9
AT_ONCE: Final = 10_000

log: logging.Logger = logging.getLogger("segmind_ltx")

_ENQUEUE: Final = """
SELECT procrastinate_defer_jobs_v1(array_agg(ROW(
    %(queue)s, %(task)s, priority, NULL, NULL, jsonb_build_object('number', number), NULL
)::procrastinate_job_to_defer_v1)) FROM unnest(%(numbers)s::bigint[], %(priorities)s::integer[]) AS t (number, priority)
"""
_RESCUE: Final = """
WITH dead AS (
    SELECT j.id, (j.args->>'number')::bigint AS number FROM procrastinate_jobs j
    LEFT JOIN procrastinate_workers w ON w.id = j.worker_id
    WHERE j.status = 'doing' AND j.task_name = %(task)s
    AND (w.id IS NULL OR w.last_heartbeat < now() - make_interval(secs => %(seconds)s))
    ORDER BY j.id FOR UPDATE OF j SKIP LOCKED
)
SELECT number, procrastinate_retry_job_v2(id, now(), %(priority)s, %(queue)s, NULL) FROM dead
"""
_HELD: Final = """
SELECT id, (args->>'number')::bigint FROM procrastinate_jobs WHERE status = 'doing' AND worker_id = %(worker)s
"""
_PUT_BACK: Final = "SELECT procrastinate_retry_job_v2(%(id)s, now(), %(priority)s, %(queue)s, NULL)"


async def enqueue(
    connection: psycopg.AsyncConnection[Any], queue: str, numbers: Sequence[int], priorities: Sequence[int] | int
) -> None:
    """Add an entry for each row, in the caller's transaction. The rows have a priority each, or one for all."""
    each = [priorities] * len(numbers) if isinstance(priorities, int) else list(priorities)
    for start in range(0, len(numbers), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        values = {"queue": queue, "task": TASK, "numbers": list(numbers[part]), "priorities": each[part]}
        await connection.execute(_ENQUEUE, values)


class _PutBackError(Exception):
    """Carries a handler's wish through Procrastinate, which puts an entry back only after an exception."""

    def __init__(self, again: Again) -> None:
        super().__init__()
        self.again = again


class _PutBack(BaseRetryStrategy):
    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:  # noqa: ARG002 - its signature
        """Put the entry back as the handler said or, after a mistake in our code, for a later attempt."""
        if isinstance(exception, _PutBackError):
            return RetryDecision(priority=exception.again.priority, queue=exception.again.queue)
        return RetryDecision(retry_in={"seconds": AFTER_MISTAKE})


class _Connector(procrastinate.PsycopgConnector):
    """Repeat each statement while the server is away: otherwise Procrastinate ends the worker."""

    def __init__(self, database: Database) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType] - its parameters are partly untyped
        self._database = database

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        """Run a statement, for example one that ends an entry."""
        try:
            await self._insist(lambda: super(_Connector, self).execute_query_async(query, **arguments))
        except ConnectorException as error:
            # The entry was ended or given to another worker before, or the answer to that very statement was lost.
            if not isinstance(error.__cause__, pg.RaiseException):
                raise
            log.debug("queue: %s", error.__cause__)

    async def execute_query_one_async(self, query: LiteralString, **arguments: Any) -> dict[str, Any]:
        """Run a statement that returns one row."""
        if arguments.get("queues") == []:
            return {"id": None}  # All queues are closed: the server need not be asked.
        return await self._insist(lambda: super(_Connector, self).execute_query_one_async(query, **arguments))

    async def execute_query_all_async(self, query: LiteralString, **arguments: Any) -> list[dict[str, Any]]:
        """Run a statement that returns rows."""
        return await self._insist(lambda: super(_Connector, self).execute_query_all_async(query, **arguments))

    async def _insist(self, action: Callable[[], Awaitable[T]]) -> T:
        async def plainly() -> T:
            try:
                return await action()
            except ConnectorException as error:
                if isinstance(error.__cause__, psycopg.OperationalError | psycopg.InterfaceError):
                    raise error.__cause__ from None
                raise

        return await self._database.insist(plainly)


class ProcrastinateEngine:
    """The queue of a ledger. ``beat`` is the number of seconds between two signs of life."""

    def __init__(self, database: Database, *, concurrency: int, beat: float, grace: float) -> None:
        self._database, self._beat = database, beat
        self._app = procrastinate.App(connector=_Connector(database))
        self._app.task(name=TASK, queue=FETCH_QUEUE, retry=_PutBack())(self._run_entry)
        self._handler: Handler | None = None
        self._running: dict[int, int] = {}
        # Its methods have no annotations.
        self._worker: Any = Worker(
            self._app,
            queues=[FETCH_QUEUE],
            concurrency=concurrency,
            fetch_job_polling_interval=POLL,
            abort_job_polling_interval=NEVER,
            shutdown_graceful_timeout=grace,
            listen_notify=False,
            delete_jobs="successful",
            install_signal_handlers=False,
            update_heartbeat_interval=NEVER,
            stalled_worker_timeout=KEEP_DEAD,
        )

    async def enqueue(
        self,
        connection: psycopg.AsyncConnection[Any],
        queue: str,
        numbers: Sequence[int],
        priorities: Sequence[int] | int,
    ) -> None:
        """Add an entry for each row, in the caller's transaction. The rows have a priority each, or one for all."""
        await enqueue(connection, queue, numbers, priorities)

    async def run(self, handler: Handler, queues: list[str]) -> None:
        """Take entries from ``queues`` and give them to ``handler``, until `stop`. The caller may change the list."""
        self._handler, self._worker.queues = handler, queues
        await self._app.open_async(self._database.pool)
        side = [asyncio.create_task(self._heartbeat()), asyncio.create_task(self._look_for_strays())]
        try:
            await self._worker.run()
        finally:
            for task in side:
                task.cancel()
            await asyncio.gather(*side, return_exceptions=True)

    def wake(self) -> None:
        """Look into the queues now: there is room again."""
        # Procrastinate has no public call for it; without it the next look would be up to `POLL` seconds later.
        self._worker._new_job_event.set()

    def stop(self) -> None:
        """Take no further entry. `run` returns once the running ones have ended."""
        self._worker.stop()

    async def rescue(self, seconds: float) -> list[int]:
        """Put back the entries of workers that gave no sign for so many seconds; return their rows."""
        values = {"task": TASK, "seconds": seconds, "priority": RESCUED, "queue": FETCH_QUEUE}
        return [row[0] for row in await self._database.rows(_RESCUE, values)]

    async def _run_entry(self, number: int) -> None:
        assert self._handler is not None  # noqa: S101 - `run` sets it before the first entry
        self._running[number] = self._running.get(number, 0) + 1
        try:
            again = await self._handler(number)
        finally:
            self._running[number] -= 1
            if not self._running[number]:
                del self._running[number]
        if again is not None:
            raise _PutBackError(again)

    async def _heartbeat(self) -> None:
        """Give a sign of life. Procrastinate's own task for it ends unseen if one statement fails (3.10.0)."""
        while True:
            await asyncio.sleep(self._beat)
            if self._worker.worker_id is not None:
                await self._app.job_manager.update_heartbeat(self._worker.worker_id)

    async def _look_for_strays(self) -> None:
        """Put back the entries that the server gave to this worker in an answer that was lost."""
        before: set[int] = set()
        while True:
            await asyncio.sleep(3 * self._beat)
            held = await self._database.rows(_HELD, {"worker": self._worker.worker_id})
            lost = {entry for entry, number in held if number not in self._running}
            for entry in lost & before:
                await self._database.rows(_PUT_BACK, {"id": entry, "priority": RESCUED, "queue": FETCH_QUEUE})
            before = lost
