"""Test that the sandbox serves any contract, and that a behaviour can be replaced."""

from __future__ import annotations

import copy
import io
from typing import Any

import av
import httpx
import pytest

from segmind_ltx_sandbox import VALID, Behaviour, ManualClock, create_app
from segmind_ltx_sandbox.messages import CAUSES, ApiResponse
from segmind_ltx_sandbox.service.jobs import Job, State
from segmind_ltx_spec import contract_of, read_document

pytestmark = pytest.mark.anyio


def document_with_a_sixth_model() -> dict[str, Any]:
    document = copy.deepcopy(read_document())
    schema = copy.deepcopy(document["components"]["schemas"]["Ltx2FastRequest"])
    schema["x-model"] |= {"slug": "ltx-3-tiny", "title": "LTX 3 Tiny", "latency": {"seconds": 12}}
    schema["x-model"]["video"]["size"] = {"rule": "table", "parameter": "shape", "table": {"square": [96, 96]}}
    schema["properties"]["shape"] = {"type": "string", "enum": ["square"], "default": "square"}
    schema["properties"]["mood"] = {"$ref": "#/components/schemas/Mood"}
    document["components"]["schemas"] |= {"Ltx3TinyRequest": schema, "Mood": {"type": "string", "enum": ["calm"]}}
    for version in ("v1", "v2"):
        operation = copy.deepcopy(document["paths"][f"/{version}/ltx-2-fast"])
        operation["post"]["operationId"] = f"tiny_{version}"
        body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Ltx3TinyRequest"}}}}
        operation["post"]["requestBody"] = body
        document["paths"][f"/{version}/ltx-3-tiny"] = operation
    return document


async def test_sixth_model_needs_no_code() -> None:
    """If a model is added to the document, the sandbox serves it without any code."""
    clock = ManualClock()
    app = create_app(contract_of(document_with_a_sixth_model()), clock=clock, speed=1)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://s", headers={"x-api-key": VALID}
    ) as api:
        refused = await api.post("/v2/ltx-3-tiny", json={"prompt": "a", "mood": "wild", "duration": 7})
        assert refused.status_code == 400
        assert "duration" in refused.json()["error"]
        assert "mood" in refused.json()["error"]
        job = (await api.post("/v2/ltx-3-tiny", json={"prompt": "a", "mood": "calm", "duration": 6})).json()
        clock.advance(12)
        result = (await api.get(job["response_url"])).json()
        assert result["status"] == "COMPLETED"
        assert result["metrics"]["cost"] == 0.3
        video = await api.post("/v1/ltx-3-tiny", json={"prompt": "a"}, headers={"accept": "video/mp4"})
        assert "ltx-3-tiny" in (await api.get("/")).text
        assert "/v2/ltx-3-tiny" in (await api.get("/openapi.json")).json()["paths"]
    with av.open(io.BytesIO(video.content)) as container:
        assert (container.streams.video[0].width, container.streams.video[0].frames) == (96, 200)


class GoesBackwards(Behaviour):
    """A server whose jobs stay QUEUED, and whose 400 is a 422."""

    def state(self, job: Job, now: float) -> State:  # noqa: ARG002  the signature is the base class's
        return State.QUEUED

    def finalize_any(self, response: ApiResponse) -> ApiResponse:
        assert response.cause in CAUSES
        return ApiResponse(response.cause, 422, response.content) if response.cause == "invalid" else response


async def test_behaviour_subclass_changes_server() -> None:
    """A subclass of `Behaviour` that overrides a method changes that decision of the server."""
    clock = ManualClock()
    app = create_app(clock=clock, behaviour=GoesBackwards)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://s", headers={"x-api-key": VALID}
    ) as api:
        assert (await api.post("/v2/ltx-2-pro", json={})).status_code == 422
        job = (await api.post("/v2/ltx-2-pro", json={"prompt": "a"})).json()
        clock.advance(1000)
        assert (await api.get(job["status_url"])).json()["status"] == "QUEUED"


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_speed_not_positive_is_refused(speed: float) -> None:
    """A speed that is not above 0 raises `ValueError`."""
    with pytest.raises(ValueError, match="speed"):
        create_app(speed=speed)
