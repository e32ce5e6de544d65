"""Run the client's flows for many jobs in one event loop, so that all of them can be stopped within seconds."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from segmind_ltx._config import ClientOptions
from segmind_ltx._core.effects import Effect, Flow, Reply, Sleep, T
from segmind_ltx._core.journal import Journal
from segmind_ltx._http.async_driver import AsyncDriver
from segmind_ltx._http.async_transport import AsyncTransport
from segmind_ltx._many.generate import MAX_CALLS
from segmind_ltx._many.scheduler import STALLED_AFTER, ConcurrencyLimit


class StoppingError(Exception):
    """The worker is stopping: the job goes on at the service, and another worker takes it."""


class Slots:
    """Lets a number of tasks in at a time: of those that wait, the one with the lowest rank first."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = itertools.count()

    @asynccontextmanager
    async def taken(self, rank: float) -> AsyncGenerator[None]:
        """Hold a slot for as long as the block runs."""
        if self._free > 0:
            self._free -= 1
        else:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (rank, next(self._number), turn))
            try:
                await turn
            except BaseException:
                if turn.done() and not turn.cancelled():
                    self._release()
                raise
        try:
            yield
        finally:
            self._release()

    def _release(self) -> None:
        while self._waiting:
            turn = heapq.heappop(self._waiting)[2]
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class FleetDriver(AsyncDriver):
    """Runs flows until `stop`: then every sleep ends with `StoppingError`, and no further call begins.

    It keeps no journal: the worker writes the ledger's row itself. As in `generate_many`, only as many calls run at
    once as the server is worth.
    """

    def __init__(self, options: ClientOptions) -> None:
        super().__init__(AsyncTransport(None, None, None, options.base_url), options, Journal())
        self.stopping = False
        self._asleep: set[asyncio.Future[None]] = set()
        self._limit = ConcurrencyLimit(MAX_CALLS)
        self._begun: dict[int, float] = {}
        self._numbers = itertools.count()
        self._turns: deque[asyncio.Future[None]] = deque()

    def stop(self) -> None:
        """End every sleep, and begin no further call."""
        self.stopping = True
        for future in self._asleep:
            if not future.done():
                future.set_exception(StoppingError())
        while self._next_turn():
            pass

    async def sleep(self, seconds: float) -> None:
        """Wait. Raises `StoppingError` as soon as the worker stops."""
        if self.stopping:
            raise StoppingError
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _wake, future)
        self._asleep.add(future)
        try:
            await future
        finally:
            timer.cancel()
            self._asleep.discard(future)

    async def advance(self, flow: Flow[T]) -> T | Sleep:
        """Perform the effects of a flow up to its next sleep, and return that; at its end, its result.

        Afterwards the caller waits, and calls this again.
        """
        reply: Reply = None
        try:
            while not isinstance(effect := flow.send(reply), Sleep):
                reply = await self._perform(effect)
        except StopIteration as stop:
            result: T = stop.value
            return result
        except BaseException as error:
            ended = self._end(flow, error)
            if ended is error:
                raise
        else:
            return effect
        raise ended

    async def _perform(self, effect: Effect) -> Reply:
        if isinstance(effect, Sleep):
            await self.sleep(effect.seconds)
            return None
        if effect.method == "POST":
            # The row says `sending` by now: its response is needed, whatever else happens.
            return await self.call(effect)
        number, started = await self._begin(), time.perf_counter()
        # A call that stalls gives its place to another one.
        stalled = asyncio.get_running_loop().call_later(STALLED_AFTER, self._next_turn)
        try:
            reply = await self.call(effect)
        finally:
            stalled.cancel()
            del self._begun[number]
            self._next_turn()
        if effect.sink is None:
            self._limit.took(time.perf_counter() - started)
        return reply

    async def _begin(self) -> int:
        """Wait until one more call is worthwhile."""
        first = False  # Who had its turn in vain stays the first.
        while not self.stopping:
            now = time.monotonic()
            if self._limit.allows(self._begun.values(), now):
                number = next(self._numbers)
                self._begun[number] = now
                self._next_turn()  # There may be room for more than one.
                return number
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            (self._turns.appendleft if first else self._turns.append)(turn)
            try:
                await turn
            except BaseException:
                if turn.done() and not turn.cancelled():
                    self._next_turn()
                raise
            first = True
        raise StoppingError

    def _next_turn(self) -> bool:
        """Wake the call that has waited longest; False if none waits."""
        while self._turns:
            turn = self._turns.popleft()
            if not turn.done():
                turn.set_result(None)
                return True
        return False


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
