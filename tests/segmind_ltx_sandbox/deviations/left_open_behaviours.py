"""Behaviours of the variants in `left_open`: one class for each decision that no page takes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any, Final, cast
from urllib.parse import urlsplit

from attrs import evolve

from segmind_ltx_sandbox.deviations.base import refused
from segmind_ltx_sandbox.deviations.variant_behaviours import FormatsIds
from segmind_ltx_sandbox.messages import ApiRequest, ApiResponse
from segmind_ltx_sandbox.service.behaviour import Behaviour
from segmind_ltx_sandbox.service.jobs import Job, State
from segmind_ltx_spec import Contract, Model

LONGEST_PROMPT: Final = 524
"""Characters of the longest prompt that a page prints."""
HOUR: Final = 3600.0
SHY_OF_AN_HOUR: Final = 3500.0
RUNNING: Final = frozenset({State.QUEUED, State.PROCESSING})


class WritesRelativeURLs(Behaviour):
    """Writes the URLs of a job as paths."""

    def links(self, job_id: str, origin: str) -> dict[str, str]:
        """Return the paths."""
        return {name: urlsplit(url).path for name, url in super().links(job_id, origin).items()}


class NumbersJobs(FormatsIds):
    """Gives jobs numbers, and writes them as JSON numbers."""

    def finalize(self, request: ApiRequest, response: ApiResponse) -> ApiResponse:
        """Return the response with the number."""
        response = super().finalize(request, response)
        given: object = response.content
        if not isinstance(given, dict):
            return response
        content = cast("dict[str, Any]", given)
        digits = str(content.get("request_id", ""))
        return evolve(response, content={**content, "request_id": int(digits)}) if digits.isdecimal() else response


class ReusesIds(Behaviour):
    """Gives the id of an expired job to a new one."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self._seen: list[Job] = []
        self._latest = 0.0

    def new_id(self) -> str:
        """Return the id of a job that has expired, or else a new one."""
        gone = next((job for job in self._seen if self._latest > job.ended + HOUR), None)
        if gone is None:
            return super().new_id()
        self._seen.remove(gone)
        return gone.id

    def accepted(self, job: Job, origin: str) -> ApiResponse:
        """Remember the job."""
        self._seen.append(job)
        self._latest = max(self._latest, job.submitted)
        return super().accepted(job, origin)

    def state(self, job: Job, now: float) -> State:
        """Remember the time."""
        self._latest = max(self._latest, now)
        return super().state(job, now)


class ShowsPreview(Behaviour):
    """Names a preview as the output of a job that is PROCESSING."""

    def result(self, job: Job, state: State, now: float, origin: str, video: Mapping[str, Any] | None) -> ApiResponse:
        """Return the result with a preview."""
        response = super().result(job, state, now, origin, video)
        if state is not State.PROCESSING or response.status != 200:
            return response
        return evolve(response, content={**response.content, "output": f"{origin}/outputs/preview-{job.id}.mp4"})


class MovesOutputs(Behaviour):
    """Gives the output of a job another address at each reading; all of them lead to the same video."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self._addresses = count(1)

    def result(self, job: Job, state: State, now: float, origin: str, video: Mapping[str, Any] | None) -> ApiResponse:
        """Return the result with the next address."""
        moved = None
        if video is not None:
            moved = {**video, "url": video["url"].replace("/outputs/", f"/outputs/{next(self._addresses)}~")}
        return super().result(job, state, now, origin, moved)

    def stored_name(self, name: str) -> str:
        """Return the name behind an address."""
        return super().stored_name(name.rpartition("~")[2])


class TakesNullAsLeftOut(Behaviour):
    """Treats null as if the parameter were left out."""

    def validated(self, request: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:
        """Validate the payload without its nulls."""
        given = {name: value for name, value in payload.items() if value is not None}
        return super().validated(request, model, given)


class RefusesLongPrompts(Behaviour):
    """Refuses prompts that are longer than any that a page prints."""

    def validated(self, request: ApiRequest, model: Model, payload: dict[str, Any]) -> dict[str, Any] | ApiResponse:
        """Return a 400 if the prompt is long, else validate as usual."""
        if len(str(payload.get("prompt", ""))) > LONGEST_PROMPT:
            return refused("prompt")
        return super().validated(request, model, payload)


class TakesLong(Behaviour):
    """Reports every job as PROCESSING for most of an hour, however fast the sandbox is."""

    def state(self, job: Job, now: float) -> State:
        """Return PROCESSING in place of a final state."""
        state = super().state(job, now)
        return State.PROCESSING if state not in RUNNING and now - job.submitted < SHY_OF_AN_HOUR else state
