"""Run many jobs in this process, and print the figures as JSON. Each run is a fresh process."""

from __future__ import annotations

import argparse
import json
import re
import resource
import sys
import time
import urllib.request
from pathlib import Path

from bench.clients import CLIENTS


def peak_mb() -> float:
    """Return the peak memory of this process. If there is no /proc, use `getrusage`, which counts the parent's too."""
    status = Path("/proc/self/status")
    if status.exists() and (found := re.search(r"VmHWM:\s*(\d+) kB", status.read_text(encoding="ascii"))):
        return int(found.group(1)) / 1024
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def count(url: str, path: str = "count") -> int:
    """Return how many requests the server has received."""
    with urllib.request.urlopen(f"{url}/{path}") as response:  # noqa: S310 - the server of this benchmark
        number: int = json.load(response)["count"]
    return number


def warm_up(options: argparse.Namespace) -> None:
    """Run one job with a client of its own, so that the measurement leaves out what the first call imports."""
    count(options.url, "warm")
    if CLIENTS[options.client](argparse.Namespace(**{**vars(options), "jobs": 1, "at_once": 1, "interval": 0.01}))():
        raise RuntimeError("the first job failed")


def main() -> None:
    """Run, and print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("client", choices=CLIENTS)
    parser.add_argument("--url", required=True)
    parser.add_argument("--jobs", type=int, required=True)
    parser.add_argument("--at-once", type=int, required=True, help="threads of segmind, jobs in flight of ours")
    parser.add_argument(
        "--interval", type=float, help="seconds between polls; the client's own schedule if it is left out"
    )
    parser.add_argument("--model", required=True)
    options = parser.parse_args()
    warm_up(options)
    run = CLIENTS[options.client](options)
    before, cpu, begun = count(options.url), time.process_time(), time.perf_counter()
    errors = run()
    seconds, spent = time.perf_counter() - begun, time.process_time() - cpu
    requests = count(options.url) - before
    print(json.dumps({"seconds": seconds, "cpu": spent, "peak": peak_mb(), "requests": requests, "errors": errors}))


if __name__ == "__main__":
    main()
