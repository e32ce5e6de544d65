"""Say what a recording does not show. Nothing is judged from a part that is missing."""

from __future__ import annotations

from collections.abc import Iterator

from segmind_ltx_conformance.checks import Observation
from segmind_ltx_conformance.judge.trace import Trace
from segmind_ltx_conformance.recording import Part, Recording

_WORDS = {
    Part.REQUEST_BODY: "without the request's body",
    Part.BODY: "without the response's body",
    Part.KEY: "without the key's header",
}


def missing_parts(recording: Recording) -> str:
    """Say how many exchanges lack which part; empty if none does."""
    every = len(recording.exchanges)
    counts = {part: sum(part in exchange.unknown for exchange in recording.exchanges) for part in Part}
    words = [f"{count} of {every} exchanges are recorded {_WORDS[part]}" for part, count in counts.items() if count]
    if recording.unread:
        words.append(f"{len(recording.unread)} entries cannot be read ({recording.unread[0]})")
    return "; ".join(words)


def observations(trace: Trace) -> Iterator[Observation]:
    """Report how much the recording does not show."""
    if missing := missing_parts(trace.recording):
        places = tuple(index for index, exchange in enumerate(trace.recording.exchanges) if exchange.unknown)
        yield Observation("not-recorded", None, f"{missing}; what depends on that is not judged", places[:5])
