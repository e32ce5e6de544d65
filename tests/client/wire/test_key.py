"""Send the key to the API's origin alone, and show it nowhere.

More than 250 lines, since every place in which a key could appear has its case here.
"""

# respx leaves its calls untyped, and a step takes what the one before it gave.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownLambdaType=false

from __future__ import annotations

import copy
import io
import logging
import pickle
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

import httpx
import pytest
import respx
import rich.console
import rich.traceback

import segmind_ltx as ltx
from segmind_ltx.compat import SegmindClient
from support.callers import Caller, Step, caller_cases
from support.clocks import FakeClock

SHOWN = "0123456789abcdef"
ID = "job-1"
OUT = "https://out.test/a.mp4"
DONE = {"status": "COMPLETED", "output": OUT}


def _frames(error: BaseException) -> str:
    """Return the local variables of every frame of a traceback except the test's own."""
    text: list[str] = []
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is None:
            continue
        todo += [one.__cause__, one.__context__]
        trace: TracebackType | None = one.__traceback__
        while trace is not None:
            if "/tests/" not in trace.tb_frame.f_code.co_filename:
                text += [repr(value) for value in trace.tb_frame.f_locals.values()]
            trace = trace.tb_next
    return "\n".join(text)


def _everything_about(error: BaseException) -> str:
    """Return everything that a person or a log can see of an exception."""
    parts = [repr(error), str(error), repr(vars(error)), _frames(error), "".join(traceback.format_exception(error))]
    return "\n".join([*parts, repr(pickle.dumps(error)), repr(copy.deepcopy(error))])


def _rich_traceback(error: BaseException) -> str:
    """Return the traceback as rich prints it, with local variables and their fields."""
    out = io.StringIO()
    shown = rich.traceback.Traceback.from_exception(
        type(error), error, error.__traceback__, show_locals=True, locals_max_length=1000, locals_max_string=10_000
    )
    rich.console.Console(file=out, width=200).print(shown)
    return out.getvalue()


def _echo(status: int, **more: Any) -> httpx.Response:
    """Return a response that quotes the key in every place."""
    key = "SG_" + SHOWN
    body = {"error": f"bad key {key}", "error_description": key, "status": more.pop("word", key), "x": {key: [key]}}
    return httpx.Response(status, json=body, headers={"x-echo": key, "x-request-id": key, **more})


FAULTS: dict[str, Any] = {
    "400": _echo(400),
    "401": _echo(401),
    "401 as bytes": _echo(401, **{"content-type": "application/octet-stream"}),
    "401 as a video": _echo(401, **{"content-type": "video/mp4"}),
    "401 as text": httpx.Response(401, text=f"no such key: SG_{SHOWN}"),
    "422": _echo(422, word="FAILED"),
    "429": _echo(429, **{"x-rate-limit-reset-at-utc": f"SG_{SHOWN}"}),
    "500": _echo(500),
    "302": _echo(302, location=f"https://evil.test/?key=SG_{SHOWN}"),
    "200 that makes no sense": _echo(200),
    "200 as text": httpx.Response(200, text=f"SG_{SHOWN}"),
    "200 as a video": _echo(200, **{"content-type": "video/mp4"}),
    "200 as bytes": httpx.Response(200, content=f"SG_{SHOWN}".encode(), headers={"content-type": "a/b"}),
    "lost": httpx.ReadTimeout("slow"),
    "a broken header": httpx.RemoteProtocolError(f"illegal header line: bytearray(b'x SG_{SHOWN}')"),
    "refused": httpx.ConnectError("refused"),
}
STEPS: dict[str, Step] = {
    "submit": lambda c: c.submit("ltx-video", prompt="x"),
    "v1": lambda c: c.generate_blocking("ltx-video", prompt="x"),
    "wait": lambda c: c.job(ID).wait(timeout=20),
    "result": lambda c: c.job(ID).result(),
}


