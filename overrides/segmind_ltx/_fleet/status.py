"""Say how a fleet goes, and settle what only a person can know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import psycopg

from segmind_ltx._core.journal import RETAINED, EntryState
from segmind_ltx._core.parameters import check_request_id
from segmind_ltx._fleet import statements
from segmind_ltx._fleet.engine import FETCH_QUEUE, Enqueue, submit_queue
from segmind_ltx._fleet.rows import MICROS
from segmind_ltx.errors import ParameterError

PROMPT: Final = 60
"""Characters of a prompt that are shown."""
SETTLE_AFTER: Final = 600.0
"""Seconds before a row may be settled as never existed: the submit of a worker that stands still may yet arrive."""
MOST_SHOWN: Final = 100

_ACCOUNT: Final = """
SELECT clock(), stopped, stopped_at, held_until, held_for, submits, limited, rate_count, rate_seconds,
    (SELECT count(*) FROM jobs WHERE begun > clock() - 60 AND state NOT IN ('todo', 'refused')),
    (SELECT min(begun) FROM jobs WHERE state IN ('accepted', 'completed')) FROM account
"""
_BATCHES: Final = "SELECT number, name, target, budget, spent, reserved FROM batches ORDER BY number"
_STATES: Final = "SELECT batch, state, count(*) FROM jobs GROUP BY batch, state"
_DOUBT: Final = "SELECT batch, sum(reserved) FROM jobs WHERE state IN ('sending', 'uncertain') GROUP BY batch"
_NEXT: Final = """
SELECT LEAST(j.highest, (SELECT p.highest FROM prices p WHERE p.price_key = j.price_key)) FROM jobs j
WHERE j.state = 'todo' AND j.batch = %s ORDER BY j.number LIMIT 1
"""
_WORKERS: Final = """
SELECT number, name, started, seen, concurrency, running FROM workers WHERE ended IS NULL AND seen > clock() - 3600
ORDER BY number
"""
_AMBIGUOUS: Final = """
SELECT j.number, j.begun, j.model, j.request, j.reserved, j.detail, j.label, j.state, b.name FROM jobs j
LEFT JOIN batches b ON b.number = j.batch LEFT JOIN workers w ON w.number = j.owner
WHERE j.state = 'uncertain' OR (j.state = 'sending' AND (w.ended IS NOT NULL OR w.seen < clock() - 60
    OR j.batch IS NULL))
ORDER BY j.number LIMIT %s
"""
_STRAYS: Final = "SELECT request_id, number, found FROM strays ORDER BY found LIMIT %s"


class BatchStatus(NamedTuple):
    """How a batch goes. Money is in USD; ``doubt`` is the part of ``reserved`` that ambiguous rows may have cost."""

    number: int
    name: str
    target: str
    budget: float | None
    spent: float
    reserved: float
    doubt: float
    states: Mapping[str, int]
    out_of_budget: bool

    @property
    def running(self) -> int:
        """The number of jobs in flight."""
        return sum(self.states.get(state, 0) for state in ("sending", "accepted", "completed"))

    @property
    def finished(self) -> bool:
        """Whether no worker can do anything more for the batch."""
        return self.running == 0 and (self.states.get("todo", 0) == 0 or self.out_of_budget)


class Ambiguous(NamedTuple):
    """A row for which a job may exist whose id is unknown. ``price`` is the most that it may have cost, in USD."""

    number: int
    begun: float
    model: str
    prompt: str
    price: float
    detail: str | None
    label: str | None
    state: str
    batch: str | None


class FleetStatus(NamedTuple):
    """How a fleet goes. Moments are seconds since the epoch, by the server's clock."""

    now: float
    stopped: str | None
    stopped_at: float | None
    held_until: float
    held_for: str | None
    submits: int
    limited: int
    rate_count: int | None
    rate_seconds: float | None
    last_minute: int
    oldest: float | None
    batches: list[BatchStatus]
    workers: list[tuple[Any, ...]]
    ambiguous: list[Ambiguous]
    strays: list[tuple[str, int, float]]

    @property
    def unfetched_for(self) -> float | None:
        """The age of the oldest paid job that is not saved yet, in seconds."""
        return None if self.oldest is None else max(0.0, self.now - self.oldest)

    @property
    def expires_in(self) -> float | None:
        """Seconds until the oldest result may be gone."""
        age = self.unfetched_for
        return None if age is None else max(0.0, RETAINED - age)


