"""Reach the network: ownership of transports and clients, proxies, invalid options."""

from __future__ import annotations

import threading
from typing import Any

import anyio
import httpx
import pytest

from segmind_ltx import APIConnectionError, AsyncClient, Client, ConfigurationError
from segmind_ltx._http.attempt import AbandonedCallError, Attempt
from segmind_ltx._http.transport import Transport
from segmind_ltx_sandbox.testing import running_sandbox

KEY = "SG_0123456789abcdef"
BASE = "https://api.example.test"


def _queued(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"request_id": "job-1", "status": "QUEUED", "headers": dict(request.headers)})


def test_own_transport_closed_with_client() -> None:
    """The user's transport makes the calls and is closed with the client."""
    closed: list[bool] = []

    class ClosingTransport(httpx.MockTransport):
        def close(self) -> None:
            closed.append(True)

    with Client(KEY, BASE, transport=ClosingTransport(_queued)) as client:
        assert client.job("job-1").status().state == "QUEUED"
    assert closed == [True]


def test_own_http_client_stays_open() -> None:
    """The user's httpx client keeps its settings and stays open."""
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return _queued(request)

    http = httpx.Client(
        transport=httpx.MockTransport(answer),
        headers={"x-mine": "1", "user-agent": "me"},
        cookies={"a": "b"},
        params={"tenant": "7"},
    )
    with http:
        with Client(KEY, BASE, http=http, headers={"x-more": "2"}) as client:
            client.job("job-1").status()
        assert not http.is_closed
    seen = requests[0].headers
    assert (seen["x-mine"], seen["x-more"], seen["user-agent"], seen["cookie"]) == ("1", "2", "me", "a=b")
    assert (seen["x-api-key"], requests[0].url.query) == (KEY, b"tenant=7")


def test_own_async_http_client_stays_open() -> None:
    """The user's async httpx client keeps its settings and stays open."""

    async def main() -> Any:
        async with httpx.AsyncClient(transport=httpx.MockTransport(_queued), headers={"x-mine": "1"}) as http:
            async with AsyncClient(KEY, BASE, http=http) as client:
                seen = (await client.job("job-1").status()).raw["headers"]
            assert not http.is_closed
            return seen

    assert anyio.run(main)["x-mine"] == "1"


def test_headers_only_to_api(tmp_path: Any) -> None:
    """Extra headers go to the API, never to the host of a video."""
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if request.url.host == "out.test":
            return httpx.Response(200, content=b"\0\0\0\x18ftypmp42", headers={"content-type": "video/mp4"})
        return httpx.Response(200, json={"status": "COMPLETED", "output": "https://out.test/a.mp4"})

    with Client(KEY, BASE, transport=httpx.MockTransport(answer), headers={"x-tenant": "7"}) as client:
        client.job("job-1").result().save(tmp_path / "a.mp4")
    assert [(r.url.host, r.headers.get("x-tenant")) for r in requests] == [
        ("api.example.test", "7"),
        ("out.test", None),
    ]


CONFLICTING: dict[str, dict[str, Any]] = {
    "http and transport": {"http": httpx.Client(), "transport": httpx.MockTransport(_queued)},
    "http and proxy": {"http": httpx.Client(), "proxy": "http://127.0.0.1:9"},
    "transport and proxy": {"transport": httpx.MockTransport(_queued), "proxy": "http://127.0.0.1:9"},
    "a transport of another kind": {"transport": object()},
    "a proxy of no kind": {"proxy": "gopher://user:hunter2@127.0.0.1"},
    "a proxy that is no URL": {"proxy": "user:hunter2"},
    "the key among the headers": {"headers": {"X-API-Key": "SG_other"}},
    "negative retries": {"max_retries": -1},
    "retries of a word": {"max_retries": "4"},
    "negative max_submit_retries": {"max_submit_retries": -1},
    "no time": {"timeout": 0},
    "endless time": {"timeout": float("inf")},
    "a time of a word": {"timeout": "5"},
}


