"""The statements about the rows of a fleet. Each is one transaction, and harmless if it runs twice."""

from __future__ import annotations

from typing import Final

BEGIN: Final = """
SELECT b.verdict, b.until, clock(), b.begun, b.request_id, b.url, j.batch, j.model, j.label, t.target, j.attempts,
    CASE WHEN b.verdict = 'sending' THEN j.request END, j.base_url
FROM begin_job(%(number)s, %(ticket)s, %(owner)s) b
LEFT JOIN jobs j ON j.number = %(number)s LEFT JOIN batches t ON t.number = j.batch
"""

CHANGE: Final = """
WITH earlier AS (
    SELECT number, reserved, coalesce(micros, 0) AS micros FROM jobs WHERE number = %(number)s FOR UPDATE
), changed AS (
    UPDATE jobs j SET state = %(state)s::text,
        request_id = coalesce(%(request_id)s, j.request_id),
        detail = coalesce(%(detail)s, j.detail),
        micros = coalesce(%(micros)s::bigint, j.micros),
        cost = coalesce(%(micros)s::bigint / 1e6, j.cost),
        file = coalesce(%(file)s, j.file),
        url = coalesce(%(url)s, j.url),
        owner = coalesce(%(owner)s, j.owner),
        ticket = CASE WHEN %(state)s = 'todo' THEN NULL ELSE j.ticket END,
        reserved = CASE WHEN %(state)s IN ('todo', 'refused', 'failed') OR %(micros)s::bigint IS NOT NULL THEN 0
            ELSE j.reserved END
    FROM earlier e
    WHERE j.number = e.number AND j.state = ANY(%(only)s)
        AND (%(ticket)s::text IS NULL OR j.ticket = %(ticket)s)
    RETURNING j.number, j.batch, j.price_key, e.reserved - j.reserved AS back, coalesce(j.micros, 0) - e.micros AS more
), money AS (
    UPDATE batches b SET reserved = b.reserved - c.back, spent = b.spent + c.more
    FROM changed c WHERE b.number = c.batch AND (c.back <> 0 OR c.more <> 0)
), answered AS (
    UPDATE rate_places r SET taken = clock(), number = NULL FROM changed c
    WHERE r.number = c.number AND %(state)s::text NOT IN ('completed', 'saved')
), learned AS (
    INSERT INTO prices (price_key, highest)
    SELECT c.price_key, %(micros)s::bigint FROM changed c
    WHERE c.price_key IS NOT NULL AND %(micros)s::bigint IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM prices p WHERE p.price_key = c.price_key AND p.highest >= %(micros)s::bigint)
    ON CONFLICT (price_key) DO UPDATE SET highest = GREATEST(prices.highest, EXCLUDED.highest)
)
SELECT count(*) FROM changed
"""

STRAY: Final = """
INSERT INTO strays (request_id, number, found)
SELECT %(request_id)s, %(number)s, clock()
WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE request_id = %(request_id)s)
ON CONFLICT (request_id) DO NOTHING
"""

HOLD: Final = """
UPDATE account SET held_until = GREATEST(held_until, clock() + %(seconds)s), held_for = %(why)s::text,
    limited = limited + CASE WHEN %(limited)s::boolean THEN 1 ELSE 0 END
"""
TROUBLE: Final = """
UPDATE account SET refusals = refusals + 1, held_for = %(why)s::text,
    held_until = clock() + LEAST(%(longest)s, power(2, refusals)),
    stopped = CASE WHEN refusals + 1 >= %(most)s THEN coalesce(stopped, %(why)s::text) ELSE stopped END,
    stopped_at = CASE WHEN refusals + 1 >= %(most)s THEN coalesce(stopped_at, clock()) ELSE stopped_at END
WHERE held_until <= clock()
"""
REFUSED: Final = """
UPDATE account SET refusals = refusals + 1,
    stopped = CASE WHEN refusals + 1 >= %(most)s THEN coalesce(stopped, %(why)s::text) ELSE stopped END,
    stopped_at = CASE WHEN refusals + 1 >= %(most)s THEN coalesce(stopped_at, clock()) ELSE stopped_at END
"""
STOP: Final = (
    "UPDATE account SET stopped = coalesce(stopped, %(why)s::text), stopped_at = coalesce(stopped_at, clock())"
)
GOOD: Final = "UPDATE account SET refusals = 0 WHERE refusals <> 0"
RESUME: Final = "UPDATE account SET stopped = NULL, stopped_at = NULL, refusals = 0, held_until = 0, held_for = NULL"

CONTROL: Final = """
SELECT clock(), stopped, held_until, refusals, (
    SELECT json_agg(json_build_array(number, reserved + spent)) FROM batches b
    WHERE EXISTS (SELECT 1 FROM jobs j WHERE j.state = 'todo' AND j.batch = b.number)
) FROM account
"""

ENTER: Final = """
INSERT INTO workers (name, started, seen, concurrency) VALUES (%(name)s, clock(), clock(), %(concurrency)s)
RETURNING number
"""
ALIVE: Final = "UPDATE workers SET seen = clock(), running = %(running)s WHERE number = %(number)s"
LEAVE: Final = "UPDATE workers SET seen = clock(), ended = clock(), running = 0 WHERE number = %(number)s"

ABANDONED: Final = """
UPDATE jobs SET state = 'uncertain', detail = 'its worker ended, or was given up, during the submit'
WHERE state = 'sending' AND owner IN (
    SELECT number FROM workers WHERE ended IS NOT NULL OR seen < clock() - %(seconds)s
)
"""
WITHOUT_ENTRY: Final = """
(SELECT j.number, j.state, j.batch FROM jobs j LEFT JOIN workers w ON w.number = j.owner
WHERE j.batch IS NOT NULL AND (j.state IN ('accepted', 'completed')
        AND (w.number IS NULL OR w.ended IS NOT NULL OR w.seen < clock() - %(seconds)s))
    AND NOT EXISTS (SELECT 1 FROM procrastinate_jobs q
        WHERE q.status IN ('todo', 'doing') AND (q.args->>'number')::bigint = j.number)
ORDER BY j.begun)
UNION ALL
SELECT j.number, j.state, j.batch FROM jobs j
WHERE j.state = 'todo' AND j.batch IS NOT NULL AND %(all)s::boolean
    AND NOT EXISTS (SELECT 1 FROM procrastinate_jobs q
        WHERE q.status IN ('todo', 'doing') AND (q.args->>'number')::bigint = j.number)
"""
"""Rows that nobody looks after: paid jobs whose worker ended or gave no sign, which have no entry while it waits for
them, and, now and then, rows to submit that have lost theirs. The oldest first."""

IN_FLIGHT: Final = "SELECT count(*) FROM jobs WHERE state IN ('sending', 'accepted', 'completed') AND batch IS NOT NULL"
