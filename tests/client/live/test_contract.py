"""Check the client against the contract: what it sends, refuses to send, and understands.

A transport records what leaves. Values and answers are drawn from the schemas of the contract, by code that shares
nothing with the client's own checks.
"""

# respx and jsonschema leave some of their types partial.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import segmind_ltx as ltx
from segmind_ltx_spec import Model, load
from segmind_ltx_spec.limits import lower, upper
from support.drawing import URIS, WORDS, objects

CONTRACT = load()
KEY = "SG_0123456789abcdef"
BASE = "https://api.example.test"
SCHEMAS = CONTRACT.document["components"]["schemas"]
SLUGS = list(CONTRACT.models)
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-300, 3000)
    | st.floats(-5, 2000)
    | st.text(max_size=12)
    | st.just("4K")
    | URIS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=3,
)


class Recorder(httpx.BaseTransport):
    """Record the requests, and answer with a given response."""

    def __init__(self, status: int, answer: object) -> None:
        self.sent: list[httpx.Request] = []
        self._status, self._answer = status, answer

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.sent.append(request)
        return httpx.Response(self._status, json=self._answer)


def client(recorder: Recorder) -> ltx.Client:
    return ltx.Client(KEY, BASE, transport=recorder, max_retries=0, max_submit_retries=0)


def problems(title: str, value: Any) -> list[str]:
    """Return the problems that the contract finds in a value."""
    schema: dict[str, Any] = {"$ref": f"#/components/schemas/{title}", "components": CONTRACT.document["components"]}
    return [error.message for error in Draft202012Validator(schema).iter_errors(value)]


def accepted() -> dict[str, str]:
    return {"request_id": "job-1", "status_url": f"{BASE}/a/status", "response_url": f"{BASE}/a"}


def requests_of(model: Model) -> st.SearchStrategy[dict[str, Any]]:
    return objects(model.schema, CONTRACT)


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("slug", SLUGS)
@FEW
@given(data=st.data())
def test_allowed_request_sent_unchanged(slug: str, version: str, data: st.DataObject) -> None:
    """Any request that the contract allows is sent unchanged."""
    model = CONTRACT.models[slug]
    payload = data.draw(requests_of(model))
    recorder = Recorder(200, accepted() if version == "v2" else {"output": f"{BASE}/a.mp4"})
    with client(recorder) as c:
        c.submit(slug, **payload) if version == "v2" else c.generate_blocking(slug, **payload)  # type: ignore[call-overload]
    (request,) = recorder.sent
    assert (request.method, request.url.path) == ("POST", model.v2 if version == "v2" else model.v1)
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-api-key"] == KEY
    assert "authorization" not in request.headers
    assert KEY not in str(request.url)
    body = json.loads(request.content)
    assert problems(model.schema_name, body) == []
    assert body == payload


@pytest.mark.parametrize("slug", SLUGS)
@FEW
@given(data=st.data())
def test_forbidden_request_not_sent(slug: str, data: st.DataObject) -> None:
    """No request that the contract forbids is sent."""
    model = CONTRACT.models[slug]
    payload = data.draw(requests_of(model))
    for name in data.draw(st.lists(st.sampled_from([*model.parameters, "extra"]), min_size=1, max_size=3)):
        payload[name] = data.draw(JSON)
    for name in data.draw(st.sets(st.sampled_from(list(model.parameters)), max_size=1)):
        payload.pop(name, None)
    recorder = Recorder(200, accepted())
    with client(recorder) as c, suppress(ltx.ParameterError):
        c.submit(slug, **payload)  # type: ignore[call-overload]
    for request in recorder.sent:
        assert problems(model.schema_name, json.loads(request.content)) == []
    if problems(model.schema_name, payload):
        assert recorder.sent == []


def answer(title: str) -> st.SearchStrategy[dict[str, Any]]:
    """Draw responses that the contract allows, with additional fields, which it does not forbid."""
    further = st.dictionaries(st.sampled_from(["worker", "eta", "x"]), JSON, max_size=2)
    return st.tuples(further, objects(SCHEMAS[title], CONTRACT)).map(lambda both: {**both[0], **both[1]})


@FEW
@given(told=answer("AcceptedJob"))
def test_allowed_submit_response(told: dict[str, Any]) -> None:
    """Any submit response that the contract allows gives the job."""
    told["request_id"] = told["request_id"].encode("ascii", "replace").decode().translate(UNSAFE)
    with client(Recorder(200, told)) as c:
        job = c.submit("ltx-video", prompt="x")
    assert job.id == told["request_id"]


