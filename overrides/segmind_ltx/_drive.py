"""The two drivers: they do what flows ask for, one with `httpx.Client`, one with `httpx.AsyncClient`.

The key is put on each call to the API, and on nothing else: it is no default header of the HTTP client, so neither
a redirect nor an address taken from an answer can carry it away. What httpx raises becomes a plain `Lost` before
a flow sees it, so that no frame with headers in it hangs on an exception of ours.
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple, Protocol
from weakref import WeakSet

import httpx

from segmind_ltx._intake import Intake, lost, masked, too_late
from segmind_ltx._line import AsyncLine, Line
from segmind_ltx._notes import Notes
from segmind_ltx._settings import Secret
from segmind_ltx._wire import Answer, Call, Effect, Env, Flow, Late, Lost, Pause, Reply, T
from segmind_ltx.errors import ConfigurationError, SegmindLtxError

if TYPE_CHECKING:
    from segmind_ltx._bounded import Bounded
    from segmind_ltx._crew import Crew
    from segmind_ltx._wire import AnyLogger

CONNECT_TIMEOUT = 10.0
"""Seconds to find a connection; nothing has been sent then."""


GRACE = 10.0
"""Seconds for which the answer to a submit is still awaited after an interrupt, so that the job's id is known."""
PLAIN = {"accept-encoding": "identity"}
"""What goes along with a call to another host."""


class Clock(Protocol):
    """Time as the client sees it, in seconds; pass your own to test without waiting."""

    def monotonic(self) -> float:
        """Now, on a clock that never goes back."""
        ...

    def time(self) -> float:
        """Now, since the epoch."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; called by `Client`."""
        ...

    def asleep(self, seconds: float) -> Awaitable[None]:
        """Wait; called by `AsyncClient`."""
        ...


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Now, on a clock that never goes back."""
        return time.monotonic()

    def time(self) -> float:
        """Now, since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """Wait, under asyncio or trio."""
        import anyio  # Here, since the sync client has no use for it.

        await anyio.sleep(seconds)


def bare(error: BaseException) -> BaseException:
    """An interrupt, a cancellation or a bug without the frames that it came through: those of httpx hold the key."""
    error.__context__ = None
    return error.with_traceback(None)


class Setup(NamedTuple):
    """What a client was made with, checked."""

    base_url: str
    key: Secret
    headers: Mapping[str, str]
    retries: int
    resends: int
    patience: float | None
    clock: Clock
    notes: Notes
    log: AnyLogger


_parsed = lru_cache(maxsize=1024)(httpx.URL)
"""The same few addresses are called again and again, and httpx takes as long to parse one as for all the rest."""


class _Common:
    def __init__(self, setup: Setup) -> None:
        self.base_url: str = setup.base_url
        self.notes: Notes = setup.notes
        self._key, self._clock, self._headers = setup.key, setup.clock, setup.headers
        self.env: Env = Env(
            now=setup.clock.monotonic,
            time=setup.clock.time,
            random=random.random,
            retries=setup.retries,
            resends=setup.resends,
            patience=setup.patience,
            seen={},
            notes=setup.notes,
            log=setup.log,
            base_url=setup.base_url,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.base_url}>"

    def _request(self, line: Line | AsyncLine, call: Call) -> httpx.Request | Lost:
        if line.closed:
            raise ConfigurationError("this client is closed; make a new one")
        timeout = httpx.Timeout(call.timeout, connect=min(CONNECT_TIMEOUT, call.timeout))
        try:
            if call.sink is not None:
                return line.request(call.method, httpx.URL(call.target), PLAIN, None, timeout, bare=True)
            headers = {**self._headers, "x-api-key": self._key.reveal()}
            url = _parsed(self.base_url + call.target)
            return line.request(call.method, url, headers, call.json, timeout, bare=False)
        except (httpx.InvalidURL, ValueError) as error:
            # An address out of an answer may be anything; what cannot be built is not sent.
            return Lost(masked(f"{type(error).__name__}: {error}", self._key), sent=False)

    def _fault(self, line: Line | AsyncLine, error: Exception) -> Lost:
        """What a line raised, in words. Our own exceptions say it themselves, and a full memory is nobody's fault."""
        if isinstance(error, SegmindLtxError | MemoryError):
            raise error
        return lost(error, self._key, own=line.own)


