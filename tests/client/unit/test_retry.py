"""Decide if and when a call is retried, and check that it is retried and logged.

More than 250 lines, since the tables of decisions are in it.
"""

# respx leaves its calls untyped, and a step takes what the one before it gave.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownLambdaType=false

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from hypothesis import given, settings
from hypothesis import strategies as st

import segmind_ltx as ltx
from segmind_ltx._core.effects import NoResponse, Response
from segmind_ltx._core.retry import (
    MAX_DELAY,
    MAX_RETRY_AFTER,
    delay_before,
    may_repeat_paid,
    may_repeat_read,
    reset_at,
)
from support.callers import Caller, Step

fixed = settings(derandomize=True, deadline=None, max_examples=300, database=None)
NOW = 1_800_000_000.0
RESET = "x-rate-limit-reset-at-utc"


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set the machine's time zone to one that is not UTC."""
    if not hasattr(time, "tzset"):
        pytest.skip("the zone of a process cannot be changed here")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("status", range(100, 600))
def test_statuses_that_are_retried(status: int) -> None:
    """After a server error a paid call is sent again only if the user said so, and never behind a v1 gateway."""
    for blocking in (False, True):
        assert may_repeat_paid(Response(status, {}, b""), blocking=blocking) == (status == 429)
    chosen = frozenset(range(500, 600))
    again = may_repeat_paid(Response(status, {}, b""), blocking=False, resend_on=chosen)
    assert again == (status == 429 or status >= 500)
    # Behind a gateway that gave up on a v1 call, the work may go on, and be billed.
    again = may_repeat_paid(Response(status, {}, b""), blocking=True, resend_on=chosen)
    assert again == (status in {429, 500, 503})
    assert may_repeat_read(Response(status, {}, b"")) == (status in {408, 409, 425, 429} or status >= 500)


def test_sent_paid_call_not_retried() -> None:
    """A paid call is never retried if it may have been sent."""
    for blocking in (False, True):
        assert may_repeat_paid(NoResponse("refused", sent=False), blocking=blocking)
        assert not may_repeat_paid(NoResponse("cut", sent=True), blocking=blocking)
    assert may_repeat_read(NoResponse("cut", sent=True))


@fixed
@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_backoff_grows(attempt: int, random: float) -> None:
    """The backoff grows up to a bound and is never zero."""
    this, after = (delay_before(n, None, time=NOW, random=random) for n in (attempt, attempt + 1))
    assert 0.25 <= this <= after <= MAX_DELAY


@fixed
@given(st.text(max_size=40), st.text(max_size=40), st.floats(0, 1, exclude_max=True))
def test_backoff_after_any_429(reset: str, after: str, random: float) -> None:
    """Whatever headers a 429 has, the backoff is bounded."""
    answer = Response(429, {"x-rate-limit-reset-at-utc": reset, "retry-after": after}, b"")
    assert 0.25 <= delay_before(1, answer, time=NOW, random=random) <= MAX_RETRY_AFTER + 1


@settings(fixed, max_examples=100)  # Each time zone is a file to read.
@given(st.datetimes(timezones=st.timezones()), st.sampled_from(["iso", "epoch", "after"]))
def test_reset_from_any_date(moment: object, form: str) -> None:
    """Any date is a reset time or None, never an error."""
    text = {"iso": str(moment), "epoch": str(hash(moment)), "after": str(hash(moment))}[form]
    told = reset_at({"retry-after" if form == "after" else "x-rate-limit-reset-at-utc": text}, NOW)
    assert told is None or told.utcoffset() is not None


def test_retry_after_of_other_status() -> None:
    """Retry-After is ignored if the status is not 429."""
    answer = Response(503, {"retry-after": "100"}, b"")
    assert delay_before(1, answer, time=NOW, random=0.0) < 1


@pytest.mark.parametrize(
    ("attempt", "random", "seconds"),
    [
        (1, 0.0, 0.25),
        (1, 0.5, 0.375),
        (2, 0.0, 0.5),
        (2, 1.0, 1.0),
        (3, 0.0, 1.0),
        (6, 0.0, 8.0),
        (7, 0.0, 10.0),
        (7, 1.0, 20.0),
        (1_000_000, 1.0, 20.0),
    ],
)
def test_backoff_doubles(attempt: int, random: float, seconds: float) -> None:
    """The backoff doubles from half a second to twenty."""
    for outcome in (
        None,
        NoResponse("cut", sent=True),
        Response(500, {"retry-after": "7"}, b""),
        Response(429, {}, b""),
    ):
        assert delay_before(attempt, outcome, time=NOW, random=random) == seconds


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("7", 7.75),
        ("0.5", 1.25),
        ("119.5", 120.25),
        ("120", 120.75),
        ("121", 120.75),
        ("0", 0.4375),  # It is in the past, so it does not say when to come back.
        ("-1", 0.4375),
    ],
)
def test_retry_after_bounded(told: str, seconds: float) -> None:
    """Retry-After is honored up to two minutes, plus a jitter."""
    answer = Response(429, {"retry-after": told}, b"")
    assert delay_before(1, answer, time=NOW, random=0.75) == seconds


