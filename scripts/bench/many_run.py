"""One run of many jobs in this process; prints what it took as JSON. Started afresh for each run."""

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
    """The most memory this process had. Not `getrusage` where there is better: it begins with the parent's."""
    status = Path("/proc/self/status")
    if status.exists() and (found := re.search(r"VmHWM:\s*(\d+) kB", status.read_text(encoding="ascii"))):
        return int(found.group(1)) / 1024
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def count(url: str, path: str = "count") -> int:
    """How many requests the server has answered."""
    with urllib.request.urlopen(f"{url}/{path}") as answer:  # noqa: S310 - the server of this benchmark
        told: int = json.load(answer)["count"]
    return told


def warm_up(options: argparse.Namespace) -> None:
    """One job, with a client of its own: what is imported by the first call is not the question here."""
    count(options.url, "warm")
    if CLIENTS[options.client](argparse.Namespace(**{**vars(options), "jobs": 1, "at_once": 1, "interval": 0.01}))():
        raise RuntimeError("the first job failed")


def main() -> None:
    """Run, and print what it took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("client", choices=CLIENTS)
    parser.add_argument("--url", required=True)
    parser.add_argument("--jobs", type=int, required=True)
    parser.add_argument("--at-once", type=int, required=True, help="threads of segmind, jobs in flight of ours")
    parser.add_argument("--interval", type=float, help="seconds between polls; the client's own choice without it")
    parser.add_argument("--model", required=True)
    options = parser.parse_args()
    warm_up(options)
    run = CLIENTS[options.client](options)
    before, cpu, begun = count(options.url), time.process_time(), time.perf_counter()
    errors = run()
    seconds, spent = time.perf_counter() - begun, time.process_time() - cpu
    asked = count(options.url) - before
    print(json.dumps({"seconds": seconds, "cpu": spent, "peak": peak_mb(), "requests": asked, "errors": errors}))


if __name__ == "__main__":
    main()
