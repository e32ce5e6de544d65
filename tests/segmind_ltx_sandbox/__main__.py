"""Run the sandbox on a port: ``python -m segmind_ltx_sandbox``. Needs neither typer nor rich.

Print one line with the URL once the server accepts connections, so that another process can start it and read the port.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from segmind_ltx_sandbox.http.app import SPEED, create_app
from segmind_ltx_sandbox.http.recorder import Recorder
from segmind_ltx_sandbox.http.server import ListenError, listen, serve
from segmind_ltx_sandbox.service.clock import SystemClock
from segmind_ltx_sandbox.service.rate import rate_limited
from segmind_ltx_sandbox.service.scenarios import SCENARIOS, VALID


def run(
    *,
    host: str,
    port: int,
    speed: float,
    v1_bytes: bool,
    deviation: str | None = None,
    choices: Sequence[str] = (),
    rate: str | None = None,
    log: bool = False,
    record: Path | None = None,
) -> int:
    """Serve until interrupted and return the exit status.

    ``deviation`` names the deviation to serve, if any; ``choices`` are of the form NAME=VALUE. ``rate`` limits the
    submits of each key. ``log`` prints a line for each request, ``record`` is the HAR file to write them to.
    """
    try:
        options: dict[str, Any] = {"v1_bytes": v1_bytes}
        if deviation is not None or choices:
            # Imported late: making the thousand deviations takes time, and the plain sandbox needs none of them.
            from segmind_ltx_sandbox.options import settings

            options |= settings(choices, deviation)
        if rate is not None:
            options["clock"] = SystemClock()
            options["behaviour"] = rate_limited(rate, options["clock"], options.get("behaviour"))
        app = create_app(speed=speed, **options)
        sock = listen(host, port)
        recorder = None if record is None else Recorder(record)
    except (ListenError, ValueError) as error:
        sys.stderr.write(f"segmind-ltx sandbox: {error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"segmind-ltx sandbox: cannot write --record {record}: {error.strerror}\n")
        return 2
    if log:
        app.traffic.listeners.append(lambda request: sys.stderr.write(f"{request.line}\n"))
    with recorder or nullcontext():
        if recorder is not None:
            app.traffic.listeners.append(recorder)
        serve(app, sock, announce)
    return 0


def listed_deviations() -> Iterator[str]:
    """Yield one line for each deviation: its name, the clauses that it breaks (if any), and what it does."""
    from segmind_ltx_sandbox.deviations import MUTANTS, VARIANTS

    for deviation in MUTANTS:
        yield f"{deviation.name}  breaks {', '.join(deviation.clauses)}: {deviation.summary}"
    for deviation in VARIANTS:
        yield f"{deviation.name}  is allowed: {deviation.summary}"


def announce(url: str) -> None:
    """Print the URL of the sandbox for programs, and to a terminal what a person does next."""
    sys.stdout.write(f"segmind-ltx sandbox listening on {url}\n")
    if sys.stdout.isatty():
        sys.stdout.write(greeting(url))
    sys.stdout.flush()


def greeting(url: str) -> str:
    """Return where the pages are, and the lines to paste into another terminal."""
    return (
        f"API reference: {url}/docs    keys: {url}/ or --keys    stop: Ctrl-C\n\n"
        f"    export SEGMIND_BASE_URL={url}\n    export SEGMIND_API_KEY={VALID}\n\n"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="segmind-ltx sandbox", description="Emulates the API. Runs no model.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8900, help="port, 0 for any free one (default: %(default)s)")
    parser.add_argument(
        "--speed", type=float, default=SPEED, help="speed of jobs; 1 is real time (default: %(default)g)"
    )
    parser.add_argument("--v1-bytes", action="store_true", help="return bytes from blocking calls, not JSON")
    parser.add_argument("--log", action="store_true", help="print a line for each request to stderr")
    parser.add_argument("--record", metavar="FILE", type=Path, help="write the requests to a HAR file")
    parser.add_argument("--keys", action="store_true", help="list the keys and what they do, then exit")
    parser.add_argument(
        "--option", metavar="NAME=VALUE", action="append", default=[], help="choose what the documents leave open"
    )
    parser.add_argument("--rate", metavar="N/S", help="answer 429 to a key's submits above N in S seconds")
    parser.add_argument("--options", action="store_true", help="list what can be chosen, then exit")
    parser.add_argument("--deviation", metavar="NAME", help="serve this deviation from the documents")
    parser.add_argument("--deviations", action="store_true", help="list all deviations, then exit")
    options = parser.parse_args(arguments)
    if options.deviations:
        sys.stdout.writelines(f"{line}\n" for line in listed_deviations())
        return 0
    if options.options:
        from segmind_ltx_sandbox.options import listed_options

        sys.stdout.writelines(f"{line}\n" for line in listed_options())
        return 0
    if options.keys:
        sys.stdout.write("".join(f"{s.key}  {s.name:<16} {s.summary}\n" for s in SCENARIOS))
        return 0
    return run(
        host=options.host,
        port=options.port,
        speed=options.speed,
        v1_bytes=options.v1_bytes,
        deviation=options.deviation,
        choices=options.option,
        rate=options.rate,
        log=options.log,
        record=options.record,
    )


if __name__ == "__main__":
    sys.exit(main())
