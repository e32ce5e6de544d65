"""Compare what is sent with the call: the given parameters, no others, to the right path."""

# respx leaves its calls untyped, and a step takes what the one before it gave.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownLambdaType=false

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
import respx

import segmind_ltx as ltx
from segmind_ltx_api.contract import MODELS
from support.callers import Caller, caller_cases

ID = "job-1"
IMAGE = "https://example.com/first-frame.png"

CASES: list[tuple[str, dict[str, Any]]] = [
    ("ltx-video", {"prompt": "x"}),
    ("ltx-video", {"prompt": "x", "image": None, "seed": 0, "cfg": 1.5, "steps": 1, "aspect_ratio": "21:9"}),
    ("ltx-2-19b-t2v", {"prompt": "", "negative_prompt": "", "guidance_scale": 20, "seed": -1}),
    ("ltx-2-19b-i2v", {"prompt": "x", "image": IMAGE}),
    ("ltx-2-fast", {"prompt": "x", "image": None, "generate_audio": False}),
    ("ltx-2-pro", {"prompt": 'Grüße, "世界" 🎬\n', "duration": 10, "resolution": "4k", "generate_audio": True}),
]


def _submit(caller: Caller, wire: respx.MockRouter, slug: str, *given: Any, **parameters: Any) -> Any:
    route = wire.post(f"/v2/{slug}").respond(200, json={"request_id": ID})
    caller(lambda c: c.submit(*given, **parameters))
    assert route.call_count == 1
    return json.loads(route.calls[0].request.content)


@pytest.mark.parametrize(("slug", "parameters"), CASES)
def test_body_of_keyword_arguments(
    caller: Caller, wire: respx.MockRouter, slug: str, parameters: dict[str, Any]
) -> None:
    """The body holds the given parameters and no others."""
    assert _submit(caller, wire, slug, slug, **parameters) == parameters


@pytest.mark.parametrize(
    ("caller", "case", "made"),
    caller_cases(CASES, ["as it is", "copied", "pickled", "changed later", "of a subclass"]),
    indirect=["caller"],
)
def test_body_of_request_object(
    caller: Caller, wire: respx.MockRouter, case: tuple[str, dict[str, Any]], made: str
) -> None:
    """A request object gives the same body, even if it was copied, pickled or changed."""
    slug, parameters = case
    kind = MODELS[slug].request
    request = kind(**parameters)
    if made == "copied":
        request = copy.deepcopy(request)
    elif made == "pickled":
        request = pickle.loads(pickle.dumps(request))  # noqa: S301 - our own
    elif made == "changed later":
        request = kind(**{**parameters, "prompt": "another"})
        request.prompt = parameters["prompt"]
    elif made == "of a subclass":
        request = type("Mine", (kind,), {"__annotations__": {"prompt": str}})(**parameters)
    assert _submit(caller, wire, slug, request) == parameters


@pytest.mark.parametrize("slug", MODELS)
@pytest.mark.parametrize("call", ["submit", "generate_blocking"])
def test_paid_call_headers(caller: Caller, wire: respx.MockRouter, slug: str, call: str) -> None:
    """A paid call sends JSON, and the key in the x-api-key header alone."""
    version = "v2" if call == "submit" else "v1"
    answer = {"request_id": ID, "output": "https://out.test/a.mp4"}
    route = wire.post(f"/{version}/{slug}").respond(200, json=answer)
    parameters = {p.name: IMAGE if p.uri else "x" for p in MODELS[slug].parameters.values() if p.required}
    caller(lambda c: getattr(c, call)(slug, **parameters))
    request = route.calls[0].request
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-api-key"] == "SG_0123456789abcdef"
    assert "authorization" not in request.headers
    assert request.url.query == b""
    assert "SG_0123456789abcdef" not in str(request.url)


def test_read_has_key_and_no_body(caller: Caller, wire: respx.MockRouter) -> None:
    """A read sends the key and no body."""
    route = wire.get(f"/v2/requests/{ID}/status").respond(200, json={"status": "QUEUED"})
    caller(lambda c: c.job(ID).status())
    request = route.calls[0].request
    assert (request.content, request.headers["x-api-key"]) == (b"", "SG_0123456789abcdef")


def test_urls_in_responses_ignored(caller: Caller, wire: respx.MockRouter) -> None:
    """URLs in a response are never called."""
    evil = "https://evil.test/v2/requests/job-1"
    elsewhere = wire.route(host="evil.test").respond(200, json={"status": "COMPLETED", "output": evil})
    body = {"request_id": ID, "status_url": f"{evil}/status", "response_url": evil, "poll_url": evil}
    wire.post("/v2/ltx-video").respond(200, json=body)
    wire.get(f"/v2/requests/{ID}/status").respond(200, json={"status": "COMPLETED", "response_url": evil})
    wire.get(f"/v2/requests/{ID}").respond(200, json={"status": "COMPLETED", "output": "https://out.test/a"})
    video = caller(lambda c: c.generate("ltx-video", prompt="x"))
    assert video.url == "https://out.test/a"
    assert elsewhere.call_count == 0


@pytest.mark.parametrize(
    "base", ["https://api.example.test/", "https://api.example.test/v1", "https://api.example.test/v2/"]
)
def test_base_url_with_version(wire: respx.MockRouter, base: str) -> None:
    """A base URL with a version leads to the same paths."""
    route = wire.post("/v2/ltx-video").respond(200, json={"request_id": ID})
    ltx.Client("SG_0123456789abcdef", base).submit("ltx-video", prompt="x")
    assert route.call_count == 1


def test_base_url_with_path(wire: respx.MockRouter) -> None:
    """A base URL keeps its path."""
    route = wire.post("/proxy/v2/ltx-video").respond(200, json={"request_id": ID})
    ltx.Client("SG_0123456789abcdef", "https://api.example.test/proxy/v1").submit("ltx-video", prompt="x")
    assert route.call_count == 1