def read_status(connection: psycopg.Connection[Any]) -> FleetStatus:
    """Read how the fleet goes."""

    def rows(statement: str, *values: object) -> list[tuple[Any, ...]]:
        return connection.execute(statement.encode(), values).fetchall()

    account: tuple[Any, ...] = rows(_ACCOUNT)[0]
    states: dict[int | None, dict[str, int]] = {}
    for batch, state, count in rows(_STATES):
        states.setdefault(batch, {})[state] = count
    doubt = {batch: int(amount) for batch, amount in rows(_DOUBT)}
    batches: list[BatchStatus] = []
    for number, name, target, budget, spent, reserved in rows(_BATCHES):
        following = rows(_NEXT, number) if budget is not None else []
        out = bool(following) and spent + reserved + following[0][0] > budget
        usd = None if budget is None else budget / MICROS
        money = (usd, spent / MICROS, reserved / MICROS, doubt.get(number, 0) / MICROS)
        batches.append(BatchStatus(number, name, target, *money, states.get(number, {}), out))
    ambiguous = [
        Ambiguous(row[0], row[1], row[2], _prompt(row[3]), row[4] / MICROS, *row[5:])
        for row in rows(_AMBIGUOUS, MOST_SHOWN)
    ]
    strays = [(row[0], row[1], row[2]) for row in rows(_STRAYS, MOST_SHOWN)]
    return FleetStatus._make([*account, batches, rows(_WORKERS), ambiguous, strays])


def _prompt(request: str) -> str:
    prompt = str(json.loads(request).get("prompt", ""))
    return prompt if len(prompt) <= PROMPT else f"{prompt[: PROMPT - 1]}…"


async def settle(connection: psycopg.AsyncConnection[Any], enqueue: Enqueue, number: int, *, exists: str | None) -> str:
    """Settle an ambiguous row: the job with the id ``exists`` is its job or, if None, no job ever existed.

    Returns what becomes of the row. Raises `ParameterError` if it is not ambiguous, or too young to be sure.
    """
    async with connection.transaction():
        cursor = await connection.execute(
            "SELECT j.state, j.begun, clock(), j.batch, w.ended IS NULL AND w.seen > clock() - 60 FROM jobs j "
            "LEFT JOIN workers w ON w.number = j.owner WHERE j.number = %s FOR UPDATE OF j",
            (number,),
        )
        row = await cursor.fetchone()
        if row is None:
            raise ParameterError(f"there is no row {number}; segmind-ltx jobs lists the ambiguous ones")
        state, begun, now, batch, alive = row
        if state != EntryState.UNCERTAIN and not (state == EntryState.SENDING and alive is not True):
            raise ParameterError(f"row {number} is {state}, not uncertain; there is nothing to settle")
        unchanged = ("request_id", "detail", "micros", "file", "url", "owner", "ticket")
        values: dict[str, object] = {name: None for name in unchanged}  # noqa: C420 - its values get other types
        values |= {"number": number, "only": [str(state)]}
        if exists is None:
            left = SETTLE_AFTER - (now - begun)
            if left > 0:
                raise ParameterError(
                    f"row {number} was submitted {now - begun:.0f} s ago, and its job may yet appear; look again in "
                    f"{left:.0f} s"
                )
            values |= {"state": "refused" if batch is None else "todo", "detail": "settled: no job had existed"}
            await connection.execute(statements.CHANGE, values)
            if batch is None:
                return "no worker submits it, since a program did; submit it there again"
            await enqueue(connection, submit_queue(batch), [number], 0)
            return "it is submitted again by the next free worker"
        values |= {"state": "accepted", "detail": "settled: its job was found", "request_id": check_request_id(exists)}
        try:
            await connection.execute(statements.CHANGE, values)
        except psycopg.errors.UniqueViolation:
            raise ParameterError(f"{exists} is the job of another row") from None
        await connection.execute("DELETE FROM strays WHERE request_id = %s", (exists,))
        if batch is None:
            return f"fetch its video with segmind-ltx fetch {exists} --out FILE"
        await enqueue(connection, FETCH_QUEUE, [number], 2_000_000_000)
        return "its video is fetched by the next free worker"


def doubt_since(connection: psycopg.Connection[Any], moment: float) -> int:
    """After the database lost commits, or was restored: doubt every row that may have been submitted since a moment.

    Those are the rows that are still to be submitted, of batches planned before now. Stops the submitting as well.
    Returns how many rows are uncertain now.
    """
    with connection.transaction():
        connection.execute(
            statements.STOP, {"why": "the ledger was restored: settle the uncertain rows, then --resume"}
        )
        cursor = connection.execute(
            "UPDATE jobs SET state = 'uncertain', begun = GREATEST(begun, %s), "
            "detail = 'the ledger lost what happened since then; a job may exist' WHERE state IN ('todo', 'sending')",
            (moment,),
        )
        return cursor.rowcount


def resume(connection: psycopg.Connection[Any]) -> None:
    """Let the workers submit again after a stop."""
    connection.execute(statements.RESUME)
