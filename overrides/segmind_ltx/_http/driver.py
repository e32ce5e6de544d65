"""Run flows: make the calls and the sleeps that they ask for.

The API key is added to each call to the API, and to nothing else. It is not a default header of the HTTP client, so
neither a redirect nor an address in a response can carry it to another host. An exception of httpx becomes a plain
`NoResponse` before a flow sees it, so that no exception of the client refers to a frame with headers in it.
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
from segmind_ltx._core.journal import NOTE_PREFIX, Journal, attach_request_id
from segmind_ltx._http.async_transport import AsyncTransport
from segmind_ltx._http.deadline import DeadlineExecutor
from segmind_ltx._http.failures import deadline_exceeded, describe_failure, redact
from segmind_ltx._http.reader import ResponseReader
from segmind_ltx._http.transport import Transport
from segmind_ltx.errors import APIConnectionError, ConfigurationError, SegmindLtxError

CONNECT_TIMEOUT = 10.0
"""Seconds to wait for a connection; nothing has been sent then."""


NOTED = {"segmind_noted": True}
"""The ``extra`` of a log record whose text is also a note on the exception that ends the call."""
GRACE = 10.0
"""Seconds to wait, after an interrupt, for the response to a submit, so that the job's id is known."""
DOWNLOAD_HEADERS = {"accept-encoding": "identity"}
"""The headers of a call to another host."""


def strip_traceback(error: BaseException) -> BaseException:
    """Return an interrupt, a cancellation or a bug without its traceback: the frames of httpx contain the key."""
    error.__context__ = None
    return error.with_traceback(None)


_parse_url = lru_cache(maxsize=1024)(httpx.URL)
"""A cached parser: the same few addresses recur, and httpx takes as long to parse one as for the rest of a call."""


class Closeable(Protocol):
    """An object that uses a driver, and has to be closed before it."""

    def close(self) -> None:
        """Stop using the driver."""
        ...


class BaseDriver:
    def __init__(self, options: ClientOptions, journal: Journal) -> None:
        self.base_url: str = options.base_url
        self.journal: Journal = journal
        self._key, self._clock, self._headers = options.key, options.clock, options.headers
        self.context: Context = Context(
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

    def _request(self, transport: Transport | AsyncTransport, call: Call) -> httpx.Request | NoResponse:
        if transport.closed:
            raise ConfigurationError("this client is closed; make a new one")
        timeout = httpx.Timeout(call.read_timeout, connect=min(CONNECT_TIMEOUT, call.read_timeout))
        try:
            if call.sink is not None:
                headers = DOWNLOAD_HEADERS | (call.resume.headers if call.resume else {})
                return transport.request(call.method, httpx.URL(call.path), headers, None, timeout, to_api=False)
            headers = {**self._headers, "x-api-key": self._key.reveal()}
            url = _parse_url(self.base_url + call.path)
            return transport.request(call.method, url, headers, call.json, timeout, to_api=True)
        except (httpx.InvalidURL, ValueError) as error:
            # An address in a response may be anything; if no request can be built from it, nothing is sent.
            return NoResponse(redact(f"{type(error).__name__}: {error}", self._key), sent=False)

    def _end(self, flow: Flow[T], error: BaseException) -> BaseException:
        """Let the flow add what it knows about the job to the exception that ends it, and return the exception."""
        if getattr(flow, "gi_frame", None) is not None:
            try:
                flow.throw(error)
            except BaseException as raised:
                error = raised
        # A cancellation or an interrupt may be swallowed by a timeout, a task group or the caller, with its notes.
        for note in getattr(error, "__notes__", ()):
            if note.startswith(NOTE_PREFIX):
                self.context.log.warning("%s", note.removeprefix(NOTE_PREFIX), extra=NOTED)
        return error

    def _end_interrupted(self, flow: Flow[T], interrupted: InterruptedCall) -> BaseException:
        """Pass the late response to the flow, then return the interrupt to re-raise."""
        interrupt, reply = interrupted.interrupt, interrupted.reply
        try:
            if isinstance(reply, NoResponse) and not reply.sent:
                flow.throw(APIConnectionError(f"the call was not sent: {reply.reason}. Nothing is billed."))
            else:
                flow.send(reply)
        except StopIteration as stop:
            request_id = stop.value if isinstance(stop.value, str) else getattr(stop.value, "request_id", None)
            if request_id is not None:
                attach_request_id(interrupt, request_id)
        except SegmindLtxError as error:
            interrupt.add_note(f"{NOTE_PREFIX}{error}")
        return self._end(flow, interrupt)

    def _failure(self, transport: Transport | AsyncTransport, error: Exception) -> NoResponse:
        """Return the exception of a transport as a `NoResponse`.

        Raises the client's own exceptions, and `MemoryError`.
        """
        if isinstance(error, SegmindLtxError | MemoryError):
            raise error
        return describe_failure(error, self._key, uses_httpx_transport=transport.uses_httpx_transport)


class Driver(BaseDriver):
    """Runs flows, and blocks while they sleep."""

    def __init__(self, transport: Transport, options: ClientOptions, journal: Journal) -> None:
        super().__init__(options, journal)
        self._transport = transport
        self._executor: DeadlineExecutor | None = None
        self.closeables: WeakSet[Closeable] = WeakSet()

    def run(self, flow: Flow[T]) -> T:
        """Perform each effect of the flow, and return its result."""
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
            ended = self._end_interrupted(flow, caught)
        except BaseException as error:
            ended = self._end(flow, error)
            if ended is error:
                raise
        raise ended

    def _perform(self, effect: Effect) -> Reply:
        if not isinstance(effect, Sleep):
            return self._call_with_deadline(effect)
        self._clock.sleep(effect.seconds)
        return None

    def call(self, call: Call) -> Response | NoResponse:
        """Make one call, without a deadline."""
        try:
            return self._call(call)
        except BaseException as error:
            raise strip_traceback(error)  # noqa: B904 - it is the same one

    def _call(self, call: Call) -> Response | NoResponse:
        request = self._request(self._transport, call)
        if isinstance(request, NoResponse):
            return request
        begun = self.context.now()
        try:
            exchange = self._transport.send(request, to_api=call.sink is None)
        except Exception as error:
            return self._failure(self._transport, error)
        try:
            reader = ResponseReader(call, exchange.response, self.context.now, begun)
            chunks = exchange.response.iter_bytes()
            while reader.truncated is None:
                try:
                    chunk = next(chunks, None)
                except Exception as error:
                    reader.truncated = self._failure(self._transport, error).reason
                    break
                # Outside the try: if a sink raises, the connection is not to blame.
                if chunk is None or not reader.feed(chunk):
                    break
        finally:
            with suppress(Exception):  # A failure here must not cost a response that has arrived.
                self._transport.release(exchange)
        return reader.response(self._key)

    def close(self) -> None:
        """Close the closeables first, since worker pools wait for their submits; then threads and connections."""
        for closeable in list(self.closeables):
            closeable.close()
        if self._executor is not None:
            self._executor.close()
        self._transport.close()

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
