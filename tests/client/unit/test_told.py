"""What the log says of a call: enough to see it, and no secret."""

from __future__ import annotations

import pytest

from segmind_ltx._config import Secret
from segmind_ltx._core.effects import Call, NoResponse, Response
from segmind_ltx._core.values import storable
from segmind_ltx._http.told import describe_call

KEY = Secret("SG_0123456789abcdef")


def _discard(*_: object) -> None:
    """Take what a download reads."""


@pytest.mark.parametrize(
    ("call", "reply", "said"),
    [
        (Call("GET", "/v2/a", 1.0), Response(200, {}, b'{"a":1}'), 'GET /v2/a -> 200 {"a":1} (0.50 s)'),
        (Call("GET", "/a", 1.0), NoResponse("x", False), "GET /a -> not sent: x (0.50 s)"),
        (Call("GET", "/a", 1.0), NoResponse("x", True), "GET /a -> no response: x (0.50 s)"),
        (
            Call("GET", "https://o.test/a.mp4?signature=s", 1.0, sink=_discard),
            Response(200, {}, b"", size=9),
            "GET https://o.test/a.mp4 -> 200, 9 bytes (0.50 s)",
        ),
        (
            Call("POST", "/v1/a", 1.0, {"p": "x"}),
            Response(200, {}, b"\0\0ftyp"),
            'POST /v1/a {"p": "x"} -> 200, 6 bytes (0.50 s)',
        ),
        (Call("GET", "/a", 1.0), Response(401, {}, b"SG_0123456789abcdef"), "GET /a -> 401 [api key] (0.50 s)"),
        (
            Call("POST", "/a", 1.0, {"p": "y" * 61}),
            Response(200, {}, b""),
            'POST /a {"p": "yyyyyyyyyy… (61 characters)"} -> 200  (0.50 s)',
        ),
    ],
)
def test_call_is_described(call: Call, reply: Response | NoResponse, said: str) -> None:
    """Method, path, body and outcome are told; long texts, signatures, videos and the key are not."""
    assert describe_call(call, reply, 0.5, KEY) == said


def test_long_body_is_cut() -> None:
    """A body of many short texts is cut as a whole."""
    body = b'["a",' + b'"b",' * 500 + b'"c"]'
    assert describe_call(Call("GET", "/a", 1.0), Response(200, {}, body), 0.5, KEY).endswith(
        f"… ({len(body)} characters) (0.50 s)"
    )


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("a ☃", "a ☃"),
        ("a\udcff", "a\\xff"),
        ("\udce2\udc98\udc83", "☃"),
        ("a\ud800\udcff", "a\\ud800\\udcff"),
        ("a\0b", "a\\x00b"),
        (7, 7),
        (None, None),
    ],
)
def test_text_is_storable(value: object, stored: object) -> None:
    """Bytes that are UTF-8 become text, others and NUL escapes; what is no text stays."""
    assert storable(value) == stored
