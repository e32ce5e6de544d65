"""Write ``docs/fleet.md`` from the results of the stages."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import _page
from fleet.stages import WORKERS, Result

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "fleet.md"
MISSING: Final = "Not measured yet: run `nox -s fleet -- {stage}`.\n"
HEAD: Final = """# Many machines: what was measured

Written by `nox -s fleet` from `docs/fleet.json` ({environment}). [many-machines.md](many-machines.md) says how to use
it. Worker processes, PostgreSQL and the sandbox share the cores of one machine, so the figures are for comparison.
Lost and doubled jobs are counted at the sandbox, not in the ledger.

"""
STORMS: Final = (
    ("length", "Jobs of real length"),
    ("many", "Many short jobs"),
    ("budget", "A budget of a third"),
    ("rate", "A rate limit"),
)
SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
IN_FLIGHT: Final = 500
"""Jobs of one worker in the table of sizes."""
JOB_SECONDS: Final = 70.0
MAX_CONNECTIONS: Final = 100
CONNECTIONS: Final = 8


def write(results: dict[str, Any]) -> None:
    """Write the page; a stage without a result is named as such."""
    environment = _page.environment("procrastinate", "psycopg", "httpx")
    parts = [_page.wrap(HEAD.format(environment=environment)) + "\n"]
    for stage, title in STORMS:
        parts.append(f"## {title}\n\n{_storm(results[stage]) if stage in results else MISSING.format(stage=stage)}\n")
    parts.append(f"## Figures\n\n{_figures(results)}\n## How big\n\n{_sizes(results)}")
    _page.write(PAGE, "".join(parts).rstrip("\n") + "\n")


def _storm(result: Result) -> str:
    faults = ", ".join(f"{count} {name}" for name, count in sorted(result["faults"].items())) or "none"
    states = ", ".join(f"{count} {state}" for state, count in sorted(result["states"].items()))
    rows = [
        ("jobs; workers", f"{result['jobs']}; {WORKERS}"),
        ("seconds; jobs made in one", f"{result['seconds']:g}; {result['made'] / result['seconds']:.1f}"),
        ("most in flight", result["in_flight"]),
        ("faults", faults),
        ("rows at the end", states),
        ("paid twice", result["twice"]),
        ("lost, or other problems", len(result["problems"])),
        ("ambiguous (a job exists behind so many)", f"{result['ambiguous']} ({result['ambiguous_made']})"),
        ("submits in flight at the kills and pauses, at most", result["doubtful"]),
        ("charged by the sandbox, in USD", f"{result['cost']:.2f}"),
    ]
    if result["faults"].get("terminate"):
        rows.append(("longest SIGTERM, in seconds", result["longest_stop"]))
    if result["budget"] is not None:
        rows.append(("budget; still reserved at the end, in USD", f"{result['budget']:.2f}; {result['reserved']:.2f}"))
    if result["limited"] or not result["faults"]:
        share = 100 * result["limited"] / max(1, result["submits"])
        rows.append(("submits; answered 429", f"{result['submits']}; {result['limited']} ({share:.1f} %)"))
    return _page.table(("", ""), rows)


def _figures(results: dict[str, Any]) -> str:
    rows: list[tuple[object, object]] = []
    if "cpu" in results:
        cpu = results["cpu"]
        rows += [
            ("CPU of a worker for a job, as a multiple of `generate_many`'s", f"{cpu['ratio']:.2f}"),
            ("commits for a job", cpu["commits"]),
            ("bytes of write-ahead log for a job", cpu["wal_bytes"]),
            ("bytes in the tables for a job, with a short prompt", cpu["row_bytes"]),
        ]
    if "fill" in results:
        filled = results["fill"]
        rows += [
            (f"seconds to plan {filled['rows']:,} rows", filled["seconds"]),
            ("milliseconds of a look into that queue", filled["fetch_ms"]),
        ]
    memory = results.get("memory", {})
    for figures in memory.get("levels", ()):
        text = f"{figures['mb']:.0f} MB, {figures['threads']} threads, {figures['connections']} connections"
        rows.append((f"one worker with {figures['in_flight']} jobs in flight", text))
    if memory:
        rows.append(("memory for each further job in flight", f"{memory['kilobytes_a_job']:.1f} kB"))
    missing = [stage for stage in ("cpu", "fill", "memory") if stage not in results]
    text = _page.table(("figure", "value"), rows) if rows else ""
    return text + (f"\n{MISSING.format(stage=' '.join(missing))}" if missing else "")


def _sizes(results: dict[str, Any]) -> str:
    """Return the table of sizes, computed from the commits and bytes of a job."""
    if "cpu" not in results:
        return MISSING.format(stage="cpu")
    cpu = results["cpu"]
    rows: list[tuple[object, ...]] = []
    for jobs in SIZES:
        workers = max(1, min(MAX_CONNECTIONS // CONNECTIONS - 1, round(jobs / (IN_FLIGHT * 3600 / JOB_SECONDS))))
        rate = workers * IN_FLIGHT / JOB_SECONDS
        rows.append(
            (
                f"{jobs:,}",
                workers,
                workers * CONNECTIONS,
                f"{rate:.0f}",
                f"{jobs / rate / 3600:.1f}",
                f"{rate * cpu['commits']:.0f}",
                f"{jobs * cpu['row_bytes'] / 1e6:.0f}",
                f"{jobs * cpu['wal_bytes'] / 1e9:.2f}",
            )
        )
    head = ("jobs", "workers", "connections", "jobs/s", "hours", "commits/s", "tables, MB", "log, GB")
    note = (
        f"Computed for workers with {IN_FLIGHT} jobs in flight each, jobs of {JOB_SECONDS:g} s, and as many workers as "
        "finish within an hour, from the commits and bytes above; prompts and images are extra. If the account has a "
        "rate limit, that is the first limit. Otherwise it is the commits: each waits for the disk, and 500 in a "
        f"second are much for a small cloud database. Then come the connections: {MAX_CONNECTIONS} by default."
    )
    return _page.table(head, rows) + "\n" + _page.wrap(note)
