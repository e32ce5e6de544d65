"""The asynchronous client, for asyncio and trio. Each method does what its namesake in `segmind_ltx.client` does."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import anyio.to_thread
import httpx

from segmind_ltx._clock import Clock
from segmind_ltx._config import DEFAULT_MAX_RETRIES, DEFAULT_TIMEOUT, check_options, read_api_key, read_base_url
from segmind_ltx._core import submit, wait
from segmind_ltx._core.effects import AnyLogger
from segmind_ltx._core.journal import attaching_request_id
from segmind_ltx._core.parameters import check_request_id, check_wait, prepare
from segmind_ltx._core.results import JobStatus
from segmind_ltx._core.signatures import describe
from segmind_ltx._core.upload import upload
from segmind_ltx._http.async_driver import AsyncDriver
from segmind_ltx._http.async_transport import AsyncTransport
from segmind_ltx._many.generate import LabelledRequest, ManyOptions, Outcome, agenerate_many
from segmind_ltx._postgres.journals import open_journal
from segmind_ltx.ledger import Ledger
from segmind_ltx.video import AsyncVideo
from segmind_ltx_api.calls import AnyRequest, ModelName, PaidCalls


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
        """Fetch the job's state, once; see `Job.status`."""
        return await self._driver.run(wait.status(self._driver.context, self.id, self._submitted))

    async def wait(
        self,
        timeout: float = DEFAULT_TIMEOUT,
        *,
        poll_interval: float | None = None,
        on_status: Callable[[JobStatus], object] | None = None,
    ) -> AsyncVideo:
        """Wait for the job to end, and return its video; see `Job.wait`."""
        flow = wait.wait(
            self._driver.context,
            self.id,
            self.model,
            timeout=timeout,
            submitted=self._submitted,
            poll_interval=poll_interval,
            on_status=on_status,
        )
        return AsyncVideo.of(await self._driver.run(flow), self._driver)

    async def result(self) -> AsyncVideo:
        """Fetch the video of a finished job; see `Job.result`."""
        flow = wait.result(self._driver.context, self.id, self.model, self._submitted)
        return AsyncVideo.of(await self._driver.run(flow), self._driver)


class AsyncClient(PaidCalls[Coroutine[Any, Any, AsyncJob], Coroutine[Any, Any, AsyncVideo], JobStatus]):
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
        max_retries: int = DEFAULT_MAX_RETRIES,
        max_submit_retries: int | None = None,
        resend_on: Iterable[int] = (),
        ledger: str | PathLike[str] | Ledger | None = None,
        logger: AnyLogger | None = None,
        clock: Clock | None = None,
    ) -> None:
        try:
            options = check_options(
                read_base_url(base_url),
                read_api_key(api_key),
                headers=headers,
                timeout=timeout,
                max_retries=max_retries,
                max_submit_retries=max_submit_retries,
                resend_on=resend_on,
                clock=clock,
                logger=logger,
            )
        finally:
            del api_key, headers  # A traceback that shows local variables would show their values.
        api_transport, journal = AsyncTransport(http, transport, proxy, options.base_url), open_journal(ledger)
        self._owns_ledger = journal is not ledger
        self._driver = AsyncDriver(api_transport, options, journal)

    @property
    def base_url(self) -> str:
        """The address of the API, without a slash at its end."""
        return self._driver.base_url

    def __repr__(self) -> str:
        return f"AsyncClient(base_url={self._driver.base_url!r})"

    async def _submit(self, model: Any, **parameters: Any) -> AsyncJob:
        """Submit a job; see `Client.submit`."""
        prepared = prepare(model, parameters)
        with attaching_request_id() as accepted:
            request_id = await self._driver.run(submit.submit(self._driver.context, prepared, accepted))
            return AsyncJob(self._driver, request_id, prepared.model.slug, self._driver.context.now())

    async def _generate(
        self,
        model: Any,
        *,
        timeout: float | None = None,
        on_status: Callable[[JobStatus], object] | None = None,
        **parameters: Any,
    ) -> AsyncVideo:
        """Submit a job and wait for its video; see `Client.generate`."""
        # Check before the job is paid for.
        checked = check_wait(DEFAULT_TIMEOUT if timeout is None else timeout, None, on_status)
        prepared = prepare(model, parameters)
        # One flow, so that a cancellation between submit and wait knows the id as well.
        flow = wait.generate(self._driver.context, prepared, timeout=checked, poll_interval=None, on_status=on_status)
        return AsyncVideo.of(await self._driver.run(flow), self._driver)

    async def _generate_blocking(
        self,
        model: Any,
        *,
        timeout: float | None = None,
        **parameters: Any,
    ) -> AsyncVideo:
        """Make one blocking v1 call; see `Client.generate_blocking`."""
        prepared = prepare(model, parameters)
        flow = submit.generate_blocking(self._driver.context, prepared, DEFAULT_TIMEOUT if timeout is None else timeout)
        return AsyncVideo.of(await self._driver.run(flow), self._driver)

    def job(self, request_id: str, model: ModelName | None = None) -> AsyncJob:
        """Resume a job that was submitted earlier; see `Client.job`."""
        return AsyncJob(self._driver, check_request_id(request_id), model)

    async def upload(self, path: str | PathLike[str]) -> str:
        """Upload an image to the vendor's asset store, and return its address; see `Client.upload`."""
        return await self._driver.run(upload(self._driver.context, Path(path)))

    def generate_many(
        self,
        requests: Iterable[AnyRequest | LabelledRequest] | AsyncIterable[AnyRequest | LabelledRequest],
        *,
        concurrency: int = 8,
        timeout: float = DEFAULT_TIMEOUT,
        poll_interval: float | None = None,
        on_status: Callable[[JobStatus], object] | None = None,
    ) -> AbstractAsyncContextManager[AsyncIterator[Outcome[AsyncVideo]]]:
        """Submit many jobs, and yield an `Outcome` of each as it ends; see `Client.generate_many`.

        ``requests`` may be an async iterable as well, which is read in a task. Use it as a context manager, which stops
        the tasks that make the calls if you leave early::

            async with client.generate_many(requests, concurrency=50) as outcomes:
                async for outcome in outcomes:
                    await outcome.result().save(f"{outcome.index}.mp4")

        If a submit is in flight when you leave, the exit waits for its response: the job may exist, and its id is
        needed.
        """
        options = ManyOptions(concurrency, timeout, poll_interval, on_status)
        return agenerate_many(self._driver, requests, options, lambda facts: AsyncVideo.of(facts, self._driver))

    async def close(self) -> None:
        """Close the connections, and the ledger if this client opened it."""
        await self._driver.close()
        if self._owns_ledger:
            # In a thread, since it may have to wait for the file.
            await anyio.to_thread.run_sync(self._driver.journal.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    # Type checkers see each model's own parameters, in the base class.
    if not TYPE_CHECKING:
        submit = describe(_submit, PaidCalls.submit)
        generate = describe(_generate, PaidCalls.generate)
        generate_blocking = describe(_generate_blocking, PaidCalls.generate_blocking)
