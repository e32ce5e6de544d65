"""How far one call has come, and whether it may still begin to send.

"Sent" means that a byte of the request left. httpcore reports each step of a call to a callback, its ``trace``
extension; resolving, connecting, the CONNECT to a proxy, the TLS handshake and waiting for a place in a pool come
before the first byte. So a call that was given up before that byte cannot begin to send afterwards.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from segmind_ltx._core.effects import Call, NoResponse, Response
from segmind_ltx._http.reader import ResponseReader

_STREAM_EVENTS: Final = frozenset({"connect_tcp.complete", "connect_unix_socket.complete", "start_tls.complete"})


class AbandonedCallError(Exception):
    """The call was given up, or its client was closed, before a byte of the request was sent."""


class Attempt:
    """One call on its way. ``may_send`` is asked before the first byte of the request leaves."""

    def __init__(self, call: Call, may_send: Callable[[], bool]) -> None:
        self.call = call
        self.reader: ResponseReader | None = None
        self._may_send, self._lock = may_send, threading.Lock()
        self._abandoned = self._handed_over = self._traced = self._sent = self._uploaded = self._recorded = False
        self._reply: Response | NoResponse | None = None
        self._stream: Any = None

    def hand_over(self) -> None:
        """Note that the transport gets the request now. Raises `AbandonedCallError` if it must not be sent any more."""
        with self._lock:
            self._refuse_if_abandoned()
            self._handed_over = True

    def check(self) -> None:
        """Raise `AbandonedCallError` if a free call was given up; a paid one is read to its end."""
        if self._abandoned and self.call.method != "POST":
            raise AbandonedCallError

    def trace(self, name: str, info: dict[str, Any]) -> None:
        """Take an event of httpcore. Raises `AbandonedCallError` if the request must not be sent any more."""
        self._traced = True
        event = name.partition(".")[2]
        if event == "send_request_headers.started":
            if info["request"].method != b"CONNECT":  # The request to a proxy to open a tunnel.
                with self._lock:
                    self._refuse_if_abandoned()
                    self._sent = True
        elif event == "send_request_headers.failed":
            # h11 refused to build the request.
            if type(info["exception"]).__name__ == "LocalProtocolError":
                self._sent = False
        elif event == "send_request_body.complete":
            self._uploaded = self._sent
        elif event in _STREAM_EVENTS:
            self._stream = info["return_value"]

    async def atrace(self, name: str, info: dict[str, Any]) -> None:
        """Take an event of httpcore, as `trace` does."""
        self.trace(name, info)

    @property
    def sent(self) -> bool | None:
        """Whether a byte of the request may have left; None if the transport does not say."""
        if not self._handed_over:
            return False
        return self._sent if self._traced else None

    def give_up(self) -> bool:
        """Stop the call, and return whether a byte of the request may have left.

        If all of a paid call left, its response is still read; otherwise the connection is cut.
        """
        with self._lock:
            self._abandoned = True
            sent = self.sent
            if sent and not (self._uploaded and self.call.method == "POST"):
                self.cut()
        return sent is not False

    def stop_unsent(self) -> NoResponse | None:
        """Give the call up if no byte of the request has left; None if one may have."""
        with self._lock:
            if self.sent is not False:
                return None
            self._abandoned = True
        return NoResponse("it was interrupted before that", sent=False)

    def cut(self) -> None:
        """Shut the connection down; a thread that waits for it continues with an error."""
        with suppress(Exception):  # The connection may be closed, or of a kind that has no socket.
            # Not the method of an SSLSocket, which would go on in clear.
            socket.socket.shutdown(self._stream.get_extra_info("socket"), socket.SHUT_RDWR)

    @property
    def finished(self) -> bool:
        """Whether the outcome is known."""
        return self._reply is not None

    def finish(self, reply: Response | NoResponse) -> None:
        """Keep the outcome; if the call was given up and that is recorded, pass it on as a late response."""
        with self._lock:
            self._reply = reply
            late = self._abandoned and self._recorded
        if late:
            self._pass_on(reply)

    def recorded(self) -> None:
        """Note that the flow has recorded a failure; from here on a late response adds to that record."""
        with self._lock:
            self._recorded = True
            reply = self._reply
        if reply is not None:
            self._pass_on(reply)

    def outcome(self, reason: str) -> Response | NoResponse:
        """Give the call up, and return what is known of its response so far, else that there is none, and why."""
        sent = self.give_up()
        if self._reply is not None:
            return self._reply
        if self.reader is not None:
            return self.reader.partial(reason)
        return NoResponse(reason, sent=sent)

    def _pass_on(self, reply: Response | NoResponse) -> None:
        if self.call.on_late is not None and isinstance(reply, Response):
            self.call.on_late(reply)

    def _refuse_if_abandoned(self) -> None:
        if self._abandoned or not self._may_send():
            raise AbandonedCallError