UNSAFE = dict.fromkeys((ord(char) for char in "/\\%. \x7f" + "".join(map(chr, range(33)))), "_")
"""Characters that an id cannot have without changing the path."""


@FEW
@given(told=answer("JobStatus"))
def test_allowed_status_response(told: dict[str, Any]) -> None:
    """Any status response that the contract allows gives the state."""
    told.pop("request_id", None)  # The unit tests cover the id of another job.
    with client(Recorder(200, told)) as c:
        status = c.job("job-1").status()
    assert status.state == told["status"]
    metrics = told.get("metrics", {})
    assert (status.queue_time, status.total_time) == (metrics.get("queue_time"), metrics.get("total_time"))


@FEW
@given(told=answer("JobResult"))
def test_allowed_result_response(told: dict[str, Any]) -> None:
    """Any result that the contract allows gives the video, or says that the job is not finished."""
    told.pop("request_id", None)
    done = told["status"] == "COMPLETED"
    if done:
        told["output"] = told.get("output", "https://out.example/a.mp4")
    with client(Recorder(200, told)) as c:
        if done:
            video = c.job("job-1").result()
            assert video.url == told["output"]
            assert video.cost == told.get("metrics", {}).get("cost")
        else:
            with pytest.raises(ltx.JobNotFinishedError) as caught:
                c.job("job-1").result()
            assert caught.value.request_id == "job-1"


@pytest.mark.parametrize("route", ["status", "result"])
@FEW
@given(told=answer("FailedJob"))
def test_allowed_failed_response(route: str, told: dict[str, Any]) -> None:
    """Any failed job that the contract allows gives its reason."""
    told.pop("request_id", None)
    told["error"] = told["error"].strip() or "worker lost"
    with client(Recorder(422, told)) as c:
        if route == "status":
            status = c.job("job-1").status()
            assert (status.state, status.detail) == ("FAILED", told["error"])
        else:
            with pytest.raises(ltx.JobFailedError) as caught:
                c.job("job-1").result()
            assert caught.value.request_id == "job-1"
            assert told["error"][:20] in str(caught.value)


ERRORS = sorted(
    {
        int(status)
        for _, _, operation in CONTRACT.operations()
        for status in operation["responses"]
        if status != "default" and int(status) >= 400
    }
)


@pytest.mark.parametrize("status", [status for status in ERRORS if status != 422])
@FEW
@given(told=answer("ErrorMessage"), words=WORDS)
def test_documented_status_class(status: int, told: dict[str, Any], words: str) -> None:
    """Every documented status has its own class, which quotes the service."""
    told["error"] = f"because of {words!r}"
    with client(Recorder(status, told)) as c, pytest.raises(ltx.APIStatusError) as caught:
        c.submit("ltx-video", prompt="x")
    assert type(caught.value) not in {ltx.APIStatusError, ltx.ServerError}
    assert caught.value.status == status
    assert "because of" in str(caught.value)


def _mistakes() -> Iterator[tuple[str, dict[str, Any]]]:
    for slug, model in CONTRACT.models.items():
        image = {"image": "https://example.com/a.png"} if "image" in model.required else {}
        for name, schema in model.parameters.items():
            for wrong in _near(schema):
                yield slug, {"prompt": "x", **image, name: wrong}


def _near(schema: dict[str, Any]) -> Iterator[Any]:
    """Yield values that people type by mistake."""
    low, high = lower(schema), upper(schema)
    yield from (bound.value + step * (not bound.exclusive) for bound, step in ((low, -1), (high, 1)) if bound)
    if bound := low or high:
        yield from (str(bound.value), True)
    if "enum" in schema and "integer" in schema["type"]:
        yield from (schema["enum"][0] + 1, str(schema["enum"][0]), float("nan"))
    elif "enum" in schema:
        yield from (f"{schema['enum'][-1]} ", schema["enum"][-1].upper() + "K")
    if "boolean" in schema["type"]:
        yield from ("true", 1, 0)
    if schema.get("format") == "uri":
        yield from ("boat.png", "/boat.png", 7)
    if "null" not in schema["type"]:
        yield None


@pytest.mark.parametrize("slug", SLUGS)
def test_near_misses_refused(slug: str) -> None:
    """A near miss is refused before anything is sent."""
    recorder = Recorder(200, accepted())
    payloads = [payload for model, payload in _mistakes() if model == slug]
    assert len(payloads) > 10
    with client(recorder) as c:
        for payload in payloads:
            with pytest.raises(ltx.ParameterError):
                c.submit(slug, **payload)  # type: ignore[call-overload]
            assert recorder.sent == [], payload