FORMS: dict[str, tuple[dict[str, str], datetime | None]] = {
    "seconds": ({RESET: "1800000007"}, datetime(2027, 1, 15, 8, 0, 7, tzinfo=UTC)),
    "milliseconds": ({RESET: "1800000007250"}, datetime(2027, 1, 15, 8, 0, 7, 250_000, tzinfo=UTC)),
    "the last that are seconds": ({RESET: "100000000000"}, datetime(5138, 11, 16, 9, 46, 40, tzinfo=UTC)),
    "the first that are milliseconds": ({RESET: "100000000001"}, datetime(1973, 3, 3, 9, 46, 40, 1000, tzinfo=UTC)),
    "space around": ({RESET: " 2027-01-15T08:00:07Z "}, datetime(2027, 1, 15, 8, 0, 7, tzinfo=UTC)),
    "an offset": ({RESET: "2027-01-15T08:00:07+02:00"}, datetime(2027, 1, 15, 6, 0, 7, tzinfo=UTC)),
    "no zone": ({RESET: "2027-01-15T08:00:07"}, datetime(2027, 1, 15, 8, 0, 7, tzinfo=UTC)),
    "after": ({"retry-after": "7.5"}, datetime(2027, 1, 15, 8, 0, 7, 500_000, tzinfo=UTC)),
    "after a date": ({"retry-after": "Fri, 15 Jan 2027 08:00:07 -0000"}, datetime(2027, 1, 15, 8, 0, 7, tzinfo=UTC)),
    "the reset before after": (
        {RESET: "2027-01-15T08:00:09Z", "retry-after": "7"},
        datetime(2027, 1, 15, 8, 0, 9, tzinfo=UTC),
    ),
    "after where the reset is none": ({RESET: "soon", "retry-after": "7"}, datetime(2027, 1, 15, 8, 0, 7, tzinfo=UTC)),
    "an empty after": ({"retry-after": ""}, None),
    "an after that is none": ({"retry-after": "later"}, None),
    "neither": ({}, None),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.usefixtures("tokyo")
def test_reset_forms(form: str) -> None:
    """A reset is the same moment in every form, whatever the machine's time zone."""
    headers, moment = FORMS[form]
    told = reset_at(headers, NOW)
    assert told == moment
    assert told is None or told.tzinfo is UTC


ID, OUT = "job-1", "https://out.test/a.mp4"
STAGES: dict[str, tuple[str, str, Step]] = {
    "submit": ("POST", "/v2/ltx-2-pro", lambda c: c.submit("ltx-2-pro", prompt="x")),
    "v1": ("POST", "/v1/ltx-2-pro", lambda c: c.generate_blocking("ltx-2-pro", prompt="x")),
    "status": ("GET", f"/v2/requests/{ID}/status", lambda c: c.job(ID).status()),
    "result": ("GET", f"/v2/requests/{ID}", lambda c: c.job(ID).result()),
    "wait": ("GET", f"/v2/requests/{ID}/status", lambda c: c.job(ID).wait(timeout=13)),
}


@pytest.fixture
def jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fix the jitter."""
    monkeypatch.setattr("random.random", lambda: 0.5)


@pytest.mark.parametrize("fault", ["503", "refused"])
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.usefixtures("jitter")
def test_retries_logged(
    caller: Caller, wire: respx.MockRouter, caplog: pytest.LogCaptureFixture, stage: str, fault: str
) -> None:
    """Every call is retried with growing backoff, and each retry is logged."""
    method, path, step = STAGES[stage]
    route = wire.request(method, path)
    route.side_effect = [httpx.Response(503) if fault == "503" else httpx.ConnectError("refused")] * 20
    with caplog.at_level(logging.WARNING, "segmind_ltx"), pytest.raises(ltx.SegmindLtxError):
        caller(step, resend_on={503})
    pauses, last = ([0.375, 0.75, 1.5, 3.0, 6.0], 1.375) if stage == "wait" else ([0.375, 0.75, 1.5, 3.0], None)
    assert caller.clock.slept == pytest.approx([*pauses, *([last] if last else [])])
    outcome = "status 503" if fault == "503" else "ConnectError: refused"
    told = [record.getMessage() for record in caplog.records]
    if method == "POST":
        assert told == [f"POST {path}: {outcome}; retry in {pause:.1f} s" for pause in pauses]
    else:
        pauses = [*pauses, *([12.0 * 0.75] if last else [])]
        told = [words.rpartition(" in ")[0] for words in told]
        assert told == [f"job {ID}: GET {path}: {outcome}; retry" for _ in pauses]


@pytest.mark.parametrize("stage", ["status", "result", "wait"])
def test_refused_read_retried_in_wait(caller: Caller, wire: respx.MockRouter, stage: str) -> None:
    """A refused read is retried only in a wait, three times in all."""
    method, path, step = STAGES[stage]
    route = wire.request(method, path).respond(403, json={"error": "no"})
    error = caller.raising(ltx.PermissionDeniedError, step)
    assert (error.request_id, route.call_count) == (ID, 3 if stage == "wait" else 1)


def test_refusals_count_in_a_row(caller: Caller, wire: respx.MockRouter) -> None:
    """Only consecutive refusals count."""
    refused, passing = httpx.Response(404), httpx.Response(503)
    done = {"status": "COMPLETED", "output": OUT}
    wire.get(STAGES["status"][1]).side_effect = [*[refused, refused, passing] * 3, httpx.Response(200, json=done)]
    wire.get(STAGES["result"][1]).respond(200, json=done)
    assert caller(lambda c: c.job(ID).wait()).url == OUT


@pytest.mark.parametrize("stage", ["status", "result"])
def test_truncated_responses_in_wait(caller: Caller, wire: respx.MockRouter, stage: str) -> None:
    """Truncated responses are network failures and never end a wait."""
    done = httpx.Response(200, json={"status": "COMPLETED", "output": OUT})
    broken = httpx.Response(200, content=b'{"status": "COM', headers={"content-length": "90"})
    for name in ("status", "result"):
        wire.get(STAGES[name][1]).side_effect = [*([broken] * 12 if name == stage else []), done]
    assert caller(lambda c: c.job(ID).wait()).url == OUT


@pytest.mark.parametrize("stage", ["status", "result", "wait"])
@pytest.mark.usefixtures("jitter")
def test_unexpected_responses_retried(caller: Caller, wire: respx.MockRouter, stage: str) -> None:
    """Unexpected responses are retried with backoff, five times in all."""
    method, path, step = STAGES[stage]
    route = wire.request(method, path).respond(200, text="?")
    error = caller.raising(ltx.UnexpectedResponseError, step)
    assert (error.request_id, route.call_count, caller.clock.slept) == (ID, 5, [0.375, 0.75, 1.5, 3.0])


@pytest.mark.parametrize("stage", ["submit", "v1", "status", "result"])
@pytest.mark.usefixtures("jitter")
def test_rate_limit_waited_out(caller: Caller, wire: respx.MockRouter, stage: str) -> None:
    """A rate limit is waited out, and the final error carries its reset time."""
    method, path, step = STAGES[stage]
    wire.request(method, path).respond(429, headers={"retry-after": "7"})
    error = caller.raising(ltx.RateLimitError, step)
    assert caller.clock.slept == [7.5] * 4
    assert error.reset_at == datetime.fromtimestamp(caller.clock.time() + 7, UTC)


def _save(caller: Caller, wire: respx.MockRouter, path: Path) -> Any:
    wire.get(STAGES["result"][1]).respond(200, json={"status": "COMPLETED", "output": OUT})
    return caller(STAGES["result"][2], lambda video: video.save(path))


MP4 = b"\x00\x00\x00\x18ftypmp42"
FAULTS: dict[str, tuple[Any, list[float], str]] = {
    "500": (httpx.Response(500), [0.375, 0.75, 1.5, 3.0], "status 500"),
    "599": (httpx.Response(599), [0.375, 0.75, 1.5, 3.0], "status 599"),
    "429": (httpx.Response(429, headers={"retry-after": "7"}), [7.5] * 4, "status 429"),
    "refused": (httpx.ConnectError("refused"), [0.375, 0.75, 1.5, 3.0], "ConnectError: refused"),
    "empty": (httpx.Response(200), [0.375, 0.75, 1.5, 3.0], "it is empty"),
    "text": (httpx.Response(200, text="x"), [0.375, 0.75, 1.5, 3.0], "it is text/plain, not a video"),
    "JSON": (
        httpx.Response(200, content=MP4, headers={"content-type": "application/json"}),
        [0.375, 0.75, 1.5, 3.0],
        "it is application/json, not a video",
    ),
    "markup": (httpx.Response(200, content=b" <"), [0.375, 0.75, 1.5, 3.0], "it is text, not a video"),
    "403": (httpx.Response(403), [], "status 403; outputs are kept for seven days"),
    "404": (httpx.Response(404), [0.375, 0.75, 1.5, 3.0], "status 404; outputs are kept for seven days"),
    "410": (httpx.Response(410), [], "status 410; outputs are kept for seven days"),
    "400": (httpx.Response(400), [], "status 400"),
    "401": (httpx.Response(401), [], "status 401"),
    "405": (httpx.Response(405), [], "status 405"),
    "201": (httpx.Response(201, content=MP4), [], "status 201"),
    "206": (httpx.Response(206, content=MP4), [], "status 206"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.usefixtures("jitter")
def test_download_retries(
    caller: Caller, wire: respx.MockRouter, tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    """A download is retried if that may help, and the error gives the last reason."""
    answer, pauses, words = FAULTS[fault]
    route = wire.get(OUT)
    route.side_effect = [answer] * 9
    with caplog.at_level(logging.WARNING, "segmind_ltx"), pytest.raises(ltx.DownloadError) as caught:
        _save(caller, wire, tmp_path / "a.mp4")
    told = [f"job {ID}: download from {OUT}: {words}; retry in {pause:.1f} s" for pause in pauses]
    assert [record.getMessage() for record in caplog.records] == told
    assert {call.request.extensions["timeout"]["read"] for call in route.calls} == {30.0}
    assert (caller.clock.slept, route.call_count) == (pauses, 1 + len(pauses))
    assert caught.value.message == f"{OUT} could not be downloaded: {words}"


@pytest.mark.parametrize(("status", "hops"), [(302, 0), (300, 1), (301, 1), (307, 1), (399, 1), (302, 5)])
def test_download_redirects(caller: Caller, wire: respx.MockRouter, tmp_path: Path, status: int, hops: int) -> None:
    """A download follows up to five redirects without a pause."""
    chain = [httpx.Response(status, headers={"location": f"/{hop}?"}) for hop in range(hops)]
    route = wire.route(host="out.test", path__regex=".*")
    route.side_effect = [*chain, httpx.Response(200, content=MP4)]
    assert _save(caller, wire, tmp_path / "a.mp4").read_bytes() == MP4
    paths = ["/a.mp4", *(f"/{hop}" for hop in range(hops))]
    assert [(call.request.method, call.request.url.path) for call in route.calls] == [("GET", path) for path in paths]
    assert caller.clock.slept == []


BAD_REDIRECTS: dict[str, tuple[str | None, int, str]] = {
    "in a circle": ("/b.mp4", 6, f"{OUT} could not be followed: 6 redirects, the last from https://out.test/b.mp4"),
    "nowhere": (None, 1, f"{OUT} could not be followed: 1 redirects, the last from {OUT}"),
    "to a file": (
        "file:///a",
        1,
        "'file:///a' is not an address to download from; only http and https are followed",
    ),
    "to nonsense": (
        "http://[bad",
        1,
        "'http://[bad' is not an address to download from; only http and https are followed",
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", BAD_REDIRECTS)
def test_download_bad_redirect(caller: Caller, wire: respx.MockRouter, tmp_path: Path, way: str) -> None:
    """A redirect that leads nowhere is refused, with its address."""
    location, requests, words = BAD_REDIRECTS[way]
    headers = {"location": location} if location else {}
    route = wire.route(host="out.test", path__regex=".*").respond(302, headers=headers)
    with pytest.raises(ltx.DownloadError) as caught:
        _save(caller, wire, tmp_path / "a.mp4")
    assert (caught.value.message, route.call_count) == (words, requests)
    assert caller.clock.slept == []


def test_download_plain_http(caller: Caller, wire: respx.MockRouter, tmp_path: Path) -> None:
    """A redirect to plain http is followed."""
    wire.get(OUT).respond(302, headers={"location": "http://cdn.test/b"})
    wire.get("http://cdn.test/b").respond(200, content=MP4)
    assert _save(caller, wire, tmp_path / "a.mp4").read_bytes() == MP4