@pytest.mark.parametrize(("caller", "step", "fault"), caller_cases(list(STEPS), list(FAULTS)), indirect=["caller"])
def test_key_not_in_errors_or_log(
    caller: Caller, wire: respx.MockRouter, caplog: pytest.LogCaptureFixture, step: str, fault: str
) -> None:
    """No exception and no log shows the key, even if a response quotes it."""
    wire.route().side_effect = [FAULTS[fault]] * 50
    with caplog.at_level(logging.DEBUG, "segmind_ltx"), pytest.raises(ltx.SegmindLtxError) as caught:
        caller(STEPS[step])
    assert SHOWN not in _everything_about(caught.value)
    assert SHOWN not in caplog.text


@pytest.mark.parametrize(("caller", "step", "fault"), caller_cases(list(STEPS), ["401", "lost"]), indirect=["caller"])
def test_key_not_in_traceback_locals(caller: Caller, wire: respx.MockRouter, step: str, fault: str) -> None:
    """A traceback with local variables does not show the key."""
    wire.route().side_effect = [FAULTS[fault]] * 50
    with pytest.raises(ltx.SegmindLtxError) as caught:
        caller(STEPS[step])
    assert SHOWN not in _rich_traceback(caught.value)


def test_key_check_sees_a_leak() -> None:
    """The check itself finds a key that leaks."""

    def leak() -> None:
        held = "SG_" + SHOWN
        raise ltx.SegmindLtxError(f"key {held}"[:0])

    with pytest.raises(ltx.SegmindLtxError) as caught:
        leak()
    assert SHOWN not in _everything_about(caught.value)  # The frame is a test's.
    assert SHOWN in _rich_traceback(caught.value)


WRONG: dict[str, tuple[Any, dict[str, Any]]] = {
    "a key in bytes": (b"SG_0123456789abcdef", {}),
    "a key that is a list": (["SG_0123456789abcdef"], {}),
    "a base URL in bytes": ("SG_0123456789abcdef", {"base_url": b"SG_0123456789abcdef"}),
    "a ledger with a null": ("SG_0123456789abcdef", {"ledger": "a\0b"}),
    "a ledger that is no path": ("SG_0123456789abcdef", {"ledger": 7}),
    "a header of two lines": ("SG_0123456789abcdef", {"headers": {"a": "SG_0123456789abcdef\ny"}}),
    "a header with a space at its end": ("SG_0123456789abcdef", {"headers": {"a": "SG_0123456789abcdef "}}),
    "a header that is a number": ("SG_0123456789abcdef", {"headers": {"b": "SG_0123456789abcdef", "a": 3}}),
    "a header not in ASCII": ("SG_0123456789abcdef", {"headers": {"a": "SG_0123456789abcdef ö"}}),
    "a header's name not in ASCII": ("SG_0123456789abcdef", {"headers": {"SG_0123456789abcdefö": "x"}}),
    "a header's name with a colon": ("SG_0123456789abcdef", {"headers": {"SG_0123456789abcdef:": "x"}}),
    "the key's own header": ("SG_0123456789abcdef", {"headers": {"X-Api-Key": "SG_0123456789abcdef"}}),
    "headers that are none": ("SG_0123456789abcdef", {"headers": ["SG_0123456789abcdef"]}),
    "a time that is none": ("SG_0123456789abcdef", {"timeout": True}),
}


@pytest.mark.parametrize("kind", [ltx.Client, ltx.AsyncClient])
@pytest.mark.parametrize("wrong", WRONG)
def test_invalid_arguments_hide_key(kind: Any, wrong: str) -> None:
    """Invalid arguments are refused without showing the key."""
    key, options = WRONG[wrong]

    def raised() -> ltx.ConfigurationError:
        try:
            kind(key, **options)
        except ltx.ConfigurationError as error:
            return error
        pytest.fail("it was taken")

    error = raised()
    trace = error.__traceback__
    assert trace is not None
    error.__traceback__ = trace.tb_next  # Without the test's own frame, which holds the arguments.
    shown = _rich_traceback(error)
    if not isinstance(options.get("base_url"), bytes):  # There the key is a URL to us, and locals may show it.
        assert SHOWN not in shown
    assert SHOWN not in str(error) + repr(vars(error))


