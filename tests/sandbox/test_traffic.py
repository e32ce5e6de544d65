"""Test what the sandbox keeps of requests, and the faults for once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from typer.testing import CliRunner

from segmind_ltx import Client
from segmind_ltx_conformance.cli import conformance
from segmind_ltx_sandbox import VALID, ManualClock, create_app, key_of
from segmind_ltx_sandbox.__main__ import greeting
from segmind_ltx_sandbox.http import traffic
from segmind_ltx_sandbox.http.app import SandboxApp
from segmind_ltx_sandbox.http.recorder import Recorder
from segmind_ltx_sandbox.testing import running_sandbox
from support.clocks import LinkedClock

pytestmark = pytest.mark.anyio
PATH = "/v2/ltx-2-pro"


async def test_requests_are_kept(api: httpx.AsyncClient) -> None:
    """``GET /_control/requests`` returns what was sent, with the scenario's name and without any key."""
    await api.post(PATH, json={"prompt": "a"})
    await api.get(
        "/v2/requests/none?api_key=SG_real", headers={"x-api-key": "SG_real", "authorization": "Bearer SG_real"}
    )
    await api.get("/v2/requests/none", headers={"x-api-key": key_of("forbidden")})
    await api.get("/docs")
    response = await api.get("/_control/requests")
    kept = response.json()["requests"]
    assert [(one["method"], one["path"], one["key"], one["status"]) for one in kept] == [
        ("POST", PATH, "valid", 200),
        ("GET", "/v2/requests/none", "unknown", 401),
        ("GET", "/v2/requests/none", "forbidden", 403),
    ]
    assert kept[0]["json"] == {"prompt": "a"}
    assert "SG_" not in response.text
    assert (await api.delete("/_control/requests")).json() == {"requests": []}


async def test_kept_requests_are_bounded(api: httpx.AsyncClient, app: SandboxApp, clock: ManualClock) -> None:
    """Only the newest requests are kept, and no video."""
    for _ in range(traffic.KEPT_REQUESTS + 5):
        await api.get("/v2/requests/none")
    job = (await api.post(PATH, json={"prompt": "a"})).json()
    clock.advance(100)
    output = (await api.get(job["response_url"])).json()["output"]
    del api.headers["x-api-key"]
    video = await api.get(output)
    kept = list(app.traffic)
    assert len(kept) == traffic.KEPT_REQUESTS
    assert (kept[-1].response_size, kept[-1].response_body) == (len(video.content), None)


async def test_fault_is_for_the_next_requests(api: httpx.AsyncClient) -> None:
    """A status is sent as often as it was asked for, on the routes that it was asked for."""
    pending = await api.post("/_control/next", json={"status": 429, "times": 2, "on": "submit"})
    assert pending.json() == {"pending": 2}
    assert (await api.get("/v2/requests/none")).status_code == 404
    first = await api.post(PATH, json={"prompt": "a"})
    assert (first.status_code, "x-rate-limit-reset-at-utc" in first.headers) == (429, True)
    statuses = [(await api.post(PATH, json={"prompt": "a"})).status_code for _ in range(2)]
    assert statuses == [429, 200]
    await api.post("/_control/next", json={"status": 502})
    assert (await api.delete("/_control/next")).json() == {"pending": 0}
    assert (await api.post(PATH, json={"prompt": "a"})).status_code == 200


async def test_slow_fault_takes_the_clocks_time(api: httpx.AsyncClient, clock: ManualClock) -> None:
    """A slow response comes later by the sandbox's clock."""
    await api.post("/_control/next", json={"slow": 5})
    assert (await api.post(PATH, json={"prompt": "a"})).status_code == 200
    assert clock.now() == 5


async def test_stuck_fault_sends_nothing(api: httpx.AsyncClient) -> None:
    """A stuck request gets no response, until its caller gives up."""
    await api.post("/_control/next", json={"stuck": True})
    with anyio.move_on_after(0.05) as scope:
        await api.post(PATH, json={"prompt": "a"})
    assert scope.cancelled_caught
    assert [one["status"] for one in (await api.get("/_control/requests")).json()["requests"]] == [0]


@pytest.mark.parametrize(("after", "jobs"), [(False, 0), (True, 1)])
def test_dropped_connection_has_no_response(*, after: bool, jobs: int) -> None:
    """A dropped connection ends without a byte, before the request is handled or after it."""
    with running_sandbox(clock=ManualClock()) as sandbox:
        sandbox.next(drop=True, after=after)
        with httpx.Client(headers={"x-api-key": VALID}) as client:
            with pytest.raises(httpx.TransportError):
                client.post(f"{sandbox.base_url}{PATH}", json={"prompt": "a"})
            assert client.post(f"{sandbox.base_url}{PATH}", json={"prompt": "a"}).status_code == 200
        assert len(sandbox.state.jobs) == jobs + 1
        assert [one.status for one in sandbox.requests] == [0, 200]


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{}", '{"status": 200}', '{"status": true}', '{"status": 429, "drop": true}', '{"slow": -1}',
     '{"slow": "5"}', '{"stuck": true, "times": 0}', '{"drop": true, "times": 1.5}', '{"drop": true, "on": "all"}',
     '{"drop": true, "when": "now"}', '{"slow": 1e999}'],
)  # fmt: skip
async def test_wrong_fault_is_400(api: httpx.AsyncClient, body: str) -> None:
    """A fault that cannot be is refused with what is allowed."""
    response = await api.post("/_control/next", content=body)
    assert response.status_code == 400
    assert '"status": 429' in response.json()["error"]


