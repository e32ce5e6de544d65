"""The asynchronous client, for asyncio and trio. Each call keeps what its namesake in `segmind_ltx.client` promises."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import httpx

from segmind_ltx._drive import AsyncDriver, Clock, SystemClock
from segmind_ltx._notes import ACCEPTED, ANSWERED, COMPLETED, Notes
from segmind_ltx._settings import api_key as _api_key
from segmind_ltx._settings import base_url as _base_url
from segmind_ltx.client import DEFAULT_RETRIES, DEFAULT_TIMEOUT, notes_of

if TYPE_CHECKING:
    from segmind_ltx.ledger import Ledger
    from segmind_ltx.video import AsyncVideo, JobStatus
    from segmind_ltx_api.calls import Generate, GenerateSync, ModelName, Submit


class AsyncJob:
    """A submitted job; see `segmind_ltx.Job`."""

    def __init__(
        self, driver: AsyncDriver, request_id: str, model: str | None = None, submitted: float | None = None
    ) -> None:
        self.id: str = request_id
        self.model: str | None = model
        self._driver, self._submitted = driver, submitted

    def __repr__(self) -> str:
        return f"AsyncJob({self.id!r}, model={self.model!r})"

    async def status(self) -> JobStatus:
        """Ask for the job's state, once; see `Job.status`."""
        from segmind_ltx import _flows

        return await self._driver.run(_flows.status(self._driver.env, self.id))

    async def wait(
        self,
        timeout: float = DEFAULT_TIMEOUT,
        *,
        interval: float | None = None,
        on_status: Callable[[JobStatus], object] | None = None,
    ) -> AsyncVideo:
        """Wait for the job to end, and give its video; see `Job.wait`."""
        from segmind_ltx import _flows
        from segmind_ltx.video import AsyncVideo

        flow = _flows.wait(
            self._driver.env,
            self.id,
            self.model,
            timeout=timeout,
            submitted=self._submitted,
            interval=interval,
            on_status=on_status,
        )
        with self._driver.notes.following(self.id):
            video = AsyncVideo.of(await self._driver.run(flow), self._driver)
        self._driver.notes.note(self.id, COMPLETED, cost=video.cost)
        return video

    async def result(self) -> AsyncVideo:
        """Fetch the video of a job that has finished; see `Job.result`."""
        from segmind_ltx import _flows
        from segmind_ltx.video import AsyncVideo

        flow = _flows.result(self._driver.env, self.id, self.model)
        with self._driver.notes.following(self.id):
            video = AsyncVideo.of(await self._driver.run(flow), self._driver)
        self._driver.notes.note(self.id, COMPLETED, cost=video.cost)
        return video


class AsyncClient:
    """A client for the five LTX models under asyncio or trio; see `segmind_ltx.Client`.

    ``http`` is an `httpx.AsyncClient` of your own; it is not closed with this one.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        http: httpx.AsyncClient | None = None,
        retries: int = DEFAULT_RETRIES,
        clock: Clock | None = None,
        ledger: str | PathLike[str] | Ledger | None = None,
    ) -> None:
        try:
            key, url = _api_key(api_key), _base_url(base_url)
        finally:
            del api_key  # A traceback that shows local variables would show it.
        notes = notes_of(ledger)
        self._owned, self._notes_given = http is None, isinstance(ledger, Notes)
        self._driver = AsyncDriver(http or httpx.AsyncClient(), url, key, clock or SystemClock(), retries, notes)

    def __repr__(self) -> str:
        return f"AsyncClient(base_url={self._driver.base_url!r})"

    async def _submit(self, model: Any, /, **parameters: Any) -> AsyncJob:
        """Submit a job; see `Client.submit`."""
        from segmind_ltx import _flows
        from segmind_ltx._parameters import prepare

        prepared = prepare(model, parameters)
        driver = self._driver
        with driver.notes.paying(prepared.model.slug, prepared.request.to_dict(), driver.base_url) as settle:
            request_id = await driver.run(_flows.submit(driver.env, prepared))
            settle(ACCEPTED, request_id)
        return AsyncJob(self._driver, request_id, prepared.model.slug, self._driver.env.now())

    async def _generate(
        self,
        model: Any,
        /,
        *,
        timeout: float | None = None,
        on_status: Callable[[JobStatus], object] | None = None,
        **parameters: Any,
    ) -> AsyncVideo:
        """Submit a job and wait for its video; see `Client.generate`."""
        from segmind_ltx._parameters import check_wait

        # Before the job is paid for.
        checked = check_wait(DEFAULT_TIMEOUT if timeout is None else timeout)
        job = await self._submit(model, **parameters)
        return await job.wait(checked, on_status=on_status)

    async def _generate_sync(
        self,
        model: Any,
        /,
        *,
        timeout: float | None = None,
        **parameters: Any,
    ) -> AsyncVideo:
        """Make one blocking v1 call; see `Client.generate_sync`."""
        from segmind_ltx import _flows
        from segmind_ltx._parameters import prepare
        from segmind_ltx.video import AsyncVideo

        prepared = prepare(model, parameters)
        flow = _flows.generate_sync(self._driver.env, prepared, DEFAULT_TIMEOUT if timeout is None else timeout)
        driver = self._driver
        with driver.notes.paying(prepared.model.slug, prepared.request.to_dict(), driver.base_url) as settle:
            video = AsyncVideo.of(await driver.run(flow), driver)
            settle(ANSWERED, None)
        return video

    def job(self, request_id: str, model: ModelName | None = None) -> AsyncJob:
        """Take up a job that was submitted before; see `Client.job`."""
        from segmind_ltx._parameters import check_request_id

        return AsyncJob(self._driver, check_request_id(request_id), model)

    async def close(self) -> None:
        """Close the connections."""
        if not self._notes_given:
            self._driver.notes.close()
        if self._owned:
            await self._driver.http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    # Type checkers see each model's own parameters, from the generated signatures.
    if TYPE_CHECKING:
        submit: Submit[Coroutine[Any, Any, AsyncJob]]
        generate: Generate[Coroutine[Any, Any, AsyncVideo], JobStatus]
        generate_sync: GenerateSync[Coroutine[Any, Any, AsyncVideo]]
    else:
        submit, generate, generate_sync = _submit, _generate, _generate_sync
