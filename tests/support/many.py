"""Run `generate_many` with each client against a sandbox that holds, fails or counts jobs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

import segmind_ltx as ltx
from segmind_ltx_sandbox import Behaviour
from segmind_ltx_sandbox.messages import ApiResponse, error
from segmind_ltx_sandbox.service.jobs import Job, State
from segmind_ltx_sandbox.testing import RunningSandbox
from segmind_ltx_spec import Contract, Model


def worker_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "segmind-ltx crew"]


TIMEOUT = 20.0
"""Seconds after which a test gives up waiting."""

Each = Callable[[Any], object]


class PromptedService(Behaviour):
    """A service that treats a request as its prompt says, and counts."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self.posts = self.polls = self.handed = self.most = 0
        self.entered, self.let_in, self.let_go = threading.Event(), threading.Event(), threading.Event()

    def invalid(self, model: Model, payload: Mapping[str, Any]) -> ApiResponse | None:
        return error("poor", 406, "no credits") if payload["prompt"] == "poor" else super().invalid(model, payload)

    def accepted(self, job: Job, origin: str) -> ApiResponse:
        self.posts += 1
        self.most = max(self.most, self.posts - self.handed)
        job.fails = job.video_spec.prompt == "fail"
        if job.video_spec.prompt == "stuck":
            self.entered.set()
            self.let_in.wait(TIMEOUT)
        return super().accepted(job, origin)

    def state(self, job: Job, now: float) -> State:
        held = job.video_spec.prompt == "hold" and not self.let_go.is_set()
        return State.PROCESSING if held else super().state(job, now)

    def status(self, job: Job, state: State, now: float, origin: str) -> ApiResponse:
        self.polls += 1
        return super().status(job, state, now, origin)


class Many:
    """Run `generate_many` and call ``each`` with each outcome; stop if it returns True or raises."""

    def __init__(self, kind: str, sandbox: RunningSandbox) -> None:
        assert isinstance(sandbox.state.behaviour, PromptedService)
        self.kind, self.sandbox, self.server = kind, sandbox, sandbox.state.behaviour
        self.drawn = 0

    def requests(self, prompts: Iterable[str]) -> Iterator[ltx.LtxVideoRequest]:
        """Yield requests, and count them."""
        for prompt in prompts:
            self.drawn += 1
            yield ltx.LtxVideoRequest(prompt=prompt)

    def __call__(
        self, requests: Iterable[Any], each: Each | None = None, *, ledger: Path | None = None, **more: Any
    ) -> list[Any]:
        options: dict[str, Any] = {"poll_interval": 0.02, **more}
        client: dict[str, Any] = {"api_key": self.sandbox.key, "base_url": self.sandbox.base_url, "ledger": ledger}
        found: list[Any] = []

        def take(outcome: Any) -> bool:
            found.append(outcome)
            self.server.handed += outcome.request_id is not None
            return each is not None and each(outcome) is True

        async def main() -> None:
            async with ltx.AsyncClient(**client) as api, api.generate_many(requests, **options) as outcomes:
                async for outcome in outcomes:
                    # In a thread, since ``each`` may wait for the event loop's own work.
                    if await anyio.to_thread.run_sync(take, outcome):
                        break

        if self.kind != "sync":
            anyio.run(main, backend=self.kind)
            return found
        with ltx.Client(**client) as api, closing(api.generate_many(requests, **options)) as outcomes:
            for outcome in outcomes:
                if take(outcome):
                    break
        return found
