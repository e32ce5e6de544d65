"""Send the same requests to a deviation and to the plain sandbox, and compare the responses."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import anyio
import httpx
import pytest

from segmind_ltx_sandbox import SCENARIOS, VALID, ManualClock, create_app, key_of
from segmind_ltx_sandbox.deviations import Deviation
from segmind_ltx_sandbox.deviations.values import ABSENT, allowed, forbidden, valid_value
from segmind_ltx_sandbox.service.outputs import VideoCache
from segmind_ltx_sandbox.video.spec import VideoSpec
from segmind_ltx_spec import load

ORIGIN = "http://127.0.0.1"
ABOUT_PAYLOADS = {"accept", "refuse"}
"""The kinds of deviation that change the treatment of payloads."""
READ_BY_STATUS = 7
"""After so many steps of the clock every job has ended."""
ABOUT_JOBS, JOBS = {"answer", "life", "retention", "output"}, "jobs"
"""The kinds of deviation that change jobs, and the part of the requests that starts with jobs."""


def is_like_plain(deviation: Deviation, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Return whether every response equals that of the plain sandbox."""
    part = JOBS if deviation.kind in ABOUT_JOBS else ""
    if deviation.kind in ABOUT_PAYLOADS:
        part = "/".join(deviation.name.split("@")[0].split("/")[1:3])
    with monkeypatch.context() as patch:
        plain = _plain_responses(part, patch)
        difference = anyio.run(_first_difference, deviation, part, plain, patch)
    return difference is None


async def _first_difference(
    deviation: Deviation, part: str, plain: list[str], patch: pytest.MonkeyPatch
) -> tuple[str, str] | None:
    at = 0
    async for response in _responses(deviation, part, patch):
        if at >= len(plain) or plain[at] != response:
            return plain[at] if at < len(plain) else "", response
        at += 1
    return None


_PLAIN: dict[str, list[str]] = {}


def _plain_responses(part: str, patch: pytest.MonkeyPatch) -> list[str]:
    if part not in _PLAIN:

        async def collect() -> list[str]:
            return [response async for response in _responses(None, part, patch)]

        _PLAIN[part] = anyio.run(collect)
    return _PLAIN[part]