@pytest.mark.parametrize("value", ["", "x", "a b", "a\tb", "!~"])
def test_valid_header_values(wire: respx.MockRouter, value: str) -> None:
    """A header value that HTTP can carry is accepted."""
    route = wire.get(f"/v2/requests/{ID}").respond(200, json=DONE)
    with ltx.Client("SG_0123456789abcdef", "https://api.example.test", headers={"x-mine": value}) as client:
        client.job(ID).result()
    assert route.calls[0].request.headers["x-mine"] == value


@pytest.mark.parametrize("url", [OUT, "https://user:pw@out.test/a.mp4", "https://api.example.test/out/a.mp4"])
def test_download_without_client_settings(caller: Caller, wire: respx.MockRouter, tmp_path: Any, url: str) -> None:
    """A download sends no header, cookie, auth or query of the user's httpx client."""
    wire.get(f"/v2/requests/{ID}").respond(200, json={**DONE, "output": url})
    route = wire.get(url.replace("user:pw@", "")).respond(200, content=b"\x00\x00\x00\x18ftypmp42")
    kind: Any = httpx.Client if caller.kind == "sync" else httpx.AsyncClient
    headers = {"x-api-key": "SG_0123456789abcdef", "authorization": "Bearer x", "x-mine": "1"}
    http = kind(headers=headers, auth=("u", "p"), cookies={"a": "b"}, params={"key": "SG_0123456789abcdef"})
    caller(STEPS["result"], lambda v: v.save(tmp_path / "a.mp4"), http=http)
    (asked,) = [call.request for call in route.calls]
    assert {"x-api-key", "authorization", "cookie", "x-mine"}.isdisjoint(asked.headers)
    assert SHOWN not in str(asked.url)


MADE = (ltx.Client, ltx.AsyncClient, SegmindClient)


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize(
    "arguments",
    [
        ("SG_0123456789abcdef", "no url"),
        ("SG_0123456789abcdef\nmore",),
        ("SG_0123456789abcdef\nmore", "no url"),
        ("https://api.example.test", "SG_0123456789abcdef"),
        ("SG_0123456789abcdef", "https://SG_0123456789abcdef@api.example.test"),
        ("SG_0123456789abcdef", "https://api.example.test?key=SG_0123456789abcdef"),
    ],
)
def test_invalid_client_hides_key(kind: Any, arguments: tuple[str, ...]) -> None:
    """A client that cannot be constructed does not show the key."""
    with pytest.raises(ltx.ConfigurationError) as caught:
        kind(*arguments)
    text = "\n".join([str(caught.value), repr(vars(caught.value))])
    assert SHOWN not in text
    if arguments[0] != "https://api.example.test":  # There the key is a URL to us, and locals may show it.
        inner = [frame for frame in traceback.walk_tb(caught.value.__traceback__) if "/tests/" not in str(frame)]
        values = [value for frame, _ in inner for value in frame.f_locals.values() if isinstance(value, str)]
        assert [value for value in values if value == arguments[0]] == []


@pytest.mark.parametrize("kind", [ltx.Client, ltx.AsyncClient])
def test_reprs_hide_key(wire: respx.MockRouter, kind: Any, clock: FakeClock) -> None:
    """No repr of a client, a job or a video shows the key."""
    client = kind("SG_0123456789abcdef", "https://api.example.test", clock=clock)
    things: list[Any] = [client, client.job(ID), vars(client), vars(client.job(ID))]
    if kind is ltx.Client:
        wire.get(f"/v2/requests/{ID}").respond(200, json={**DONE, "note": "SG_0123456789abcdef"})
        wire.get(f"/v2/requests/{ID}/status").respond(200, json={**DONE, "note": "SG_0123456789abcdef"})
        video = client.job(ID).result()
        things += [video, video.raw, client.job(ID).status().raw]
    out = io.StringIO()
    for thing in things:
        rich.console.Console(file=out, width=200).print(thing)
        out.write(f"{thing!r} {thing!s}")
    assert SHOWN not in out.getvalue()