class Driver(_Common):
    """Runs flows, and waits where they say so."""

    def __init__(self, line: Line, setup: Setup) -> None:
        super().__init__(setup)
        self._line = line
        self._bounded: Bounded | None = None
        self.crews: WeakSet[Crew] = WeakSet()

    def run(self, flow: Flow[T]) -> T:
        """Do what the flow asks for until it has its result."""
        reply: Reply = None
        try:
            while True:
                try:
                    effect = flow.send(reply)
                except StopIteration as stop:
                    result: T = stop.value
                    return result
                reply = self._done(effect)
        except Late as caught:
            late = caught
        except BaseException as error:
            if getattr(flow, "gi_frame", None) is not None:
                flow.throw(error)  # An interrupt: the flow adds what it knows of the job, and lets it pass.
            raise
        interrupt = self._told(flow, late)
        flow.throw(interrupt)
        raise interrupt

    def _done(self, effect: Effect) -> Reply:
        if not isinstance(effect, Pause):
            return self._call_within(effect)
        self._clock.sleep(effect.seconds)
        return None

    def _told(self, flow: Flow[T], late: Late) -> BaseException:
        """The interrupt, once the flow knows of the answer that came after it."""
        try:
            flow.send(late.reply)
        except StopIteration:
            pass
        except SegmindLtxError as error:
            late.interrupt.add_note(f"segmind-ltx: {error}")
        return late.interrupt

    def call(self, call: Call) -> Answer | Lost:
        """Make one call, however long it takes in all."""
        try:
            return self._call(call)
        except BaseException as error:
            raise bare(error)  # noqa: B904 - it is the same one

    def _call(self, call: Call) -> Answer | Lost:
        request = self._request(self._line, call)
        if isinstance(request, Lost):
            return request
        begun = self.env.now()
        try:
            exchange = self._line.send(request, bare=call.sink is not None)
        except Exception as error:
            return self._fault(self._line, error)
        try:
            intake = Intake(call, exchange.response, self.env.now, begun)
            chunks = exchange.response.iter_bytes()
            while intake.broken is None:
                try:
                    chunk = next(chunks, None)
                except Exception as error:
                    intake.broken = self._fault(self._line, error).reason
                    break
                # Not within the try: what a sink raises is no fault of the line.
                if chunk is None or not intake.take(chunk):
                    break
        finally:
            with suppress(Exception):  # It must not cost an answer that is there.
                self._line.done(exchange)
        return intake.answer(self._key)

    def close(self) -> None:
        """Let go of threads and connections; first of crews, whose submits are waited for."""
        for crew in list(self.crews):
            crew.close()
        if self._bounded is not None:
            self._bounded.close()
        self._line.close()

    def _call_within(self, call: Call) -> Answer | Lost:
        if call.within is None:
            return self.call(call)
        if self._bounded is None:
            from segmind_ltx._bounded import Bounded  # Here, since a program that never waits has no use for it.

            self._bounded = Bounded()
        grace = GRACE if call.method == "POST" else 0.0
        try:
            return self._bounded.run(partial(self.call, call), call.within, grace)
        except TimeoutError:
            return too_late(call)


class AsyncDriver(_Common):
    """Runs the same flows under asyncio or trio."""

    def __init__(self, line: AsyncLine, setup: Setup) -> None:
        super().__init__(setup)
        self._line = line

    async def run(self, flow: Flow[T]) -> T:
        """Do what the flow asks for until it has its result."""
        reply: Reply = None
        try:
            while True:
                try:
                    effect = flow.send(reply)
                except StopIteration as stop:
                    result: T = stop.value
                    return result
                reply = await self._done(effect)
        except BaseException as error:
            if getattr(flow, "gi_frame", None) is not None:
                flow.throw(error)  # A cancellation: the flow adds what it knows of the job, and lets it pass.
            raise

    async def _done(self, effect: Effect) -> Reply:
        if not isinstance(effect, Pause):
            return await self.call(effect)
        await self._clock.asleep(effect.seconds)
        return None

    async def call(self, call: Call) -> Answer | Lost:
        """Make one call, within its time."""
        import anyio  # Here, since the sync client has no use for it.

        try:
            with anyio.move_on_after(call.within):
                return await self._call(call)
        except BaseException as error:
            raise bare(error)  # noqa: B904 - it is the same one
        return too_late(call)

    async def _call(self, call: Call) -> Answer | Lost:
        request = self._request(self._line, call)
        if isinstance(request, Lost):
            return request
        begun = self.env.now()
        try:
            exchange = await self._line.send(request, bare=call.sink is not None)
        except Exception as error:
            return self._fault(self._line, error)
        try:
            intake = Intake(call, exchange.response, self.env.now, begun)
            chunks = exchange.response.aiter_bytes()
            while intake.broken is None:
                try:
                    chunk = await anext(chunks, None)
                except Exception as error:
                    intake.broken = self._fault(self._line, error).reason
                    break
                # Not within the try: what a sink raises is no fault of the line.
                if chunk is None or not intake.take(chunk):
                    break
        finally:
            with suppress(Exception):  # It must not cost an answer that is there.
                await self._line.done(exchange)
        return intake.answer(self._key)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._line.close()