async def _responses(deviation: Deviation | None, part: str, patch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Yield every response as a text. Ids, names of files and times are the same in every run."""
    numbers = count(1)
    patch.setattr(uuid, "uuid4", lambda: uuid.UUID(int=next(numbers) << 64))
    patch.setattr(secrets, "token_bytes", bytes)
    clock = ManualClock()
    options: dict[str, Any] = {} if deviation is None else {**deviation.options, "behaviour": deviation.behaviour}
    app = create_app(clock=clock, speed=1, videos=VideoCache(_card), **options)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=ORIGIN) as http:
        about_payloads = "/" in part or part in {"anything", "malformed"}
        story = _payloads(http, part) if about_payloads else _story(http, clock, jobs_first=part == JOBS)
        async for response in story:
            headers = {name: response.headers[name] for name in response.headers if name != "date"}
            request = response.request
            yield f"{request.method} {request.url} {response.status_code} {headers} {response.content!r}"


def _card(video_spec: VideoSpec) -> bytes:
    """Return a stand-in for a video: long enough to have a head, and different if the spec is."""
    return repr(video_spec).encode() * 100


async def _payloads(http: httpx.AsyncClient, part: str) -> AsyncIterator[httpx.Response]:
    slug, _, name = part.partition("/")
    models = load().models
    headers = {"x-api-key": VALID, "content-type": "application/json"}
    model = models.get(slug) or models["ltx-2-pro"]
    for path in (model.v1, model.v2):
        for body in (b'{"prompt": "a', b'[{"prompt": "a"}]', b'"a"', b"7", b"null", b""):
            yield await http.post(path, content=body, headers=headers)
        least = {required: valid_value(model.parameters[required]) for required in model.required}
        for tried in [name] if name in model.parameters else ["prompt"]:
            for group in (*allowed(model, tried), *forbidden(model, tried)):
                yield await http.post(path, json=with_value(least, tried, group.example), headers=headers)


def with_value(least: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    others = {key: given for key, given in least.items() if key != name}
    return others if value is ABSENT else {**others, name: value}


async def _story(http: httpx.AsyncClient, clock: ManualClock, *, jobs_first: bool) -> AsyncIterator[httpx.Response]:
    """Yield the responses to all requests that a deviation could change: keys, errors, jobs from submit to expiry."""
    async for response in _keys(http):
        yield response
    for part in (_jobs(http, clock), _bodies(http)) if jobs_first else (_bodies(http), _jobs(http, clock)):
        async for response in part:
            yield response


async def _jobs(http: httpx.AsyncClient, clock: ManualClock) -> AsyncIterator[httpx.Response]:
    good = {"x-api-key": VALID}
    jobs: list[dict[str, Any]] = []
    for key in ("valid", "failing", "valid"):
        response = await http.post("/v2/ltx-2-19b-t2v", json={"prompt": "a"}, headers={"x-api-key": key_of(key)})
        accepted: object = response.json() if response.status_code == 200 else None
        jobs.append({"key": key_of(key), **accepted} if isinstance(accepted, dict) else {})
        yield response
    for place, seconds in enumerate(
        (0, 1, 30, 20, 15, 40, 0, 0, 70, 600, 1300, 1100, 480, 60, 5, 3600, 1e5, 4.6e5, 1e5, 3e5)
    ):
        clock.advance(seconds)
        for number, job in enumerate(jobs):
            names = ("response_url", "status_url", "poll_url")
            # One job is read by nothing but its status until its end.
            for name in ("status_url",) if number == 0 and place < READ_BY_STATUS else names:
                if str(job.get(name, "")).startswith(ORIGIN + "/"):
                    response = await http.get(job[name], headers={"x-api-key": job["key"]})
                    yield response
                    if name == "response_url" and response.status_code == 200 and '"output"' in response.text:
                        job.setdefault("output", response.json().get("output"))
            if job.get("output"):
                yield await http.get(job["output"])
                yield await http.get(job["output"], headers=good)
        if jobs[0].get("response_url", "").startswith(ORIGIN + "/"):
            yield await http.get(jobs[0]["response_url"], headers={"x-api-key": key_of("other")})
    yield await http.post("/v2/ltx-2-19b-t2v", json={"prompt": "a"}, headers=good)


async def _keys(http: httpx.AsyncClient) -> AsyncIterator[httpx.Response]:
    one = {"prompt": "a"}
    routes = [
        ("POST", "/v1/ltx-2-pro"),
        ("POST", "/v2/ltx-2-pro"),
        ("GET", "/v2/requests/x/status"),
        ("GET", "/v2/requests/x"),
    ]
    senders: list[dict[str, str]] = [{}, {"x-api-key": "SG_00"}, {"authorization": f"Bearer {VALID}"}]
    senders += [{"x-api-key": scenario.key} for scenario in SCENARIOS]
    senders += [{"x-api-key": VALID, "accept": "image/png"}]
    for method, path in routes:
        for headers in senders:
            yield await http.request(method, path, headers=headers, json=one if method == "POST" else None)
        yield await http.request(method, f"{path}?api_key={VALID}", json=one if method == "POST" else None)


async def _bodies(http: httpx.AsyncClient) -> AsyncIterator[httpx.Response]:
    headers = {"x-api-key": VALID, "content-type": "application/json"}
    image = "https://example.com/a.png"
    for model in load().models.values():
        least = {name: valid_value(model.parameters[name]) for name in model.required}
        bodies: list[dict[str, Any]] = [least, least, {}, {**least, "unknown": 1}, {**least, "prompt": ""}]
        several = {
            "seed": 7,
            "resolution": "4k",
            "duration": 10,
            "fps": 12,
            "aspect_ratio": "3:4",
            "generate_audio": False,
        }
        bodies += [{**least, name: value} for name, value in several.items()]
        bodies += [{**least, "prompt": "a" * 3000}, {**least, "seed": None}, {**least, "duration": None}]
        bodies += [{**least, "aspect_ratio": "16:9"}, {**least, "image": image, "aspect_ratio": "1:2"}]
        for path in (model.v1, model.v2):
            for number, body in enumerate(bodies):
                # The first blocking call returns JSON, the others the video itself, in which every difference shows.
                wanted = {"accept": "video/mp4"} if number else {}
                yield await http.post(path, json=body, headers={**headers, **wanted})
            yield await http.post(path, content=b"{", headers=headers)
            yield await http.post(path, content=b'{"prompt": "a"}', headers={**headers, "content-type": "text/plain"})
    for path in ("/v1/no-such-model", "/v2/no-such-model"):
        yield await http.post(path, json={"prompt": "a"}, headers=headers)
