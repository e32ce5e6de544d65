"""Run a fleet of worker processes against a sandbox and a PostgreSQL of our own, and put faults in its way."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psycopg

from segmind_ltx._cli.batch.items import request_digest
from segmind_ltx._config import read_api_key
from segmind_ltx._fleet.account import Rate, check_account, set_rate
from segmind_ltx._fleet.database import Database
from segmind_ltx._fleet.plan import Planned, PlannedItem, plan_batch
from segmind_ltx._fleet.procrastinate_engine import enqueue
from segmind_ltx._postgres.connection import open_schema
from segmind_ltx_api.contract import MODELS
from segmind_ltx_sandbox.service.scenarios import VALID
from support.postgres import Postgres, running_postgres


class Counts(NamedTuple):
    """What the sandbox has counted: jobs for each prompt, their cost in USD, and responses 429."""

    prompts: dict[str, int]
    cost: float
    limited: int


class Fleet:
    """A sandbox, a database, and workers. ``folder`` gets the videos and the workers' logs."""

    def __init__(self, postgres: Postgres, folder: Path, sandbox: str, *, give_up_after: float) -> None:
        self.postgres, self.folder, self.base_url = postgres, folder, sandbox
        self.ledger = postgres.create(f"fleet_{os.getpid()}_{random.randrange(10**6)}")  # noqa: S311 - a name
        self.videos = folder / "videos"
        self.workers: list[subprocess.Popen[bytes]] = []
        self._give_up_after, self._started = give_up_after, 0
        self.key = VALID

    def plan(self, items: Sequence[PlannedItem], *, name: str = "batch", budget: int | None = None) -> Planned:
        """Plan a batch, as ``segmind-ltx batch`` does."""

        async def run() -> Planned:
            database = Database(self.ledger)
            async with await database.single() as connection:
                return await plan_batch(
                    connection,
                    enqueue,
                    items,
                    name=name,
                    target=str(self.videos),
                    base_url=self.base_url,
                    budget=budget,
                    check_names=lambda _: None,
                )

        with open_schema(self.ledger) as connection:
            check_account(connection, read_api_key(self.key), self.base_url)
        return asyncio.run(run())

    def set_rate(self, count: int, seconds: float) -> None:
        """Set the account's rate."""
        with open_schema(self.ledger) as connection:
            set_rate(connection, Rate(count, seconds))

    def start(self, *, concurrency: int = 50, options: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        """Start a worker."""
        environment = {**os.environ, "SEGMIND_API_KEY": self.key, "SEGMIND_BASE_URL": self.base_url}
        command = [
            *(sys.executable, "-m", "segmind_ltx", "worker", "--ledger", self.ledger),
            *("--concurrency", str(concurrency), "--give-up-after", f"{self._give_up_after:g}", *options),
        ]
        self._started += 1
        with (self.folder / f"worker-{self._started}.log").open("wb") as output:
            worker = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        self.workers.append(worker)
        return worker

    def kill(self, worker: subprocess.Popen[bytes]) -> None:
        """End a worker as a power failure would."""
        worker.kill()
        worker.wait()
        self.workers.remove(worker)

    def terminate(self, worker: subprocess.Popen[bytes], timeout: float = 30) -> float:
        """Ask a worker to stop, and return how many seconds that took."""
        started = time.monotonic()
        worker.terminate()
        worker.wait(timeout)
        self.workers.remove(worker)
        return time.monotonic() - started

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Read from the ledger; wait if the server is restarting."""
        until = time.monotonic() + 60
        while True:
            try:
                with psycopg.connect(
                    self.ledger, options="-c search_path=segmind_ltx", connect_timeout=5
                ) as connection:
                    return connection.execute(statement.encode(), values).fetchall()
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                pause(0.2)

    def states(self) -> dict[str, int]:
        """Return the number of rows in each state."""
        return dict(self.query("SELECT state, count(*) FROM jobs GROUP BY state"))

    def unfinished(self) -> int:
        """Return how many rows a worker can still advance."""
        states = self.states()
        return sum(states.get(state, 0) for state in ("todo", "sending", "accepted", "completed"))

    def counts(self) -> Counts:
        """Return what the sandbox has counted."""
        return Counts(**httpx.get(f"{self.base_url}/_fleet", timeout=60).json())

    def problems(self) -> list[str]:
        """Return what went wrong by the sandbox's count: lost jobs, jobs paid twice, videos that are not there."""
        counts = self.counts()
        rows = self.query("SELECT request::json->>'prompt', state, file FROM jobs")
        known = {prompt: state for prompt, state, _ in rows}
        found = [f"paid {count} times: {prompt}" for prompt, count in counts.prompts.items() if count > 1]
        found += [f"lost: {prompt}" for prompt in counts.prompts if known.get(prompt) not in {"saved", "uncertain"}]
        found += [
            f"saved but not made: {p}" for p, state in known.items() if state == "saved" and p not in counts.prompts
        ]
        found += [f"not there: {file}" for _, state, file in rows if state == "saved" and not Path(file).is_file()]
        partial = [path.name for path in self.videos.glob(".*.part")]
        return found[:20] + ([] if len(partial) <= len(rows) else ["more partial files than rows"])

    def logs(self) -> str:
        """Return the end of each worker's log."""
        return "\n".join(
            f"{path.name}: {path.read_text()[-2000:]}" for path in sorted(self.folder.glob("worker-*.log"))
        )

    def close(self) -> None:
        """End the workers."""
        for worker in self.workers:
            worker.kill()
            worker.wait()


def pause(seconds: float) -> None:
    """Let real processes run for a while: their faults come at real moments."""
    time.sleep(seconds)


def made_up_items(count: int, model: str = "ltx-video") -> list[PlannedItem]:
    """Return requests with a prompt of their own each."""
    items: list[PlannedItem] = []
    for number in range(count):
        request = {"prompt": f"prompt {number}"}
        items.append(PlannedItem(number, f"{number:06}.mp4", MODELS[model], request, request_digest(model, request)))
    return items


@contextmanager
def running_fleet(
    folder: Path,
    *,
    speed: float,
    delay: float = 0.0,
    rate: str = "",
    give_up_after: float = 4.0,
    postgres: Postgres | None = None,
) -> Generator[Fleet]:
    """Start a sandbox and a database for a fleet."""
    command = [sys.executable, "-m", "support.fleet_sandbox", str(speed), str(delay), *([rate] if rate else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as sandbox:
        try:
            assert sandbox.stdout is not None
            url = sandbox.stdout.readline().decode().strip()
            if postgres is not None:
                with _closing(Fleet(postgres, folder, url, give_up_after=give_up_after)) as fleet:
                    yield fleet
                return
            with running_postgres() as own, _closing(Fleet(own, folder, url, give_up_after=give_up_after)) as fleet:
                yield fleet
        finally:
            sandbox.send_signal(signal.SIGKILL)


@contextmanager
def _closing(fleet: Fleet) -> Generator[Fleet]:
    fleet.videos.mkdir(exist_ok=True)
    try:
        yield fleet
    finally:
        fleet.close()
