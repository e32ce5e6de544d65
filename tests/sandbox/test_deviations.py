"""The deviations: each really differs from the plain sandbox, and each clause that can be broken has a mutant."""

from __future__ import annotations

import secrets
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import anyio
import httpx
import pytest

from segmind_ltx_sandbox import SCENARIOS, VALID, ManualClock, create_app, key_of
from segmind_ltx_sandbox.__main__ import main
from segmind_ltx_sandbox.deviations import MUTANTS, UNSEEN, VARIANTS, Deviation, find, mutants_of, why_unseen
from segmind_ltx_sandbox.deviations.values import ABSENT, allowed, forbidden, valid_value
from segmind_ltx_sandbox.service.outputs import VideoCache
from segmind_ltx_sandbox.video.spec import VideoSpec
from segmind_ltx_spec import clauses_by_id, contract_of, load, read_document

CLAUSES = clauses_by_id()
ORIGIN = "http://127.0.0.1"
ABOUT_PAYLOADS = {"accept", "refuse"}
ABOUT_JOBS, JOBS = {"answer", "life", "retention", "output"}, "jobs"
GROUPS = sorted({tuple(one.name.split("/")[:2]) if one.kind in ABOUT_PAYLOADS else (one.kind,) for one in MUTANTS})


def test_names_are_unique() -> None:
    names = Counter(one.name for one in (*MUTANTS, *VARIANTS))
    assert [name for name, times in names.items() if times > 1] == []
    assert all(find(name).name == name for name in names)
    with pytest.raises(KeyError):
        find("no such deviation")


def test_there_are_as_many_as_were_asked_for() -> None:
    assert len(MUTANTS) >= 150
    assert len(VARIANTS) >= 15


def test_every_mutant_breaks_clauses_that_exist() -> None:
    assert {one.name: one.clauses for one in MUTANTS if not one.clauses or set(one.clauses) - set(CLAUSES)} == {}
    assert {one.name: one.clauses for one in VARIANTS if set(one.clauses) - set(CLAUSES)} == {}


def test_every_clause_has_a_mutant_or_a_reason() -> None:
    broken = {clause for one in MUTANTS for clause in one.clauses}
    assert [clause for clause in CLAUSES if clause not in broken and why_unseen(clause) is None] == []
    assert [clause for clause in broken if why_unseen(clause)] == []


def test_every_reason_is_needed() -> None:
    reasons = {why_unseen(clause) for clause in CLAUSES}
    assert set(UNSEEN.values()) <= reasons


def test_a_variant_names_no_clause_that_it_would_have_to_keep() -> None:
    """What allows it is a permission, graded P or I, or a clause of which it takes one of two ways."""
    two_ways = {"transport.v1-bytes-or-json", "job.kept-one-hour"}
    named = {clause for one in VARIANTS for clause in one.clauses}
    assert [clause for clause in named - two_ways if CLAUSES[clause].grade == "D"] == []


def test_a_further_model_has_mutants_without_code() -> None:
    document = read_document()
    schema = document["components"]["schemas"]["Ltx2ProRequest"]
    schema["properties"]["zoom"] = {"type": "integer", "minimum": 1, "maximum": 9, "x-source": schema["x-source"]}
    made = {one.name.partition("@")[0] for one in mutants_of(contract_of(document))}
    wanted = {"refuse/ltx-2-pro/zoom/the-maximum", "accept/ltx-2-pro/zoom/minimum-just-below"}
    assert wanted <= made


def test_each_payload_that_is_tried_is_what_its_group_says() -> None:
    """The examples of allowed values are allowed, those of forbidden ones are not, and each belongs to its group."""
    behaviour = find("skips-queued").behaviour(load())
    for model in load().models.values():
        least = {name: valid_value(model.parameters[name]) for name in model.required}
        for name in model.parameters:
            for groups, good in ((allowed(model, name), True), (forbidden(model, name), False)):
                for group in groups:
                    assert group.matches(group.example), group
                    problems = behaviour.validator.problems(model, _with(least, name, group.example))
                    assert (not problems) is good, (group, problems)


def test_the_list_names_every_deviation(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--deviations"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("  ")[0] for line in lines] == [one.name for one in (*MUTANTS, *VARIANTS)]


def test_an_unknown_name_ends_with_2_and_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--port", "0", "--deviation", "life/nothing"]) == 2
    assert "no deviation is called life/nothing" in capsys.readouterr().err


def test_one_can_be_served_from_the_command_line() -> None:
    command = [
        sys.executable,
        "-m",
        "segmind_ltx_sandbox",
        "--port",
        "0",
        "--deviation",
        "key/missing-works/everywhere",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            url = running.stdout.readline().split()[-1]
            assert httpx.post(f"{url}/v2/ltx-2-pro", json={"prompt": "a"}).status_code == 200
        finally:
            running.terminate()


@pytest.mark.parametrize("group", GROUPS, ids="/".join)
def test_every_mutant_differs_from_the_plain_sandbox(group: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    meant = [one for one in MUTANTS if tuple(one.name.split("/")[: len(group)]) == group]
    assert [one.name for one in meant if _is_like_plain(one, monkeypatch)] == []


def test_every_variant_differs_from_the_plain_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [one.name for one in VARIANTS if _is_like_plain(one, monkeypatch)] == []


# Two sandboxes that are asked the same


def _is_like_plain(deviation: Deviation, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether nothing that is asked for is answered otherwise than by the plain sandbox with the same options."""
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
    """Every answer in words; ids, names of files and time are the same in every run."""
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
    """A stand-in for a video: as long as one with a head, and different where the recipe is."""
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
                yield await http.post(path, json=_with(least, tried, group.example), headers=headers)


def _with(least: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    others = {key: given for key, given in least.items() if key != name}
    return others if value is ABSENT else {**others, name: value}


async def _story(http: httpx.AsyncClient, clock: ManualClock, *, jobs_first: bool) -> AsyncIterator[httpx.Response]:
    """Everything that a deviation could answer otherwise, in one story: keys, errors, jobs from submit to oblivion."""
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
    for seconds in (0, 1, 30, 20, 15, 40, 0, 0, 70, 600, 1300, 1100, 480, 60, 5, 3600, 1e5, 4.6e5, 1e5, 3e5):
        clock.advance(seconds)
        for job in jobs:
            for name in ("response_url", "status_url", "poll_url"):
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
        bodies += [{**least, "aspect_ratio": "16:9"}, {**least, "image": image, "aspect_ratio": "1:2"}]
        for path in (model.v1, model.v2):
            for body in bodies:
                yield await http.post(path, json=body, headers=headers)
            yield await http.post(path, content=b"{", headers=headers)
            yield await http.post(path, content=b'{"prompt": "a"}', headers={**headers, "content-type": "text/plain"})
    for path in ("/v1/no-such-model", "/v2/no-such-model"):
        yield await http.post(path, json={"prompt": "a"}, headers=headers)
