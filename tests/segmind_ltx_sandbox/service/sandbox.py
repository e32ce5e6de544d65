"""Hold the sandbox's state and change it. The routes translate HTTP to these calls and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from segmind_ltx_sandbox.messages import ApiResponse
from segmind_ltx_sandbox.service.accounts import Account
from segmind_ltx_sandbox.service.behaviour import RESET, Behaviour
from segmind_ltx_sandbox.service.clock import Clock
from segmind_ltx_sandbox.service.jobs import Job, JobStore, State
from segmind_ltx_sandbox.service.outputs import Outputs, VideoCache, video_file
from segmind_ltx_sandbox.service.scenarios import SCENARIOS, Scenario
from segmind_ltx_sandbox.video.render import render
from segmind_ltx_spec import Contract, Model


class Sandbox:
    """Accounts, jobs and videos under one clock."""

    def __init__(
        self,
        behaviour: Behaviour,
        clock: Clock,
        *,
        speed: float,
        v1_bytes: bool,
        credits_usd: float,
        videos: VideoCache | None = None,
    ) -> None:
        """Start with no jobs, and with ``credits_usd`` on every funded account."""
        if not speed > 0:
            raise ValueError(f"speed must be above 0, not {speed!r}")
        self.behaviour = behaviour
        self.contract: Contract = behaviour.contract
        self.clock = clock
        self.speed = speed
        behaviour.reset_seconds = type(behaviour).reset_seconds / speed
        self.v1_bytes = v1_bytes
        self.jobs = JobStore(behaviour.retention)
        self.accounts = {s.key: Account(s.name, credits_usd if s.funded else 0.0) for s in SCENARIOS}
        self.videos = videos or VideoCache(render)
        self.outputs = Outputs(self.videos, behaviour.output_retention)

    def admit(self, scenario: Scenario | ApiResponse) -> Scenario | ApiResponse:
        """Return the scenario if it may make the request, else the response that refuses it."""
        if isinstance(scenario, ApiResponse):
            return scenario
        return self.behaviour.refusal(scenario, self.clock.utc()) or scenario

    def funded(self, scenario: Scenario) -> Scenario | ApiResponse:
        """Return the scenario if its account has credits, else the response that refuses the request."""
        return self.behaviour.unpaid(self.accounts[scenario.key].balance(self.clock.now())) or scenario

    def submit(self, model: Model, payload: Mapping[str, Any], scenario: Scenario, origin: str) -> ApiResponse:
        """Accept a job and return the response to the submit."""
        job = self._job(model, payload, scenario)
        if not job.fails:
            job.account.charge_at(job.ended, job.cost, job.settled)
        self.jobs.add(job)
        return self.behaviour.accepted(job, origin)

    async def generate(
        self, model: Model, payload: Mapping[str, Any], scenario: Scenario, origin: str, *, as_bytes: bool
    ) -> ApiResponse:
        """Handle a blocking call: wait as long as a job takes, then return its video, or JSON with its location."""
        job = self._job(model, payload, scenario)
        await self.clock.sleep(job.queue_time + job.inference_time)
        if job.fails:
            return self.behaviour.generation_failed()
        video = await self.videos.get(job.video_spec)
        now = self.clock.now()
        job.account.balance(now)  # Jobs that ended before are charged first.
        headers = {
            "x-request-id": job.id,
            "x-cost": str(job.cost),
            "x-remaining-credits": str(job.account.charge(job.cost)),
            "x-generation-time": str(round(job.inference_time, 3)),
            "x-seed-value": str(self.behaviour.seed(model, payload, job.id)),
            RESET: self.behaviour.reset_at(self.clock.utc()),
        }
        if as_bytes:
            return ApiResponse("generated", 200, video, "video/mp4", headers)
        file = video_file(origin, self.outputs.open(job.id, job.video_spec, now, now), len(video))
        return ApiResponse("generated", 200, {"output": file["url"], "video": file}, headers=headers)

    def status(self, request_id: str, scenario: Scenario, origin: str) -> ApiResponse:
        """Return the status of a job."""
        found = self._find(request_id, scenario)
        if found is None:
            return self.behaviour.unknown_request()
        job, state, now = found
        if state is State.FAILED:
            return self.behaviour.failed(job, state, now)
        return self.behaviour.status(job, state, now, origin)

    async def result(self, request_id: str, scenario: Scenario, origin: str) -> ApiResponse:
        """Return the result of a job. The first read renders the video, since the response contains its size."""
        found = self._find(request_id, scenario)
        if found is None:
            return self.behaviour.unknown_request()
        job, state, now = found
        if state is State.FAILED:
            return self.behaviour.failed(job, state, now)
        video = None
        if state is State.COMPLETED:
            if job.file_size is None:
                job.file_size = len(await self.videos.get(job.video_spec))
            name = self.outputs.open(job.id, job.video_spec, job.ended, now)
            video = video_file(origin, name, job.file_size)
        return self.behaviour.result(job, state, now, origin, video)

    def _find(self, request_id: str, scenario: Scenario) -> tuple[Job, State, float] | None:
        now = self.clock.now()
        account = self.accounts[scenario.key]
        job = self.jobs.find(request_id, account, now)
        if job is None:
            return None
        account.balance(now)  # Charges this job if it has ended, and those that ended before it.
        return job, self.behaviour.state(job, now), now

    def _job(self, model: Model, payload: Mapping[str, Any], scenario: Scenario) -> Job:
        queue_time, inference_time = self.behaviour.times(model, self.speed)
        return Job(
            id=self.behaviour.new_id(),
            account=self.accounts[scenario.key],
            video_spec=self.behaviour.video_spec(model, payload),
            cost=self.behaviour.cost(model, payload),
            submitted=self.clock.now(),
            queue_time=queue_time,
            inference_time=inference_time,
            fails=scenario.fails,
        )
