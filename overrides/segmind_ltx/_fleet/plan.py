"""Plan a batch: its rows, and their entries in the queue, in one transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

import psycopg

from segmind_ltx._fleet.engine import Enqueue, submit_queue
from segmind_ltx._fleet.rows import MICROS
from segmind_ltx.errors import ParameterError
from segmind_ltx_api.contract import Model

_UPSERT_BATCH: Final = """
INSERT INTO batches (name, target, planned, budget) VALUES (%s, %s, clock(), %s)
ON CONFLICT (name) DO UPDATE SET budget = coalesce(EXCLUDED.budget, batches.budget) RETURNING number, target
"""
_STAGE: Final = """
CREATE TEMPORARY TABLE staged (
    label TEXT, model TEXT, request TEXT, digest TEXT, price_key TEXT, highest BIGINT, line INTEGER
) ON COMMIT DROP
"""
_CHANGED: Final = """
SELECT s.line, s.label FROM staged s JOIN jobs j ON j.batch = %s AND j.label = s.label
WHERE j.digest <> s.digest ORDER BY s.line LIMIT 10
"""
_NEW_LABELS: Final = (
    "SELECT label FROM staged s WHERE NOT EXISTS (SELECT 1 FROM jobs j WHERE j.batch = %s AND j.label = s.label)"
)
_INSERT: Final = """
INSERT INTO jobs (state, model, request, base_url, begun, label, batch, digest, price_key, highest)
SELECT 'todo', model, request, %(base_url)s, clock(), label, %(batch)s, digest, price_key, highest
FROM staged ORDER BY line
ON CONFLICT (batch, label) WHERE batch IS NOT NULL DO NOTHING RETURNING number
"""


class PlannedItem(NamedTuple):
    """One request of a batch.

    ``label`` identifies the item in its batch and is the file name of its video; ``line`` is its line in the file of
    requests; ``digest`` identifies the request.
    """

    line: int
    label: str
    model: Model
    request: Mapping[str, Any]
    digest: str


class Planned(NamedTuple):
    """A batch's number, how many rows are new, and how many were there before."""

    batch: int
    new: int
    old: int


def price_key(model: Model, request: Mapping[str, Any]) -> str:
    """Return a digest of what a price may depend on: all but the seed and free texts; of a URI, whether it is given.

    The contract gives some models a range of prices and no rule. So the first job of each kind reserves the highest
    price, and later ones of the same kind reserve what such a job has cost at most.
    """
    values = {
        name: value
        for name, value in request.items()
        if name != "seed" and not (isinstance(value, str) and not model.parameters[name].allowed)
    }
    values |= {name: True for name, value in request.items() if model.parameters[name].uri and value is not None}
    return hashlib.sha256(json.dumps([model.slug, values], sort_keys=True).encode()).hexdigest()[:16]


async def plan_batch(
    connection: psycopg.AsyncConnection[Any],
    enqueue: Enqueue,
    items: Iterable[PlannedItem],
    *,
    name: str,
    target: str,
    base_url: str,
    budget: int | None,
    check_names: Callable[[set[str]], None],
) -> Planned:
    """Add the items whose label is not in the batch yet, and queue them; make the batch if there is none.

    A ``budget``, in millionths of a USD, replaces that of a batch that is there. ``check_names`` may refuse the new
    labels, which become names of files. Raises `ParameterError` if a label is there with another request, or if the
    batch has another target.
    """
    async with connection.transaction(), connection.cursor() as cursor:
        await cursor.execute(_UPSERT_BATCH, (name, target, budget))
        batch, known_target = await cursor.fetchone() or (0, "")
        if known_target != target:
            raise ParameterError(f"the batch {name} saves its videos in {known_target}, not in {target}")
        await cursor.execute(_STAGE)
        count = 0
        async with cursor.copy("COPY staged FROM STDIN") as copy:
            for item in items:
                # PostgreSQL's text has no null character; JSON writes it as an escape.
                text = json.dumps(item.request, ensure_ascii=False)
                highest, key = round(item.model.usd_high * MICROS), price_key(item.model, item.request)
                await copy.write_row((item.label, item.model.slug, text, item.digest, key, highest, item.line))
                count += 1
        await cursor.execute(_CHANGED, (batch,))
        changed = await cursor.fetchall()
        if changed:
            lines = "; ".join(f"line {line}: {label}" for line, label in changed)
            raise ParameterError(
                f"these names are in the batch {name} with another request ({lines}); give them other names, or the "
                "batch another --out"
            )
        await cursor.execute(_NEW_LABELS, (batch,))
        check_names({row[0] for row in await cursor.fetchall()})
        await cursor.execute(_INSERT, {"base_url": base_url, "batch": batch})
        numbers = [row[0] for row in await cursor.fetchall()]
        await enqueue(connection, submit_queue(batch), numbers, 0)
        return Planned(int(batch), len(numbers), count - len(numbers))
