"""One worker against the sandbox: what it does about each way in which a submit or a job can end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from segmind_ltx._config import check_options, read_api_key
from segmind_ltx._fleet.worker import Worker, WorkerOptions
from segmind_ltx_sandbox.service.clock import SystemClock
from segmind_ltx_sandbox.service.outputs import VideoCache
from segmind_ltx_sandbox.service.rate import rate_limited
from segmind_ltx_sandbox.service.scenarios import key_of
from segmind_ltx_sandbox.testing import RunningSandbox, running_sandbox
from support.fleet import made_up_items
from support.fleet_sandbox import VIDEO
from support.loops import until

from .conftest import LedgerUnderTest

pytestmark = pytest.mark.postgres
SPEED = 1000.0


def work(ledger: LedgerUnderTest, sandbox: RunningSandbox, key: str = "valid", **options: object) -> Worker:
    """Run a worker until it can do nothing more."""
    worker = made_worker(ledger, sandbox, key, **options)
    asyncio.run(asyncio.wait_for(worker.run(), 60))
    return worker


def made_worker(ledger: LedgerUnderTest, sandbox: RunningSandbox, key: str = "valid", **options: object) -> Worker:
    ledger.query("UPDATE account SET fingerprint = NULL, base_url = NULL")
    ledger.query("UPDATE jobs SET base_url = %s", sandbox.base_url)
    secret = read_api_key(key_of(key))
    client = check_options(
        sandbox.base_url,
        secret,
        headers=None,
        timeout=None,
        max_retries=4,
        max_submit_retries=0,
        resend_on=(),
        clock=None,
        logger=None,
    )
    settings = {"concurrency": 8, "give_up_after": 4.0, "until_done": True, **options}
    return Worker(ledger.url, client, secret, WorkerOptions(**settings))  # type: ignore[arg-type] # a test's options


def fast_videos() -> VideoCache:
    """Return a cache that renders nothing."""
    return VideoCache(lambda _: VIDEO)


def test_worker_saves_every_job(ledger: LedgerUnderTest, tmp_path: Path) -> None:
    """Each row gets its video and its cost; the queue is empty afterwards."""
    ledger.plan(made_up_items(10), target=tmp_path)
    with running_sandbox(speed=SPEED, videos=fast_videos()) as sandbox:
        work(ledger, sandbox)
    batch = ledger.status().batches[0]
    assert (batch.states, round(batch.spent, 6), batch.reserved) == ({"saved": 10}, 0.57, 0)
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {VIDEO}
    assert ledger.query("SELECT count(*) FROM procrastinate_jobs") == [(0,)]


def test_failed_job_gives_its_money_back(ledger: LedgerUnderTest, tmp_path: Path) -> None:
    """A FAILED job costs nothing."""
    ledger.plan(made_up_items(3), target=tmp_path)
    with running_sandbox(speed=SPEED) as sandbox:
        work(ledger, sandbox, "failing")
    batch = ledger.status().batches[0]
    assert (batch.states, batch.spent, batch.reserved) == ({"failed": 3}, 0, 0)


@pytest.mark.parametrize("key", ["forbidden", "no_credits"])
def test_refused_account_stops_all_submits(ledger: LedgerUnderTest, tmp_path: Path, key: str) -> None:
    """A key that may not submit, or has no credits, stops the submitting everywhere; no row is lost or reserved."""
    ledger.plan(made_up_items(20), target=tmp_path)
    with running_sandbox(speed=SPEED) as sandbox:
        work(ledger, sandbox, key)
    status = ledger.status()
    assert status.stopped is not None
    assert str({"forbidden": 403, "no_credits": 406}[key]) in status.stopped
    assert (status.batches[0].states, status.batches[0].reserved) == ({"todo": 20}, 0)
    assert status.submits <= 8


def test_paid_job_is_fetched_after_a_stop(ledger: LedgerUnderTest, tmp_path: Path) -> None:
    """If the submitting is stopped, what is in flight is still fetched."""
    ledger.plan(made_up_items(30), target=tmp_path)
    with running_sandbox(speed=SPEED, videos=fast_videos(), credits_usd=0.03) as sandbox:
        work(ledger, sandbox)
        made = len(sandbox.state.jobs)
    status = ledger.status()
    assert "406" in str(status.stopped)
    assert status.batches[0].states == {"saved": made, "todo": 30 - made}
    assert status.batches[0].reserved == 0


def test_429_holds_all_workers_back(ledger: LedgerUnderTest, tmp_path: Path) -> None:
    """A worker that does not know the rate is held back until the reset, and pays for each row once."""
    ledger.plan(made_up_items(12), target=tmp_path)
    clock = SystemClock()
    behaviour = rate_limited("5/3", clock)
    with running_sandbox(speed=SPEED, clock=clock, behaviour=behaviour, videos=fast_videos()) as sandbox:
        work(ledger, sandbox)
        assert len(sandbox.state.jobs) == 12
    status = ledger.status()
    assert status.batches[0].states == {"saved": 12}
    assert 1 <= status.limited <= 12


def test_known_rate_is_not_tripped(ledger: LedgerUnderTest, tmp_path: Path) -> None:
    """With the rate set, no submit is answered 429."""
    ledger.plan(made_up_items(12), target=tmp_path)
    ledger.query("UPDATE account SET rate_count = 5, rate_seconds = 3.1")
    ledger.query("INSERT INTO rate_places (place, taken) SELECT place, 0 FROM generate_series(0, 4) AS place")
    clock = SystemClock()
    with running_sandbox(
        speed=SPEED, clock=clock, behaviour=rate_limited("5/3", clock), videos=fast_videos()
    ) as sandbox:
        work(ledger, sandbox)
    status = ledger.status()
    assert (status.batches[0].states, status.limited) == ({"saved": 12}, 0)


def test_server_errors_hold_back_then_stop(ledger: LedgerUnderTest, tmp_path: Path) -> None:
    """A 500 is not billed by the documents: its row is given back, and after some rounds the submitting stops."""
    ledger.plan(made_up_items(10), target=tmp_path)
    ledger.query("UPDATE account SET refusals = 4")
    with running_sandbox(speed=SPEED) as sandbox:
        work(ledger, sandbox, "server_error")
    status = ledger.status()
    assert "500" in str(status.stopped)
    assert status.batches[0].states == {"todo": 10}


def test_no_more_jobs_in_flight_than_asked(ledger: LedgerUnderTest, tmp_path: Path) -> None:
    """The concurrency bounds the jobs that are submitted and waited for together."""
    ledger.plan(made_up_items(12), target=tmp_path)
    seen: list[int] = []
    with running_sandbox(speed=60, videos=fast_videos()) as sandbox:
        worker = made_worker(ledger, sandbox, concurrency=3)

        def never() -> bool:
            seen.append(worker.in_flight)
            return False

        async def main() -> None:
            watching = asyncio.create_task(until(never, 0.005))
            await worker.run()
            watching.cancel()

        asyncio.run(asyncio.wait_for(main(), 60))
    assert ledger.status().batches[0].states == {"saved": 12}
    assert max(seen) == 3


def test_stopped_worker_hands_its_jobs_over(ledger: LedgerUnderTest, tmp_path: Path) -> None:
    """A paid job has no entry while its worker waits for it; at a stop it gets one, and another worker saves it."""
    ledger.plan(made_up_items(6), target=tmp_path)
    entries = "SELECT count(*), count(*) FILTER (WHERE queue_name = 'fetch') FROM procrastinate_jobs"
    clock = SystemClock()
    with running_sandbox(speed=0.1, clock=clock, videos=fast_videos()) as sandbox:
        worker = made_worker(ledger, sandbox, until_done=False)

        async def without_entries() -> bool:
            return await asyncio.to_thread(ledger.query, entries) == [(0, 0)]

        async def main() -> None:
            running = asyncio.create_task(worker.run())
            await until(lambda: worker.handler is not None and worker.handler.submitted == 6 == worker.in_flight)
            await until(without_entries)
            worker.stop()
            await running

        asyncio.run(asyncio.wait_for(main(), 60))
        assert ledger.status().batches[0].states == {"accepted": 6}
        assert ledger.query(entries) == [(6, 6)]
        clock.advance(1500)
        work(ledger, sandbox)
        assert len(sandbox.state.jobs) == 6
    assert ledger.status().batches[0].states == {"saved": 6}


def test_jobs_of_a_dead_worker_are_found(ledger: LedgerUnderTest, tmp_path: Path) -> None:
    """Paid jobs of a worker that ended without handing them over have no entry; the sweep of another gives them one."""
    ledger.plan(made_up_items(4), target=tmp_path)
    with running_sandbox(speed=SPEED, videos=fast_videos()) as sandbox:
        work(ledger, sandbox)
        ledger.query("UPDATE jobs SET state = 'accepted', file = NULL")
        assert ledger.query("SELECT count(*) FROM procrastinate_jobs") == [(0,)]
        work(ledger, sandbox, give_up_after=1.0)
        assert len(sandbox.state.jobs) == 4
    assert ledger.status().batches[0].states == {"saved": 4}
