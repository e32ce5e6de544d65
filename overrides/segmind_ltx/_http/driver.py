"""Run flows: make the calls and the sleeps that they ask for.

The API key is added to each call to the API, and to nothing else. It is not a default header of the HTTP client, so
neither a redirect nor an address in a response can carry it to another host. An exception of httpx becomes a plain
`NoResponse` before a flow sees it, so that no exception of the client refers to a frame with headers in it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol
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
    Sink,
    Sleep,
    T,
)
from segmind_ltx._core.journal import NOTE_PREFIX, Journal, attach_request_id
from segmind_ltx._http.async_transport import AsyncTransport
from segmind_ltx._http.attempt import AbandonedCallError, Attempt
from segmind_ltx._http.deadline import DeadlineExceeded, DeadlineExecutor, InterruptedWork, NoThreadError
from segmind_ltx._http.failures import deadline_words, describe_failure, redact
from segmind_ltx._http.reader import ResponseReader
from segmind_ltx._http.transport import Transport
from segmind_ltx.errors import APIConnectionError, ConfigurationError, SegmindLtxError

CONNECT_TIMEOUT = 10.0
"""Seconds to wait for a connection; nothing has been sent then."""


NOTED = {"segmind_noted": True}
"""The ``extra`` of a log record whose text is also a note on the exception that ends the call."""
GRACE = 10.0
"""Seconds to wait, after an interrupt, for the response to a submit, so that the job's id is known."""
LATE_LIMIT = 600.0
"""Seconds after which a call that was given up is cut off, even if its response still arrives byte by byte."""
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
    def __init__(self, transport: Transport | AsyncTransport, options: ClientOptions, journal: Journal) -> None:
        self._line = transport
        self.base_url: str = options.base_url
        self.journal: Journal = journal
        self._key, self._clock, self._headers = options.key, options.clock, options.headers
        self.context: Context = Context(
            now=options.clock.monotonic,
            time=options.clock.time,
            random=random.random,
            max_retries=options.max_retries,
            max_submit_retries=options.max_submit_retries,
            resend_on=options.resend_on,
            read_timeout=options.read_timeout,
            durations={},
            journal=journal,
            log=options.log,
            base_url=options.base_url,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.base_url}>"

    def attempt(self, call: Call) -> Attempt:
        """Return a new attempt at a call, for `Driver.call`."""
        transport = self._line
        return Attempt(call, lambda: not transport.closed)

    def _request(self, call: Call, trace: Callable[..., Any]) -> httpx.Request | NoResponse:
        transport = self._line
        if transport.closed:
            raise ConfigurationError("this client is closed; make a new one")
        timeout = httpx.Timeout(call.read_timeout, connect=min(CONNECT_TIMEOUT, call.read_timeout))
        extensions = {"timeout": timeout.as_dict(), "trace": trace}
        try:
            if call.sink is not None:
                url = httpx.URL(call.path)
                headers = DOWNLOAD_HEADERS | (call.resume.headers if call.resume else {})
                return transport.request(call.method, url, headers, None, extensions, to_api=False)
            headers = {**self._headers, "x-api-key": self._key.reveal()}
            url = _parse_url(self.base_url + call.path)
            request = transport.request(call.method, url, headers, call.json, extensions, to_api=True)
        except Exception as error:
            # An address in a response may be anything; if no request can be built from it, nothing is sent.
            return NoResponse(redact(f"{type(error).__name__}: {error}", self._key), sent=False)
        length = request.headers.get("content-length", "0")
        if "transfer-encoding" in request.headers or length != str(len(request.content)):
            raise ConfigurationError(
                "your HTTP client sets a content-length or transfer-encoding that does not fit the body of the "
                "request; remove it. Nothing was sent."
            )
        return request

    def _reader(self, call: Call, response: object, begun: float) -> ResponseReader:
        if not isinstance(response, httpx.Response):
            raise NoHTTPResponseError(type(response).__name__)
        return ResponseReader(call, response, self.context.now, begun, self._key)

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

    def _failure(self, error: Exception, attempt: Attempt) -> NoResponse:
        """Return the exception of a transport as a `NoResponse`.

        Raises the client's own exceptions, and `MemoryError`.
        """
        if isinstance(error, SegmindLtxError | MemoryError):
            raise error
        if isinstance(error, AbandonedCallError):
            return NoResponse("it was given up, or the client was closed, before that", sent=False)
        if isinstance(error, NoHTTPResponseError):
            return NoResponse(f"the transport returned {error}, not an httpx.Response", sent=attempt.sent is not False)
        described = describe_failure(error, self._key, uses_httpx_transport=self._line.uses_httpx_transport)
        return described if attempt.sent is None else described._replace(sent=attempt.sent)


class NoHTTPResponseError(Exception):
    """A transport returned an object of another class, which is named."""


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
            return self._call_with_deadline(effect, given_up)
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
        begun = self.context.now()
        try:
            exchange = self._transport.send(request, attempt.hand_over, to_api=call.sink is None)
            attempt.check()  # A download that was given up must not touch its file.
            reader = self._reader(call, exchange.response, begun)
        except Exception as error:
            return self._failure(error, attempt)
        try:
            attempt.reader = reader
            chunks = exchange.response.iter_bytes()
            while reader.unfinished:
                try:
                    chunk = next(chunks, None)
                except Exception as error:
                    reader.truncated = self._failure(error, attempt).reason
                    break
                # Outside the try: if a sink raises, the connection is not to blame.
                if chunk is None or not reader.feed(chunk):
                    break
        finally:
            with suppress(Exception):  # A failure here must not cost a response that has arrived.
                self._transport.release(exchange)
        return reader.response()

    def close(self) -> None:
        """Close the closeables first, since worker pools wait for their submits; then threads and connections."""
        for closeable in list(self.closeables):
            closeable.close()
        self._executor.close()
        self._transport.close()


def _no_sink(_chunk: bytes, _total: int | None) -> None:
    """Take a chunk of a body that is not streamed; there is none."""