async def test_rate_limit_ends_sooner_at_speed() -> None:
    """The time until a rate limit ends is divided by the speed."""
    ends: list[str] = []
    for speed in (1, 20):
        transport = httpx.ASGITransport(app=create_app(clock=ManualClock(), speed=speed))
        async with httpx.AsyncClient(transport=transport, base_url="http://s") as client:
            limited = await client.get("/v2/requests/a", headers={"x-api-key": key_of("rate_limited")})
            ends.append(limited.headers["x-rate-limit-reset-at-utc"])
    assert ends == ["2026-01-01T00:01:00Z", "2026-01-01T00:00:03Z"]


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://localhost:5173", True),
        ("http://127.0.0.1:3000", True),
        ("https://[::1]", True),
        ("https://example.com", False),
        ("http://localhost.example.com", False),
        ("null", False),
    ],
)
async def test_loopback_pages_may_call(api: httpx.AsyncClient, origin: str, *, allowed: bool) -> None:
    """A page on a loopback origin may call the API from a browser, and no other page may."""
    asked = {"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": "x-api-key"}
    preflight = await api.options(PATH, headers=asked)
    response = await api.post(PATH, json={"prompt": "a"}, headers={"origin": origin})
    shown = [one.headers.get("access-control-allow-origin") for one in (preflight, response)]
    assert shown == ([origin, origin] if allowed else [None, None])
    assert response.status_code == 200


def test_recorded_traffic_can_be_judged(tmp_path: Path) -> None:
    """``--record`` gives a HAR file that is complete after each request and that the suite judges."""
    path = tmp_path / "traffic.har"
    with Recorder(path) as recorder, running_sandbox(clock=ManualClock(), speed=1) as sandbox:
        sandbox.app.traffic.listeners.append(recorder)
        assert json.loads(path.read_bytes())["log"]["entries"] == []
        assert isinstance(sandbox.clock, ManualClock)
        with Client(VALID, sandbox.base_url, clock=LinkedClock(sandbox.clock)) as client:
            client.generate("ltx-2-19b-t2v", prompt="a", width=256, height=256, num_frames=8).save(tmp_path / "a.mp4")
            httpx.post(f"{sandbox.base_url}{PATH}", json={"prompt": 7}, headers={"x-api-key": VALID})
        assert VALID not in path.read_text()
    done = CliRunner().invoke(conformance, ["judge", str(path), "--report", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    passed = {check["clause"] for check in report["checks"] if check["outcome"] == "passed"}
    assert passed >= {"ltx-2-pro.prompt.type", "output.is-a-video", "ltx-2-19b-t2v.width.minimum"}


def sandbox_process(*arguments: str) -> tuple[subprocess.Popen[str], str]:
    """Start the sandbox as a process and return it with its URL."""
    command = [sys.executable, "-m", "segmind_ltx_sandbox", "--port", "0", *arguments]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout is not None
    return running, running.stdout.readline().split()[-1]


def test_log_has_a_line_for_each_request(tmp_path: Path) -> None:
    """``--log`` prints method, path, the key's name and the status, and no control characters or keys."""
    running, url = sandbox_process("--log", "--record", str(tmp_path / "a.har"))
    try:
        httpx.post(f"{url}{PATH}", json={"prompt": "a"}, headers={"x-api-key": VALID})
        httpx.get(f"{url}/v2/requests/%1b%5B31m")
    finally:
        running.terminate()
        _, err = running.communicate(timeout=20)
    lines = err.splitlines()
    assert lines[0].startswith(f"POST {PATH}  valid  200  ")
    assert lines[1].startswith("GET /v2/requests/\\x1b[31m  no key  401  ")
    assert len(json.loads((tmp_path / "a.har").read_bytes())["log"]["entries"]) == 2
    assert VALID not in err


def test_record_to_nowhere_exits_2(tmp_path: Path) -> None:
    """If the file cannot be written, the command ends with 2 before it serves."""
    command = [sys.executable, "-m", "segmind_ltx_sandbox", "--port", "0", "--record", str(tmp_path / "no" / "a.har")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, "a.har" in done.stderr, done.stdout) == (2, True, "")


def test_greeting_can_be_pasted() -> None:
    """The greeting has the pages, a key and the two exports."""
    words: Any = greeting("http://127.0.0.1:8900")
    assert "http://127.0.0.1:8900/docs" in words
    assert "export SEGMIND_BASE_URL=http://127.0.0.1:8900\n" in words
    assert f"export SEGMIND_API_KEY={VALID}\n" in words
