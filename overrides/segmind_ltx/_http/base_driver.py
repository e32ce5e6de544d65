"""Run flows: make the calls and the sleeps that they ask for.

The API key is added to each call to the API, and to nothing else. It is not a default header of the HTTP client, so
neither a redirect nor an address in a response can carry it to another host. An exception of httpx becomes a plain
`NoResponse` before a flow sees it, so that no exception of the client refers to a frame with headers in it.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import httpx

from segmind_ltx._config import ClientOptions
from segmind_ltx._core.effects import (
    Call,
    Context,
    Flow,
    InterruptedCall,
    NoResponse,
    Response,
    T,
)
from segmind_ltx._core.journal import NOTE_PREFIX, Journal, attach_request_id
from segmind_ltx._http.attempt import AbandonedCallError, Attempt
from segmind_ltx._http.failures import describe_failure, redact
from segmind_ltx._http.hidden import HiddenAddresses
from segmind_ltx._http.reader import ResponseReader
from segmind_ltx._http.told import describe_call
from segmind_ltx.errors import APIConnectionError, ConfigurationError, SegmindLtxError

if TYPE_CHECKING:
    from segmind_ltx._http.async_transport import AsyncTransport
    from segmind_ltx._http.transport import Transport

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


class BaseDriver:
    def __init__(self, transport: Transport | AsyncTransport, options: ClientOptions, journal: Journal) -> None:
        self._line = transport
        self.base_url: str = options.base_url
        self.journal: Journal = journal
        self._key, self._clock, self._headers = options.key, options.clock, options.headers
        self._hidden = HiddenAddresses(options.key)
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

    def _tell(self, call: Call, reply: Response | NoResponse, started: float) -> None:
        """Log a call and its outcome, if somebody listens."""
        if self.context.log.isEnabledFor(logging.DEBUG):
            self.context.log.debug("%s", describe_call(call, reply, self.context.now() - started, self._key))

    def _request(self, call: Call, trace: Callable[..., Any]) -> httpx.Request | NoResponse:
        transport = self._line
        if transport.closed:
            raise ConfigurationError("this client is closed; make a new one")
        timeout = httpx.Timeout(call.read_timeout, connect=min(CONNECT_TIMEOUT, call.read_timeout))
        extensions = {"timeout": timeout.as_dict(), "trace": trace}
        try:
            if call.sink is not None:
                url = httpx.URL(self._hidden.real(call.path))
                headers = DOWNLOAD_HEADERS | (call.resume.headers if call.resume else {})
                # contract: output.without-key, output.other-host
                return transport.request(call.method, url, headers, None, extensions, to_api=False)
            # contract: auth.key-in-header, auth.only-in-header
            # The caller's headers are for the API alone.
            headers = {**(self._headers if call.origin is None else {}), "x-api-key": self._key.reveal()}
            if call.accept is not None and not any(name.lower() == "accept" for name in headers):
                headers["accept"] = call.accept
            url = _parse_url((call.origin or self.base_url) + call.path)
            # contract: *.v1, *.v2, *.route
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

    def _reader(self, call: Call, response: object, started: float) -> ResponseReader:
        if not isinstance(response, httpx.Response):
            raise NoHTTPResponseError(type(response).__name__)
        status: Any = response.status_code
        if not isinstance(status, int):
            raise NoHTTPResponseError(f"a response with the status {status!r}")
        return ResponseReader(call, response, self.context.now, started, self._key, self._hidden)

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
