"""Run the sandbox on a port: ``python -m segmind_ltx_sandbox``. Needs neither typer nor rich.

Print one line with the URL once the server accepts connections, so that another process can start it and read the port.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from segmind_ltx_sandbox.http.app import SPEED, create_app
from segmind_ltx_sandbox.http.server import ListenError, listen, serve
from segmind_ltx_sandbox.service.scenarios import SCENARIOS


class UnknownDeviationError(ValueError):
    """No deviation has this name."""


def run(*, host: str, port: int, speed: float, v1_bytes: bool, deviation: str | None = None) -> int:
    """Serve until interrupted and return the exit status. ``deviation`` names the deviation to serve, if any."""
    options: dict[str, Any] = {"v1_bytes": v1_bytes}
    try:
        if deviation is not None:
            options |= _options_for(deviation)
        app = create_app(speed=speed, **options)
        sock = listen(host, port)
    except (ListenError, ValueError) as error:
        sys.stderr.write(f"segmind-ltx sandbox: {error}\n")
        return 2
    serve(app, sock, announce)
    return 0


def _options_for(name: str) -> dict[str, Any]:
    # Imported late: making the thousand deviations takes time, and the plain sandbox needs none of them.
    from segmind_ltx_sandbox.deviations import find

    try:
        found = find(name)
    except KeyError:
        raise UnknownDeviationError(f"no deviation is called {name}; --deviations lists them") from None
    return {**found.options, "behaviour": found.behaviour}


def listed_deviations() -> Iterator[str]:
    """Yield one line for each deviation: its name, the clauses that it breaks (if any), and what it does."""
    from segmind_ltx_sandbox.deviations import MUTANTS, VARIANTS

    for deviation in MUTANTS:
        yield f"{deviation.name}  breaks {', '.join(deviation.clauses)}: {deviation.summary}"
    for deviation in VARIANTS:
        yield f"{deviation.name}  is allowed: {deviation.summary}"


def announce(url: str) -> None:
    """Print the URL of the sandbox."""
    sys.stdout.write(f"segmind-ltx sandbox listening on {url}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="segmind-ltx sandbox", description="Emulates the API. Runs no model.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8900, help="port, 0 for any free one (default: %(default)s)")
    parser.add_argument(
        "--speed", type=float, default=SPEED, help="speed of jobs; 1 is real time (default: %(default)g)"
    )
    parser.add_argument("--v1-bytes", action="store_true", help="return bytes from blocking calls, not JSON")
    parser.add_argument("--keys", action="store_true", help="list the keys and what they do, then exit")
    parser.add_argument("--deviation", metavar="NAME", help="serve this deviation from the documents")
    parser.add_argument("--deviations", action="store_true", help="list all deviations, then exit")
    options = parser.parse_args(arguments)
    if options.deviations:
        sys.stdout.writelines(f"{line}\n" for line in listed_deviations())
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
    )


if __name__ == "__main__":
    sys.exit(main())
