"""The two drivers: they do what flows ask for, one with `httpx.Client`, one with `httpx.AsyncClient`.

The key is put on each call to the API, and on nothing else: it is no default header of the HTTP client, so neither
a redirect nor an address taken from an answer can carry it away. What httpx raises becomes a plain `NoResponse` before
a flow sees it, so that no frame with headers in it hangs on an exception of ours.
"""

from __future__ import annotations

import random
from contextlib import suppress
from functools import lru_cache, partial
from typing import Protocol
from weakref import WeakSet

import httpx

from segmind_ltx._config import ClientOptions
from segmind_ltx._core.effects import (
    Call,
    Context,
    Effect,
    Flow,
    InterruptedCall,
    NoResponse,
    Reply,
    Response,
    Sleep,
    T,
)
from segmind_ltx._core.journal import Journal
from segmind_ltx._http.async_transport import AsyncTransport
from segmind_ltx._http.deadline import DeadlineExecutor
from segmind_ltx._http.failures import deadline_exceeded, describe_failure, redact
from segmind_ltx._http.reader import ResponseReader
from segmind_ltx._http.transport import Transport
from segmind_ltx.errors import ConfigurationError, SegmindLtxError

CONNECT_TIMEOUT = 10.0
"""Seconds to find a connection; nothing has been sent then."""


GRACE = 10.0
"""Seconds for which the answer to a submit is still awaited after an interrupt, so that the job's id is known."""
PLAIN = {"accept-encoding": "identity"}
"""What goes along with a call to another host."""


def strip_traceback(error: BaseException) -> BaseException:
    """An interrupt, a cancellation or a bug without the frames that it came through: those of httpx hold the key."""
    error.__context__ = None
    return error.with_traceback(None)


_parsed = lru_cache(maxsize=1024)(httpx.URL)
"""The same few addresses are called again and again, and httpx takes as long to parse one as for all the rest."""


class Closeable(Protocol):
    """Something that works through a driver, and has to end before the driver is closed."""

    def close(self) -> None:
        """End the work."""
        ...


class BaseDriver:
    def __init__(self, options: ClientOptions, journal: Journal) -> None:
        self.base_url: str = options.base_url
        self.journal: Journal = journal
        self._key, self._clock, self._headers = options.key, options.clock, options.headers
        self.env: Context = Context(
            now=options.clock.monotonic,
            time=options.clock.time,
            random=random.random,
            max_retries=options.max_retries,
            max_submit_retries=options.max_submit_retries,
            read_timeout=options.read_timeout,
            durations={},
            journal=journal,
            log=options.log,
            base_url=options.base_url,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.base_url}>"

    def _request(self, line: Transport | AsyncTransport, call: Call) -> httpx.Request | NoResponse:
        if line.closed:
            raise ConfigurationError("this client is closed; make a new one")
        timeout = httpx.Timeout(call.read_timeout, connect=min(CONNECT_TIMEOUT, call.read_timeout))
        try:
            if call.sink is not None:
                return line.request(call.method, httpx.URL(call.path), PLAIN, None, timeout, to_api=False)
            headers = {**self._headers, "x-api-key": self._key.reveal()}
            if call.accept is not None and not any(name.lower() == "accept" for name in headers):
                headers["accept"] = call.accept
            url = _parsed(self.base_url + call.path)
            return line.request(call.method, url, headers, call.json, timeout, to_api=True)
        except (httpx.InvalidURL, ValueError) as error:
            # An address out of an answer may be anything; what cannot be built is not sent.
            return NoResponse(redact(f"{type(error).__name__}: {error}", self._key), sent=False)

    def _fault(self, line: Transport | AsyncTransport, error: Exception) -> NoResponse:
        """What a line raised, in words. Our own exceptions say it themselves, and a full memory is nobody's fault."""
        if isinstance(error, SegmindLtxError | MemoryError):
            raise error
        return describe_failure(error, self._key, uses_httpx_transport=line.uses_httpx_transport)


class Driver(BaseDriver):
    """Runs flows, and waits where they say so."""

    def __init__(self, line: Transport, options: ClientOptions, journal: Journal) -> None:
        super().__init__(options, journal)
        self._line = line
        self._executor: DeadlineExecutor | None = None
        self.closeables: WeakSet[Closeable] = WeakSet()

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
                reply = self._perform(effect)
        except InterruptedCall as caught:
            late = caught
        except BaseException as error:
            if getattr(flow, "gi_frame", None) is not None:
                flow.throw(error)  # An interrupt: the flow adds what it knows of the job, and lets it pass.
            raise
        interrupt = self._finish_interrupted(flow, late)
        flow.throw(interrupt)
        raise interrupt

    def _perform(self, effect: Effect) -> Reply:
        if not isinstance(effect, Sleep):
            return self._call_with_deadline(effect)
        self._clock.sleep(effect.seconds)
        return None

    def _finish_interrupted(self, flow: Flow[T], late: InterruptedCall) -> BaseException:
        """The interrupt, once the flow knows of the answer that came after it."""
        try:
            flow.send(late.reply)
        except StopIteration:
            pass
        except SegmindLtxError as error:
            late.interrupt.add_note(f"segmind-ltx: {error}")
        return late.interrupt

    def call(self, call: Call) -> Response | NoResponse:
        """Make one call, however long it takes in all."""
        try:
            return self._call(call)
        except BaseException as error:
            raise strip_traceback(error)  # noqa: B904 - it is the same one

    def _call(self, call: Call) -> Response | NoResponse:
        request = self._request(self._line, call)
        if isinstance(request, NoResponse):
            return request
        begun = self.env.now()
        try:
            exchange = self._line.send(request, to_api=call.sink is None)
        except Exception as error:
            return self._fault(self._line, error)
        try:
            intake = ResponseReader(call, exchange.response, self.env.now, begun)
            chunks = exchange.response.iter_bytes()
            while intake.truncated is None:
                try:
                    chunk = next(chunks, None)
                except Exception as error:
                    intake.truncated = self._fault(self._line, error).reason
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
        for crew in list(self.closeables):
            crew.close()
        if self._executor is not None:
            self._executor.close()
        self._line.close()

    def _call_with_deadline(self, call: Call) -> Response | NoResponse:
        if call.deadline is None:
            return self.call(call)
        if self._executor is None:
            self._executor = DeadlineExecutor()
        grace = GRACE if call.method == "POST" else 0.0
        try:
            return self._executor.run(partial(self.call, call), call.deadline, grace)
        except TimeoutError:
            return deadline_exceeded(call)
