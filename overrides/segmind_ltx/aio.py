"""The asynchronous client, for asyncio and trio. Each call keeps what its namesake in `segmind_ltx.client` promises."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import httpx

from segmind_ltx._setup import DEFAULT_RETRIES, DEFAULT_TIMEOUT, setup

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from segmind_ltx._drive import AsyncDriver, Clock
    from segmind_ltx._wire import AnyLogger
    from segmind_ltx.ledger import Ledger
    from segmind_ltx.many import Outcome
    from segmind_ltx.video import AsyncVideo, JobStatus
    from segmind_ltx_api.calls import AnyRequest, Generate, GenerateSync, ModelName, Submit


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
        return AsyncVideo.of(await self._driver.run(flow), self._driver)

    async def result(self) -> AsyncVideo:
        """Fetch the video of a job that has finished; see `Job.result`."""
        from segmind_ltx import _flows
        from segmind_ltx.video import AsyncVideo

        flow = _flows.result(self._driver.env, self.id, self.model)
        return AsyncVideo.of(await self._driver.run(flow), self._driver)


class AsyncClient:
    """A client for the five LTX models under asyncio or trio; see `segmind_ltx.Client`.

    The arguments are the same, with httpx's asynchronous types.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        http: httpx.AsyncClient | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        proxy: str | httpx.Proxy | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        retries: int = DEFAULT_RETRIES,
        resends: int | None = None,
        ledger: str | PathLike[str] | Ledger | None = None,
        logger: AnyLogger | None = None,
        clock: Clock | None = None,
    ) -> None:
        # Here, as in the other calls: to import what a program may come to use takes longer than it needs to start.
        from segmind_ltx._drive import AsyncDriver
        from segmind_ltx._line import AsyncLine
        from segmind_ltx._settings import api_key as read_key
        from segmind_ltx._settings import base_url as read_url

        try:
            key, url = read_key(api_key), read_url(base_url)
            line = AsyncLine(http, transport, proxy)
            chosen = setup(
                url,
                key,
                headers=headers,
                timeout=timeout,
                retries=retries,
                resends=resends,
                clock=clock,
                ledger=ledger,
                logger=logger,
            )
        finally:
            del api_key, headers  # A traceback that shows local variables would show what they hold.
        self._ledger_given = chosen.notes is ledger
        self._driver = AsyncDriver(line, chosen)

    def __repr__(self) -> str:
        return f"AsyncClient(base_url={self._driver.base_url!r})"

    async def _submit(self, model: Any, /, **parameters: Any) -> AsyncJob:
        """Submit a job; see `Client.submit`."""
        from segmind_ltx import _flows
        from segmind_ltx._notes import carried
        from segmind_ltx._parameters import prepare

        prepared = prepare(model, parameters)
        with carried() as accepted:
            request_id = await self._driver.run(_flows.submit(self._driver.env, prepared, accepted))
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
        from segmind_ltx import _flows
        from segmind_ltx._parameters import check_wait, prepare
        from segmind_ltx.video import AsyncVideo

        # Before the job is paid for.
        checked = check_wait(DEFAULT_TIMEOUT if timeout is None else timeout)
        prepared = prepare(model, parameters)
        # One flow, so that a cancellation between the two knows the id as well.
        flow = _flows.generate(self._driver.env, prepared, timeout=checked, interval=None, on_status=on_status)
        return AsyncVideo.of(await self._driver.run(flow), self._driver)

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
        return AsyncVideo.of(await self._driver.run(flow), self._driver)

    def job(self, request_id: str, model: ModelName | None = None) -> AsyncJob:
        """Take up a job that was submitted before; see `Client.job`."""
        from segmind_ltx._parameters import check_request_id

        return AsyncJob(self._driver, check_request_id(request_id), model)

    def generate_many(
        self,
        requests: Iterable[AnyRequest],
        *,
        concurrency: int = 8,
        timeout: float = DEFAULT_TIMEOUT,
        interval: float | None = None,
        on_status: Callable[[JobStatus], object] | None = None,
    ) -> AbstractAsyncContextManager[AsyncIterator[Outcome[AsyncVideo]]]:
        """Submit many jobs, and yield an `Outcome` of each as it ends; see `Client.generate_many`.

        A few tasks make the calls of all jobs, so it is a context manager, which ends them where you stop::

            async with client.generate_many(requests, concurrency=50) as outcomes:
                async for outcome in outcomes:
                    await outcome.result().save(f"{outcome.index}.mp4")

        A submit that is under way when you stop is waited for, since a job that nobody knows may cost as much.
        """
        from segmind_ltx.many import agenerate_many

        return agenerate_many(self._driver, requests, concurrency, timeout, interval, on_status)

    async def close(self) -> None:
        """Close the connections."""
        import anyio.to_thread

        await self._driver.close()
        if not self._ledger_given:
            # In a thread, since it may wait for the file.
            await anyio.to_thread.run_sync(self._driver.notes.close)

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
