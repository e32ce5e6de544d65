"""The figures: filling, CPU and memory of a worker, connections, and what a job costs the database."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from support.fleet import Fleet, made_up_items, pause, running_fleet
from support.fleet_sandbox import VIDEO

FILL: Final = 100_000
FILL_SECONDS: Final = 10.0
CPU_RATIO: Final = 1.5
CONNECTIONS: Final = 8
GROWTH: Final = 1.15
"""The most memory of a worker with 2,500 jobs in flight, as a multiple of that with 500.

A job in flight is a timer, a suspended flow and what they need of the row: about 4 kB.
"""
CPU_JOBS: Final = 600
LEVELS: Final = (500, 1000, 2500)

PROGRAM: Final = """
import asyncio, sys
from pathlib import Path
from segmind_ltx import AsyncClient
from segmind_ltx_api.contract import MODELS

async def main(count, concurrency, folder):
    request = MODELS["ltx-video"].request
    requests = [request(prompt=f"many {number}") for number in range(count)]
    async with AsyncClient(ledger=folder / "jobs.sqlite") as client:
        async with client.generate_many(requests, concurrency=concurrency) as outcomes:
            async for outcome in outcomes:
                await outcome.result().save(folder / f"{outcome.index}.mp4")

asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
"""


def fill() -> dict[str, Any]:
    """Plan many rows, and see how long a worker then needs for a look into the queue."""
    with tempfile.TemporaryDirectory() as folder, running_fleet(Path(folder), speed=60) as fleet:
        items = made_up_items(FILL)
        started = time.monotonic()
        fleet.plan(items)
        seconds = time.monotonic() - started
        fetch = fleet.query(
            "SELECT min(t) FROM (SELECT clock_timestamp() - now() AS t, procrastinate_fetch_job_v2('{submit-1}', NULL) "
            "FROM generate_series(1, 1)) x"
        )[0][0]
        size = fleet.query("SELECT pg_database_size(current_database())")[0][0]
        found = {"rows": FILL, "seconds": round(seconds, 2), "fetch_ms": _milliseconds(fetch), "bytes": size // FILL}
        return found | _above("seconds", seconds, FILL_SECONDS)


def _above(name: str, value: float, most: float) -> dict[str, list[str]]:
    """Return a result's problems: one if the value is above its bound."""
    return {"problems": [f"{name}: {value:.2f}; at most {most:g}"] if value > most else []}


def _milliseconds(interval: Any) -> float:
    return float(round(interval.total_seconds() * 1000, 2))


def cpu() -> dict[str, Any]:
    """Compare the CPU of a worker for a job with that of ``generate_many``, and count commits and bytes."""
    with tempfile.TemporaryDirectory() as folder, running_fleet(Path(folder), speed=20) as fleet:
        fleet.plan([])
        idle = _cpu_of(lambda: _finish(fleet.start(concurrency=150, options=("--until-done",)), fleet))
        fleet.plan(made_up_items(CPU_JOBS))
        before = _database(fleet)
        used = _cpu_of(lambda: _finish(fleet.start(concurrency=150, options=("--until-done",)), fleet))
        after = _database(fleet)
        many_idle = _cpu_of(lambda: _many(fleet, 1, Path(folder)))
        many = _cpu_of(lambda: _many(fleet, CPU_JOBS, Path(folder)))
        if fleet.states() != {"saved": CPU_JOBS}:
            raise RuntimeError(f"not every job was saved: {fleet.states()}")
        worker_ms = 1000 * (used - idle) / CPU_JOBS
        many_ms = 1000 * (many - many_idle) / CPU_JOBS
        return {
            "jobs": CPU_JOBS,
            "worker_ms": round(worker_ms, 2),
            "many_ms": round(many_ms, 2),
            "ratio": round(worker_ms / many_ms, 2),
            "commits": round((after["commits"] - before["commits"]) / CPU_JOBS, 1),
            "wal_bytes": round((after["wal"] - before["wal"]) / CPU_JOBS),
            "row_bytes": round((after["size"] - before["size"]) / CPU_JOBS),
            "video_bytes": len(VIDEO),
            **_above("ratio", worker_ms / many_ms, CPU_RATIO),
        }


def _database(fleet: Fleet) -> dict[str, int]:
    pause(1.5)  # The server adds its counters up about once a second.
    row = fleet.query(
        "SELECT xact_commit, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint, pg_database_size(datname) "
        "FROM pg_stat_database WHERE datname = current_database()"
    )[0]
    return {"commits": row[0], "wal": row[1], "size": row[2]}


def _finish(worker: subprocess.Popen[bytes], fleet: Fleet) -> None:
    worker.wait(600)
    fleet.workers.remove(worker)


def _many(fleet: Fleet, count: int, folder: Path) -> None:
    environment = {**os.environ, "SEGMIND_API_KEY": fleet.key, "SEGMIND_BASE_URL": fleet.base_url}
    with tempfile.TemporaryDirectory(dir=folder) as videos:
        command = [sys.executable, "-c", PROGRAM, str(count), "150", videos]
        subprocess.run(command, env=environment, check=True, timeout=600)


def _cpu_of(action: Any) -> float:
    """Return the CPU seconds of the processes that an action starts and waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    action()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def memory(levels: tuple[int, ...] = LEVELS) -> dict[str, Any]:
    """Return the memory, threads and connections of one worker with more and more jobs in flight."""
    found = [_memory(level) for level in levels]
    first, last = found[0], found[-1]
    growth = last["mb"] / first["mb"]
    kilobytes = 1024 * (last["mb"] - first["mb"]) / (last["in_flight"] - first["in_flight"])
    connections = max(level["connections"] for level in found)
    problems = [
        *_above("growth", growth, GROWTH)["problems"],
        *_above("connections", connections, CONNECTIONS)["problems"],
    ]
    return {
        "levels": found,
        "growth": round(growth, 2),
        "kilobytes_a_job": round(kilobytes, 1),
        "problems": problems,
    }


def _memory(level: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, running_fleet(Path(folder), speed=0.1) as fleet:
        fleet.plan(made_up_items(level, "ltx-2-19b-t2v"))
        worker = fleet.start(concurrency=level)
        until, most = time.monotonic() + 600, 0
        while time.monotonic() < until and fleet.states().get("accepted", 0) < level:
            most = max(most, _connections(fleet))
            pause(1)
        pause(5)
        status = Path(f"/proc/{worker.pid}/status").read_text(encoding="ascii")
        fields = dict(line.split(":", 1) for line in status.splitlines())
        return {
            "in_flight": fleet.states().get("accepted", 0),
            "mb": round(int(fields["VmRSS"].split()[0]) / 1024, 1),
            "threads": int(fields["Threads"]),
            "connections": max(most, _connections(fleet)),
        }


def _connections(fleet: Fleet) -> int:
    statement = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    return int(fleet.query(statement)[0][0])
