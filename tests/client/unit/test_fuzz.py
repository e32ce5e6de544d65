"""Send any response: only our exceptions leave, with the id and without the key, and no success is wrong.

The expected result is computed from the responses, without the client's code. SEGMIND_LTX_FUZZ=long tries
20,000 new cases for each stage.
"""

from __future__ import annotations

import math
import os
import pickle
from collections.abc import Callable, Iterator
from operator import methodcaller
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from segmind_ltx import SegmindLtxError
from segmind_ltx._core.parameters import is_request_id
from support.clocks import FakeClock
from support.fuzzing import DONE, ID, KEY, Reply, Server, call, fields_of, replies

LONG = os.environ.get("SEGMIND_LTX_FUZZ") == "long"
PROFILE = settings(
    max_examples=20_000 if LONG else 120,
    derandomize=not LONG,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
STEPS: dict[str, list[Callable[[Any], Any]]] = {
    "submit": [lambda c: c.submit("ltx-video", prompt="x")],
    "v1": [lambda c: c.generate_blocking("ltx-video", prompt="x")],
    "status": [lambda c: c.job(ID).status()],
    "result": [lambda c: c.job(ID).result()],
    "wait": [lambda c: c.job(ID).wait(timeout=30)],
    "save": [lambda c: c.job(ID).result()],
}
ROUTES = {"wait": ["status", "result"]}
"""The routes that a stage calls, if its name does not say it all."""
KINDS = st.sampled_from(["sync", "sync", "sync with a client of one's own", "async"])
TAKEN = Reply(200, {}, httpx.Response(200, json=DONE).content, good=True)


@pytest.mark.parametrize("stage", STEPS)
@PROFILE
@given(data=st.data())
def test_any_response(clock: FakeClock, tmp_path: Path, stage: str, data: st.DataObject) -> None:
    """Any response gives a correct result or one of our exceptions, with the id and without the key."""
    routes = {name: data.draw(st.lists(replies(name), min_size=1, max_size=3)) for name in ROUTES.get(stage, [stage])}
    server = Server({"result": [TAKEN], **routes})
    path, steps = tmp_path / "a.mp4", STEPS[stage]
    path.unlink(missing_ok=True)
    if stage == "save":
        steps = [*steps, methodcaller("save", path)]
    try:
        value = call(server, data.draw(KINDS), clock, *steps)
    except SegmindLtxError as error:
        event(f"{stage}: {type(error).__name__}")
        right_error(error, stage, server)
        assert not all(given[0].good for given in routes.values())
        assert list(tmp_path.iterdir()) == []
    else:
        event(f"{stage}: no error")
        RIGHT[stage](value, {name: used[-1] for name, used in server.used.items() if used})
    if stage in {"submit", "v1"}:
        never_paid_twice(server.used[stage], {429})


def right_error(error: SegmindLtxError, stage: str, server: Server) -> None:
    """Check that the error has the id, if one was known, and never the key."""
    seen = [str(error), repr(error), repr(vars(error)), pickle.dumps(error).decode("latin-1")]
    assert KEY[3:] not in "".join(seen).replace("\\x00", "").replace("\0", "")
    str(error).encode()
    if stage not in {"submit", "v1"}:
        assert error.request_id == ID
        return
    last = server.used[stage][-1]
    if stage == "v1" and last.accepted and "x-request-id" in last.headers:
        assert error.request_id is not None
    elif not last.accepted and fields_of(last.json()).get("request_id") == ID:
        assert error.request_id == ID


def never_paid_twice(used: list[Reply], free: set[int]) -> None:
    """Check that a call was repeated only if it was never sent, or after a status that is free."""
    assert all(reply.fault == "refused" or (reply.fault != "lost" and reply.status in free) for reply in used[:-1])
    assert len(used) <= 5


def right_id(job: Any, last: dict[str, Reply]) -> None:
    """Check that the id was in a 2xx, and is that of the outermost object if that has one."""
    reply = last["submit"]
    body = fields_of(reply.json())
    assert reply.accepted
    assert job.id not in {"", ".", ".."}
    assert not set(job.id) & set("/\\ \r\n\0")
    text = reply.part().decode("utf-8", "replace").replace("\0", "")  # It may be in UTF-16, and cut off.
    assert job.id in text + str(reply.headers) + str(reply.json())
    if is_request_id(body.get("request_id")):
        assert body["request_id"] == job.id


def right_state(status: Any, last: dict[str, Reply]) -> None:
    """Check that the state is that of a whole 2xx about this job; a 422 is FAILED."""
    reply = last["status"]
    body = about_the_job(reply)
    assert status.state.replace("[api key]", KEY) == (body.get("status") or "FAILED")
    assert status.request_id == ID
    assert reply.accepted or (reply.status == 422 and status.state == "FAILED")


def right_video(video: Any, last: dict[str, Reply]) -> None:
    """Check that a whole 2xx said COMPLETED and named the video; in a wait the status did too."""
    for reply in last.values():
        assert reply.accepted
        assert about_the_job(reply)["status"] == "COMPLETED"
    body = last["result"].json()
    right_url(video, body)
    assert (video.request_id, video.cost) == (ID, cost_in(body))


def right_call(video: Any, last: dict[str, Reply]) -> None:
    """Check that a whole 2xx was a video, by its type or first bytes, or JSON with its URL."""
    reply = last["v1"]
    assert reply.accepted
    if video.url is not None:
        right_url(video, reply.json())
        assert "x-cost" in reply.headers or video.cost == cost_in(reply.json())
    else:
        right_bytes(video.content, reply)
        assert reply.status != 206
        assert reply.headers["content-type"].lower().startswith("video/") or video.content[4:8] == b"ftyp"


def right_file(path: Path, last: dict[str, Reply]) -> None:
    """Check that the file holds the whole body of a 200 that was no text."""
    assert last["save"].status == 200
    right_bytes(path.read_bytes(), last["save"])


def about_the_job(reply: Reply) -> dict[str, Any]:
    """Return the whole JSON of a response that is not about another job."""
    body: dict[str, Any] = reply.json()
    assert not isinstance(body.get("request_id"), str) or body["request_id"] == ID
    return body


def texts_in(value: object) -> Iterator[str]:
    """Yield every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in (
            cast("dict[str, object]", value).values() if isinstance(value, dict) else cast("list[object]", value)
        ):
            yield from texts_in(one)


def right_url(video: Any, body: dict[str, Any]) -> None:
    """Check that the URL, or its path, is a text somewhere in the body's output, or in its video."""
    named = [text.strip() for text in (*texts_in(body.get("output")), *texts_in(body.get("video")))]
    assert any(video.url == text or (text.startswith("/") and video.url.endswith(text)) for text in named)
    assert httpx.URL(video.url).scheme in {"http", "https"}
    assert video.content is None


def cost_in(body: dict[str, Any]) -> float | None:
    """Return the price in the metrics, if it is a number that is not negative."""
    told = fields_of(body.get("metrics")).get("cost")
    try:
        cost = float(told) if isinstance(told, int | float | str) and not isinstance(told, bool) else None
    except (ValueError, OverflowError):
        return None
    return cost if cost is None or (math.isfinite(cost) and cost >= 0) else None


def right_bytes(content: bytes, reply: Reply) -> None:
    """Check that the bytes are all that was sent, and no text."""
    assert content
    assert content == reply.read()
    assert content.removeprefix(b"\xef\xbb\xbf").strip()[:1] not in {b"{", b"[", b"<"}
    # KNOWN: text of two bytes a character passes for a video, and so do blanks.
    assert content[:2] in {b"\xff\xfe", b"\xfe\xff"} or not isinstance(reply.json(), dict | list)
    assert not reply.headers["content-type"].lower().strip().startswith(("text/", "application/json"))


RIGHT: dict[str, Callable[[Any, dict[str, Reply]], None]] = {
    "submit": right_id,
    "v1": right_call,
    "status": right_state,
    "result": right_video,
    "wait": right_video,
    "save": right_file,
}