@pytest.mark.parametrize("options", CONFLICTING)
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_conflicting_options_refused(kind: Any, options: str) -> None:
    """Invalid or conflicting options are refused, without showing a secret."""
    with pytest.raises(ConfigurationError) as caught:
        kind(KEY, BASE, **CONFLICTING[options])
    assert "hunter2" not in str(caught.value)
    assert "SG_" not in str(caught.value)


def test_proxy_option(proxy: tuple[str, list[bytes]]) -> None:
    """Every call goes through the given proxy."""
    url, requests = proxy
    with Client(KEY, "http://api.example.test", proxy=url) as client:
        assert client.job("job-1").status().state == "QUEUED"
    assert requests[0].startswith(b"GET http://api.example.test/v2/requests/job-1/status ")


def test_proxy_of_environment(proxy: tuple[str, list[bytes]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call goes through a proxy that the environment names."""
    url, requests = proxy
    monkeypatch.setenv("http_proxy", url)
    with Client(KEY, "http://api.example.test") as client:
        assert client.job("job-1").status().state == "QUEUED"
    assert requests[0].startswith(b"GET http://api.example.test/v2/requests/job-1/status ")


def test_sequential_calls_share_connection() -> None:
    """Calls that follow one another share one connection."""
    with running_sandbox() as sandbox, Client(sandbox.key, sandbox.base_url) as client:
        job = client.submit("ltx-video", prompt="x")
        states = {job.status().state for _ in range(5)}
        assert states <= {"QUEUED", "PROCESSING", "COMPLETED"}
        assert len(client._driver._transport._idle) == 1  # pyright: ignore[reportPrivateUsage]


def _open_connections(transport: Any) -> int:
    return len(transport._pool.connections)


def test_close_during_release(monkeypatch: pytest.MonkeyPatch) -> None:
    """If another thread closes the client just when a call gives its connection back, the connection is closed."""
    used: list[Any] = []
    with running_sandbox() as sandbox:
        client = Client(sandbox.key, sandbox.base_url)

        def close_meanwhile(transport: Any) -> bool:
            used.append(transport)
            assert _open_connections(transport) == 1
            client.close()
            return True

        job = client.submit("ltx-video", prompt="x")
        monkeypatch.setattr("segmind_ltx._http.transport.ended_cleanly", close_meanwhile)
        job.status()
    assert [_open_connections(transport) for transport in used] == [0]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_async_close_during_release(monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
    """The same with the asynchronous client, which a thread with another event loop may close."""
    used: list[Any] = []

    async def main() -> None:
        with running_sandbox() as sandbox:
            client = AsyncClient(sandbox.key, sandbox.base_url)

            def close_meanwhile(transport: Any) -> bool:
                used.append(transport)
                assert _open_connections(transport) == 1
                thread = threading.Thread(target=anyio.run, args=(client.close,))
                thread.start()
                thread.join()
                return True

            job = await client.submit("ltx-video", prompt="x")
            monkeypatch.setattr("segmind_ltx._http.async_transport.ended_cleanly", close_meanwhile)
            await job.status()
        assert [_open_connections(transport) for transport in used] == [0]

    anyio.run(main, backend=backend)


def test_download_given_up_is_released(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a free call is given up just before its response begins, its connection is closed all the same."""
    released: list[httpx.Response] = []
    release = Transport.release

    def note(self: Transport, exchange: Any) -> None:
        release(self, exchange)
        released.append(exchange.response)

    def give_up(_: Attempt) -> None:
        raise AbandonedCallError

    monkeypatch.setattr(Transport, "release", note)
    with running_sandbox() as sandbox, Client(sandbox.key, sandbox.base_url, max_retries=0) as client:
        job = client.submit("ltx-video", prompt="x")
        released.clear()
        with monkeypatch.context() as patch:
            patch.setattr(Attempt, "check", give_up)
            with pytest.raises(APIConnectionError):
                job.status()
    assert [response.is_closed for response in released] == [True]
