"""How far a call has come: what counts as sent, what a given-up call may still do, and who gets a late response."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import httpcore
import pytest

from segmind_ltx._core.effects import Call, NoResponse, Response
from segmind_ltx._http.attempt import AbandonedCallError, Attempt

OK = Response(200, {}, b"{}")


class Peer(NamedTuple):
    """The two ends of a connection."""

    ours: socket.socket
    theirs: socket.socket

    def get_extra_info(self, name: str) -> socket.socket | None:
        return self.ours if name == "socket" else None

    @property
    def cut(self) -> bool:
        """Whether the other end sees the end of the connection."""
        try:
            return self.theirs.recv(1) == b""
        except BlockingIOError:
            return False


@pytest.fixture
def peer() -> Iterator[Peer]:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    with ours, theirs:
        yield Peer(ours, theirs)


def attempt(method: str = "POST", *, open_: bool = True, late: list[Response] | None = None) -> Attempt:
    on_late = None if late is None else late.append
    return Attempt(Call(method, "/v2/ltx-video", 1.0, on_late=on_late), lambda: open_)


def begin(one: Attempt, method: bytes = b"POST") -> None:
    one.trace("http11.send_request_headers.started", {"request": httpcore.Request(method, "https://api.test/")})


def test_sent_before_the_transport_has_it() -> None:
    """Nothing was sent as long as the transport has not got the request, whatever it says of other requests."""
    one = attempt()
    assert one.sent is False
    begin(one)
    assert one.sent is False


def test_sent_is_unknown_without_a_trace() -> None:
    """A transport of the caller's may not say when it sends."""
    one = attempt()
    one.hand_over()
    assert one.sent is None


def test_sent_with_the_first_header() -> None:
    """A request is sent from its first header on; connecting and asking a proxy for a tunnel are not sending."""
    one = attempt()
    one.hand_over()
    one.trace("connection.connect_tcp.started", {})
    assert one.sent is False
    begin(one, b"CONNECT")
    assert one.sent is False
    begin(one)
    assert one.sent is True


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (httpcore.LocalProtocolError("bad header"), False),
        (OSError("cut"), True),
    ],
)
def test_sent_unless_it_could_not_be_built(error: Exception, sent: bool) -> None:
    """If the headers could not be written down nothing left; if the connection broke, something may have."""
    one = attempt()
    one.hand_over()
    begin(one)
    one.trace("http11.send_request_headers.failed", {"exception": error})
    assert one.sent is sent


def test_given_up_call_cannot_begin_to_send() -> None:
    """It is refused when the transport is to get it, and again before its first byte."""
    one, other = attempt(), attempt()
    assert one.give_up() is False
    with pytest.raises(AbandonedCallError):
        one.hand_over()
    other.hand_over()
    other.trace("connection.connect_tcp.started", {})
    assert other.give_up() is False
    with pytest.raises(AbandonedCallError):
        begin(other)
    assert other.sent is False


def test_closed_client_cannot_begin_to_send() -> None:
    """A client that was closed meanwhile sends nothing."""
    with pytest.raises(AbandonedCallError):
        attempt(open_=False).hand_over()


@pytest.mark.parametrize(
    ("method", "uploaded", "cut"),
    [("POST", True, False), ("POST", False, True), ("GET", True, True), ("GET", False, True)],
)
def test_give_up_cuts_what_nobody_reads(peer: Peer, method: str, uploaded: bool, cut: bool) -> None:
    """The response to a paid request that has left as a whole is still read; any other connection is cut."""
    one = attempt(method)
    one.hand_over()
    one.trace("connection.connect_tcp.complete", {"return_value": peer})
    begin(one)
    if uploaded:
        one.trace("http11.send_request_body.complete", {})
    assert one.give_up() is True
    assert peer.cut is cut


def test_give_up_counts_a_silent_transport_as_sent() -> None:
    """If nothing says that no byte has left, one may have."""
    one = attempt()
    one.hand_over()
    assert one.give_up() is True


def test_body_of_a_tunnel_is_not_the_request(peer: Peer) -> None:
    """A body counts as uploaded only after the request's own headers."""
    one = attempt()
    one.hand_over()
    one.trace("connection.connect_tcp.complete", {"return_value": peer})
    begin(one, b"CONNECT")
    one.trace("http11.send_request_body.complete", {})
    begin(one)
    assert one.give_up() is True
    assert peer.cut


def test_cut_ends_the_newest_stream(peer: Peer) -> None:
    """TLS replaces the stream below it; a stream without a socket is left alone."""
    one = attempt()
    one.trace("connection.connect_tcp.complete", {"return_value": object()})
    one.cut()
    one.trace("connection.start_tls.complete", {"return_value": peer})
    assert not peer.cut
    one.cut()
    assert peer.cut


def test_stop_unsent_only_before_the_first_byte() -> None:
    """An interrupt stops a call that has not begun; one that may have begun goes on."""
    fresh, silent, sent = attempt(), attempt(), attempt()
    assert fresh.stop_unsent() == NoResponse("it was interrupted before that", sent=False)
    with pytest.raises(AbandonedCallError):
        fresh.hand_over()
    silent.hand_over()
    assert silent.stop_unsent() is None
    sent.hand_over()
    begin(sent)
    assert sent.stop_unsent() is None
    begin(sent)  # It was not given up.


def test_free_call_that_was_given_up_is_not_read() -> None:
    """A paid one is read to its end, since its id is needed."""
    free, paid, running = attempt("GET"), attempt(), attempt("GET")
    free.give_up()
    paid.give_up()
    with pytest.raises(AbandonedCallError):
        free.check()
    paid.check()
    running.check()


@pytest.mark.parametrize("recorded_first", [True, False])
def test_late_response_is_passed_on_once(recorded_first: bool) -> None:
    """It is passed on after its failure was recorded, whichever of the two comes first."""
    late: list[Response] = []
    one = attempt(late=late)
    one.give_up()
    steps: list[Callable[[], object]] = [one.recorded, lambda: one.finish(OK)]
    for step in steps if recorded_first else reversed(steps):
        assert late == []
        step()
    assert late == [OK]
    assert one.finished


def test_response_in_time_is_not_late() -> None:
    """A call that was not given up has no late response, and what is no response is none either."""
    late: list[Any] = []
    in_time, lost, unheard = attempt(late=late), attempt(late=late), attempt()
    in_time.finish(OK)
    lost.give_up()
    lost.recorded()
    lost.finish(NoResponse("cut", sent=True))
    unheard.give_up()
    unheard.recorded()
    unheard.finish(OK)
    assert late == []


def test_outcome_of_a_given_up_call() -> None:
    """It is the response if that has arrived, else that there is none, and whether something was sent."""
    done, unsent, sent = attempt(), attempt(), attempt()
    assert not done.finished
    done.finish(OK)
    assert done.outcome("too late") == OK
    assert unsent.outcome("too late") == NoResponse("too late", sent=False)
    sent.hand_over()
    begin(sent)
    assert sent.outcome("too late") == NoResponse("too late", sent=True)


def test_outcome_has_the_part_that_arrived() -> None:
    """Of a response that is being read, what is there so far is the outcome."""

    class Reader:
        def partial(self, reason: str) -> Response:
            return Response(200, {}, b'{"request_id"', reason)

    one = attempt()
    vars(one)["reader"] = Reader()
    assert one.outcome("too late") == Response(200, {}, b'{"request_id"', "too late")
