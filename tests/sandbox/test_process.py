"""Test the sandbox as a process, and as a server in a thread."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager

import httpx
import pytest

from segmind_ltx_sandbox import SCENARIOS, ManualClock, key_of
from segmind_ltx_sandbox.http.server import ListenError, listen, url_of
from segmind_ltx_sandbox.testing import running_sandbox
from segmind_ltx_spec import load

# Hides the packages that only the client's command line installs.
BARE = (
    "import sys, runpy; sys.modules['typer'] = sys.modules['rich'] = None; "
    "sys.argv = sys.argv[:1] + sys.argv[1:]; runpy.run_module('segmind_ltx_sandbox', run_name='__main__')"
)


@contextmanager
def process(*arguments: str) -> Generator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop("PYTHONUNBUFFERED", None)  # It would hide a missing flush.
    with subprocess.Popen(
        [sys.executable, "-c", BARE, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as running:
        watchdog = threading.Timer(30, running.kill)  # If no line comes, the test fails instead of hanging.
        watchdog.start()
        try:
            yield running
        finally:
            watchdog.cancel()
            running.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_process_serves_until_signal(number: signal.Signals) -> None:
    """The process prints its URL, serves, and exits with 0 on SIGTERM or SIGINT."""
    with process("--port", "0", "--speed", "1000") as running:
        assert running.stdout is not None
        line = running.stdout.readline()
        match = re.fullmatch(r"segmind-ltx sandbox listening on (http://127\.0\.0\.1:\d+)\n", line)
        assert match is not None, line
        headers = {"x-api-key": key_of("valid")}
        response = httpx.post(f"{match[1]}/v2/ltx-2-pro", json={"prompt": "a"}, headers=headers)
        assert response.json()["status_url"].startswith(match[1])
        running.send_signal(number)
        out, err = running.communicate(timeout=10)
        assert (running.returncode, out, err) == (0, "", "")


def test_process_ends_during_blocking_call() -> None:
    """If a blocking call is running, the process still ends at once on SIGTERM."""
    with process("--port", "0", "--speed", "1") as running:
        assert running.stdout is not None
        url = running.stdout.readline().split()[-1]
        with socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1]))) as connection:
            body = b'{"prompt": "a"}'
            head = f"POST /v1/ltx-2-pro HTTP/1.1\r\nhost: s\r\nx-api-key: {key_of('valid')}\r\n"
            head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)
            assert httpx.get(url).status_code == 200  # By now the blocking call has started.
            running.send_signal(signal.SIGTERM)
            running.communicate(timeout=10)
        assert running.returncode == 0


def test_process_port_in_use_is_one_line() -> None:
    """If the port is in use, the process prints one line and exits with 2."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with process("--port", str(taken.getsockname()[1])) as running:
            out, err = running.communicate(timeout=20)
    assert (running.returncode, out) == (2, "")
    assert err.count("\n") == 1
    assert "cannot listen" in err


@pytest.mark.parametrize("arguments", [["--port", "70000"], ["--port", "-1"], ["--port", "x"], ["--speed", "0"]])
def test_process_wrong_argument_exits_2(arguments: list[str]) -> None:
    """If an argument is wrong, the process exits with 2 and prints no traceback."""
    with process(*arguments) as running:
        out, err = running.communicate(timeout=20)
    assert (running.returncode, out) == (2, "")
    assert err
    assert "Traceback" not in err


def test_process_lists_keys() -> None:
    """``--keys`` lists every key."""
    with process("--keys") as running:
        out, err = running.communicate(timeout=20)
    assert (running.returncode, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == [scenario.key for scenario in SCENARIOS]


def test_running_sandbox_serves_in_thread() -> None:
    """`running_sandbox` serves on a clock that the test moves, and stops at the end of the block."""
    clock = ManualClock()
    with running_sandbox(clock=clock, speed=1) as sandbox, httpx.Client(headers={"x-api-key": sandbox.key}) as client:
        job = client.post(f"{sandbox.base_url}/v2/ltx-video", json={"prompt": "a"}).json()
        assert client.get(job["status_url"]).json()["status"] == "QUEUED"
        sandbox.clock.advance(load().models["ltx-video"].seconds)
        assert client.get(job["status_url"]).json()["status"] == "COMPLETED"
        assert len(sandbox.state.jobs) == 1
    with pytest.raises(httpx.ConnectError):
        httpx.get(sandbox.base_url)


def test_two_running_sandboxes_are_separate() -> None:
    """Two sandboxes share neither their address nor their state."""
    with running_sandbox() as one, running_sandbox() as two:
        assert one.base_url != two.base_url
        assert one.state is not two.state


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 65536), ("127.0.0.1", -1), ("no such host", 0)])
def test_listen_on_invalid_address_raises(host: str, port: int) -> None:
    """If an address is invalid, `ListenError` names the host or the port."""
    with pytest.raises(ListenError, match=re.escape(str(port) if port else host)):
        listen(host, port)


def test_url_of_socket() -> None:
    """`url_of` returns the URL of a bound socket."""
    with listen("127.0.0.1", 0) as sock:
        assert url_of(sock) == f"http://127.0.0.1:{sock.getsockname()[1]}"
