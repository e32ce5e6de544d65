"""The driver of the asynchronous client."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import anyio
import anyio.lowlevel
import anyio.to_thread
import httpx

from segmind_ltx._config import ClientOptions
from segmind_ltx._core.effects import Call, Effect, Flow, InterruptedCall, NoResponse, Reply, Response, Sleep, T
from segmind_ltx._core.journal import Journal
from segmind_ltx._http.async_transport import AsyncTransport
from segmind_ltx._http.attempt import Attempt
from segmind_ltx._http.base_driver import GRACE, BaseDriver, strip_traceback
from segmind_ltx._http.failures import deadline_words
from segmind_ltx._http.shield import Interrupted, shielded


class AsyncDriver(BaseDriver):
    """Runs flows under asyncio or trio."""

    def __init__(self, transport: AsyncTransport, options: ClientOptions, journal: Journal) -> None:
        super().__init__(transport, options, journal)
        self._transport = transport

    async def run(self, flow: Flow[T]) -> T:
        """Perform each effect of the flow, and return its result."""
        reply: Reply = None
        try:
            while True:
                try:
                    effect = flow.send(reply)
                except StopIteration as stop:
                    result: T = stop.value
                    return result
                reply = None  # Else it would be held for the length of a sleep.
                reply = await self._perform(effect)
        except InterruptedCall as caught:
            ended = self._end_interrupted(flow, caught)
        except BaseException as error:
            ended = self._end(flow, error)
            if ended is error:
                raise
        raise ended

    async def _perform(self, effect: Effect) -> Reply:
        if not isinstance(effect, Sleep):
            started = self.context.now()
            reply = await self.call(effect)
            self._tell(effect, reply, started)
            return reply
        await self._clock.asleep(effect.seconds)
        return None

    async def call(self, call: Call) -> Response | NoResponse:
        """Make one call, within its deadline if it has one.

        If the caller is cancelled during a paid call, wait up to `GRACE` seconds for the response, and raise
        `InterruptedCall` with it.
        """
        attempt = self.attempt(call)
        try:
            if call.method != "POST":
                return await self._call_with_deadline(call, attempt)
            return await self._call_shielded(call, attempt)
        except BaseException as error:
            raise strip_traceback(error)  # noqa: B904 - it is the same one

    async def _call_shielded(self, call: Call, attempt: Attempt) -> Response | NoResponse:
        try:
            await anyio.lowlevel.checkpoint_if_cancelled()
        except BaseException as error:
            raise InterruptedCall(error, NoResponse("it was cancelled before that", sent=False)) from None
        try:
            return await shielded(
                partial(self._call_with_deadline, call, attempt),
                lambda: GRACE if attempt.stop_unsent() is None else 0.0,
            )
        except Interrupted as caught:
            interrupt: BaseException = strip_traceback(caught.interrupt)
            reply: Response | NoResponse = caught.results[0] if caught.results else attempt.outcome("it was cancelled")
        raise InterruptedCall(interrupt, reply)

    async def _call_with_deadline(self, call: Call, attempt: Attempt) -> Response | NoResponse:
        with anyio.move_on_after(call.limit) as scope:
            return await self._call(call, attempt, scope)
        return attempt.outcome(deadline_words(call))

    async def _call(self, call: Call, attempt: Attempt, scope: anyio.CancelScope) -> Response | NoResponse:
        request = self._request(call, attempt.atrace)
        if isinstance(request, NoResponse):
            return request
        started = self.context.now()
        try:
            exchange = await self._transport.send(request, attempt.hand_over, to_api=call.sink is None)
        except Exception as error:
            return self._failure(error, attempt)
        try:
            return await self._read(call, attempt, scope, exchange.response, started)
        finally:
            with suppress(Exception):  # A failure here must not cost a response that has arrived.
                await self._transport.release(exchange)

    async def _read(
        self, call: Call, attempt: Attempt, scope: anyio.CancelScope, response: httpx.Response, started: float
    ) -> Response | NoResponse:
        try:
            reader = attempt.reader = self._reader(call, response, started)
        except Exception as error:
            return self._failure(error, attempt)
        chunks = response.aiter_bytes()
        while reader.unfinished:
            try:
                chunk = await anext(chunks, None)
            except Exception as error:
                reader.truncated = self._failure(error, attempt).reason
                break
            # Outside the try: if a sink raises, the connection is not to blame.
            if chunk is None or not reader.feed(chunk):
                break
            if call.sink is not None:
                scope.deadline = anyio.current_time() + call.limit
        return reader.response()

    async def in_thread(self, function: Callable[[], T]) -> T:
        """Return the result of a function that waits for the disk, without holding up the event loop."""
        return await anyio.to_thread.run_sync(function)

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()
