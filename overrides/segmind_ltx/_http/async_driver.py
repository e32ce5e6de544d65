"""The driver of the asynchronous client."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import anyio
import anyio.lowlevel

from segmind_ltx._config import ClientOptions
from segmind_ltx._core.effects import Call, Effect, Flow, InterruptedCall, NoResponse, Reply, Response, Sleep, T
from segmind_ltx._core.journal import Journal
from segmind_ltx._http.async_transport import AsyncTransport
from segmind_ltx._http.driver import GRACE, BaseDriver, strip_traceback
from segmind_ltx._http.failures import deadline_exceeded
from segmind_ltx._http.reader import ResponseReader
from segmind_ltx._http.shield import Interrupted, shielded


class AsyncDriver(BaseDriver):
    """Runs flows under asyncio or trio."""

    def __init__(self, transport: AsyncTransport, options: ClientOptions, journal: Journal) -> None:
        super().__init__(options, journal)
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
            return await self.call(effect)
        await self._clock.asleep(effect.seconds)
        return None

    async def call(self, call: Call) -> Response | NoResponse:
        """Make one call, within its deadline if it has one.

        If the caller is cancelled during a paid call, wait up to `GRACE` seconds for the response, and raise
        `InterruptedCall` with it.
        """
        try:
            if call.method != "POST":
                return await self._call_with_deadline(call)
            return await self._call_shielded(call)
        except BaseException as error:
            raise strip_traceback(error)  # noqa: B904 - it is the same one

    async def _call_shielded(self, call: Call) -> Response | NoResponse:
        reply: Response | NoResponse = NoResponse("it was cancelled before that", sent=False)
        try:
            await anyio.lowlevel.checkpoint_if_cancelled()
        except BaseException as error:
            raise InterruptedCall(error, reply) from None
        try:
            return await shielded(partial(self._call_with_deadline, call), GRACE)
        except Interrupted as caught:
            interrupt: BaseException = strip_traceback(caught.interrupt)
            for reply in caught.results:
                raise InterruptedCall(interrupt, reply) from None
        raise interrupt

    async def _call_with_deadline(self, call: Call) -> Response | NoResponse:
        with anyio.move_on_after(call.deadline):
            return await self._call(call)
        return deadline_exceeded(call)

    async def _call(self, call: Call) -> Response | NoResponse:
        request = self._request(self._transport, call)
        if isinstance(request, NoResponse):
            return request
        begun = self.context.now()
        try:
            exchange = await self._transport.send(request, to_api=call.sink is None)
        except Exception as error:
            return self._failure(self._transport, error)
        try:
            reader = ResponseReader(call, exchange.response, self.context.now, begun)
            chunks = exchange.response.aiter_bytes()
            while reader.truncated is None:
                try:
                    chunk = await anext(chunks, None)
                except Exception as error:
                    reader.truncated = self._failure(self._transport, error).reason
                    break
                # Outside the try: if a sink raises, the connection is not to blame.
                if chunk is None or not reader.feed(chunk):
                    break
        finally:
            with suppress(Exception):  # A failure here must not cost a response that has arrived.
                await self._transport.release(exchange)
        return reader.response(self._key)

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()