@pytest.mark.parametrize("thing", ["client", "job", "video"])
@pytest.mark.parametrize("way", [pickle.dumps, copy.deepcopy])
def test_key_holders_not_picklable(wire: respx.MockRouter, thing: str, way: Any) -> None:
    """An object that holds the key cannot be pickled or copied."""
    wire.get(f"/v2/requests/{ID}").respond(200, json=DONE)
    client = ltx.Client("SG_0123456789abcdef", "https://api.example.test")
    held: dict[str, Callable[[], object]] = {
        "client": lambda: client,
        "job": lambda: client.job(ID),
        "video": lambda: client.job(ID).result(),
    }
    with pytest.raises(TypeError):
        way(held[thing]())


def test_short_key_not_redacted(caller: Caller, wire: respx.MockRouter) -> None:
    """A short key is not redacted, since it may be part of any word."""
    wire.post("/v2/ltx-video").respond(200, json={"request_id": "abc-test-1"})
    assert caller(STEPS["submit"], api_key="test").id == "abc-test-1"


def test_key_not_sent_to_output_host(caller: Caller, wire: respx.MockRouter, tmp_path: Any) -> None:
    """The key goes neither to the host of a video nor along its redirects."""
    wire.get(f"/v2/requests/{ID}").respond(200, json=DONE)
    wire.get(OUT).respond(302, headers={"location": "https://api.example.test/back"})
    wire.get("https://api.example.test/back").respond(307, headers={"location": "//cdn.test/b.mp4"})
    wire.get("https://cdn.test/b.mp4").respond(200, content=b"\x00\x00\x00\x18ftypmp42")
    caller(STEPS["result"], lambda v: v.save(tmp_path / "a.mp4"))
    assert [call.request.url.host for call in wire.calls[1:]] == ["out.test", "api.example.test", "cdn.test"]
    for call in wire.calls[1:]:
        assert SHOWN not in str(call.request.headers.raw)
        assert "authorization" not in call.request.headers


@pytest.mark.parametrize("stage", ["submit", "status", "wait"])
@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, MemoryError])
def test_interrupt_hides_key(caller: Caller, interrupt: type[BaseException], stage: str) -> None:
    """An interrupt's frames do not show the key, though httpx's locals hold the headers."""

    class Interrupted(httpx.BaseTransport, httpx.AsyncBaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            headers = request.headers.raw
            raise interrupt(len(headers)) from ValueError("what was going on")

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return self.handle_request(request)

    step: Step = {
        "submit": lambda c: c.submit("ltx-video", prompt="x"),
        "status": lambda c: c.job(ID).status(),
        "wait": lambda c: c.job(ID).wait(),
    }[stage]
    with pytest.raises(interrupt) as caught:
        caller(step, transport=Interrupted())
    assert SHOWN not in _every_frame(caught.value)
    if stage != "status":
        assert "job" in "".join(caught.value.__notes__)


def _every_frame(error: BaseException) -> str:
    """Return the local variables of all frames, also of the test's own transport, which stands for httpx's."""
    text: list[str] = []
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        trace = one.__traceback__ if one is not None else None
        while trace is not None:
            name = trace.tb_frame.f_code.co_name
            text += [repr(value) for value in trace.tb_frame.f_locals.values() if not name.startswith("test_")]
            trace = trace.tb_next
        todo += [one.__context__] if one is not None else []
    return "\n".join(text)
