"""The driver of the synchronous client."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakSet

import httpx

from segmind_ltx._config import ClientOptions
from segmind_ltx._core.effects import Call, Effect, Flow, InterruptedCall, NoResponse, Reply, Response, Sink, Sleep, T
from segmind_ltx._core.journal import Journal
from segmind_ltx._http.attempt import Attempt
from segmind_ltx._http.base_driver import GRACE, BaseDriver, strip_traceback
from segmind_ltx._http.deadline import DeadlineExceeded, DeadlineExecutor, InterruptedWork, NoThreadError
from segmind_ltx._http.failures import deadline_words
from segmind_ltx._http.transport import Transport

LATE_LIMIT = 600.0
"""Seconds after which a call that was given up is cut off, even if its response still arrives byte by byte."""


class Closeable(Protocol):
    """An object that uses a driver, and has to be closed before it."""

    def close(self) -> None:
        """Stop using the driver."""
        ...


@dataclass
class _Late:
    """A call that was given up, and the time at which it is cut off."""

    attempt: Attempt
    until: float


class Driver(BaseDriver):
    """Runs flows, and blocks while they sleep."""

    def __init__(self, transport: Transport, options: ClientOptions, journal: Journal) -> None:
        super().__init__(transport, options, journal)
        self._transport = transport
        self._executor = DeadlineExecutor()
        self._late: list[_Late] = []
        self.closeables: WeakSet[Closeable] = WeakSet()

    def run(self, flow: Flow[T]) -> T:
        """Perform each effect of the flow, and return its result."""
        reply: Reply = None
        given_up: list[Attempt] = []
        try:
            while True:
                try:
                    effect = flow.send(reply)
                except StopIteration as stop:
                    result: T = stop.value
                    return result
                reply = self._perform(effect, given_up)
        except InterruptedCall as caught:
            ended = self._end_interrupted(flow, caught)
        except BaseException as error:
            ended = self._end(flow, error)
            if ended is error:
                raise
        finally:
            for attempt in given_up:
                attempt.recorded()
        raise ended

    def _perform(self, effect: Effect, given_up: list[Attempt]) -> Reply:
        if not isinstance(effect, Sleep):
            started = self.context.now()
            reply = self._call_with_deadline(effect, given_up)
            self._tell(effect, reply, started)
            return reply
        self._clock.sleep(effect.seconds)
        return None

    def _call_with_deadline(self, call: Call, given_up: list[Attempt]) -> Response | NoResponse:
        self._cut_off_late()
        attempt = self.attempt(call)

        def work(pass_on: Sink) -> Response | NoResponse:
            return self.call(call if call.sink is None else call._replace(sink=pass_on), attempt)

        paid = call.method == "POST"
        try:
            return self._executor.run(
                work,
                call.limit,
                sink=call.sink or _no_sink,
                grace=GRACE if paid else 0.0,
                stop=attempt.stop_unsent if paid else lambda: None,
            )
        except NoThreadError as error:
            return NoResponse(str(error), sent=False)
        except DeadlineExceeded:
            reply = attempt.outcome(deadline_words(call))
            self._give_up(attempt, given_up)
            return reply
        except InterruptedWork as caught:
            interrupt = caught.interrupt
            reply = attempt.outcome("it was interrupted") if caught.result is None else caught.result
            self._give_up(attempt, given_up)
        if paid:
            raise InterruptedCall(interrupt, reply)
        raise interrupt

    def _give_up(self, attempt: Attempt, given_up: list[Attempt]) -> None:
        if attempt.call.on_late is not None:
            given_up.append(attempt)
        self._late.append(_Late(attempt, time.monotonic() + LATE_LIMIT))

    def _cut_off_late(self) -> None:
        now = time.monotonic()
        for late in [late for late in self._late if late.attempt.finished or now > late.until]:
            late.attempt.cut()
            with suppress(ValueError):  # Another thread has removed it.
                self._late.remove(late)

    def call(self, call: Call, attempt: Attempt | None = None) -> Response | NoResponse:
        """Make one call, without a deadline. Another thread may give the ``attempt`` up meanwhile."""
        attempt = attempt or self.attempt(call)
        try:
            reply = self._call(call, attempt)
        except BaseException as error:
            raise strip_traceback(error)  # noqa: B904 - it is the same one
        attempt.finish(reply)
        return reply

    def _call(self, call: Call, attempt: Attempt) -> Response | NoResponse:
        request = self._request(call, attempt.trace)
        if isinstance(request, NoResponse):
            return request
        started = self.context.now()
        try:
            exchange = self._transport.send(request, attempt.hand_over, to_api=call.sink is None)
        except Exception as error:
            return self._failure(error, attempt)
        try:
            return self._read(call, attempt, exchange.response, started)
        finally:
            with suppress(Exception):  # A failure here must not cost a response that has arrived.
                self._transport.release(exchange)

    def _read(self, call: Call, attempt: Attempt, response: httpx.Response, started: float) -> Response | NoResponse:
        try:
            attempt.check()  # A download that was given up must not touch its file.
            reader = attempt.reader = self._reader(call, response, started)
        except Exception as error:
            return self._failure(error, attempt)
        chunks = response.iter_bytes()
        while reader.unfinished:
            try:
                chunk = next(chunks, None)
            except Exception as error:
                reader.truncated = self._failure(error, attempt).reason
                break
            # Outside the try: if a sink raises, the connection is not to blame.
            if chunk is None or not reader.feed(chunk):
                break
        return reader.response()

    def close(self) -> None:
        """Close the closeables first, since worker pools wait for their submits; then threads and connections."""
        for closeable in list(self.closeables):
            closeable.close()
        self._executor.close()
        self._transport.close()


def _no_sink(_chunk: bytes, _total: int | None) -> None:
    """Take a chunk of a body that is not streamed; there is none."""
