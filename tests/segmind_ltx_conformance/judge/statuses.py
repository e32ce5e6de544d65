"""Check the statuses: 401 and the scenarios on every route, 404, 406, and a message in every error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, cast

from attrs import evolve

from segmind_ltx_conformance.checks import Finding, Observation
from segmind_ltx_conformance.judge.payloads import accepted, models_without_v2
from segmind_ltx_conformance.judge.request_bodies import Kind
from segmind_ltx_conformance.judge.trace import Request, Trace
from segmind_ltx_conformance.recording import Part
from segmind_ltx_conformance.target import SCENARIO_STATUS

ROUTES: Final = ("v1", "v2", "poll", "result")
RESET_HEADER: Final = "x-rate-limit-reset-at-utc"
_TAG: Final = re.compile(r"<[^>]*>")


def keys(trace: Trace) -> Iterator[Finding]:
    """Check for 401 without a key and with a wrong one, and for the status of each scenario."""
    absent = models_without_v2(trace)
    for request in trace.of(*ROUTES):
        key, status = request.exchange.key, request.status
        if (request.kind == "v2" and request.slug in absent) or _invalid(request):
            continue
        if key in {None, "wrong"}:
            # A request with its key outside the header has a clause of its own.
            elsewhere = key is None and _key_elsewhere(request)
            clause = "auth.only-in-header" if elsewhere else "auth.missing-key" if key is None else "auth.wrong-key"
            through = (clause,) if elsewhere else ()
            yield from _exactly(request, 401, clause, f"{request.kind}.status.401", through=through)
        elif key in SCENARIO_STATUS and request.exchange.method == "POST":
            # What a GET with such a key gets is not documented; `observations` reports it.
            wanted = SCENARIO_STATUS[key]
            yield from _exactly(request, wanted, f"{request.kind}.status.{wanted}")
            if key == "no_credits" and status != 0:
                yield _finding("status.406-is-credits", request, status == 406)
    yield from _messages_differ(trace)


def _exactly(request: Request, wanted: int, *clauses: str, through: tuple[str, ...] = ()) -> Iterator[Finding]:
    if request.status == 0 or (request.status != wanted and not request.answered and not request.keeps_failing):
        yield Finding(clauses[0], request.slug, None, _describe(request), request.indices)
        return
    for clause in clauses:
        found = _finding(clause, request, request.status == wanted, f", but {wanted} is documented")
        yield evolve(found, rests_on=tuple(name for name in through if name != clause))


def _messages_differ(trace: Trace) -> Iterator[Finding]:
    shown = [r for r in trace.of(*ROUTES) if r.status == 401 and r.shows(Part.BODY)]
    refused = [r for r in shown if not _key_elsewhere(r)]
    missing = [r for r in refused if r.exchange.key is None]
    wrong = [r for r in refused if r.exchange.key == "wrong"]
    if missing and wrong:
        differs = {message_of(r) for r in missing}.isdisjoint({message_of(r) for r in wrong})
        detail = f"without a key: {message_of(missing[0])!r}; with a wrong one: {message_of(wrong[0])!r}"
        yield Finding("auth.messages-differ", None, differs, detail, (missing[0].last.index, wrong[0].last.index))


def unknown_models(trace: Trace) -> Iterator[Finding]:
    """Check for 404 if the model does not exist."""
    for request in trace.of("unknown-model"):
        if request.key_works and request.is_json and request.shows(Part.REQUEST_BODY):
            version = request.exchange.path.strip("/").split("/")[-2]
            yield from _exactly(request, 404, "status.unknown-model-is-404", f"{version}.status.404")


def misused_statuses(trace: Trace) -> Iterator[Finding]:
    """Check that no POST is answered with 422, and that no Accept header leads to 406."""
    for request in trace.of("v1", "v2", "unknown-model"):
        if request.key_works and request.status == 422:
            yield _finding("status.no-422-to-a-post", request, False)
        elif request.key_works and request.answered:
            yield _finding("status.no-422-to-a-post", request, True)
    for request in trace.of(*ROUTES):
        if request.key_works and request.wants_other_type and request.answered and not _invalid(request):
            wanted = request.exchange.request_headers.get("accept")
            yield _finding("status.no-406-by-accept", request, request.status != 406, f", with Accept: {wanted}")


def error_messages(trace: Trace) -> Iterator[Finding]:
    """Check that the body of each error has a message."""
    for request in trace.of(*ROUTES, "unknown-model"):
        if request.reads_as_other_account:
            continue
        if (
            400 <= request.status < 600
            and request.shows(Part.BODY)
            and request.status != 422
            and (request.answered or request.exchange.key in SCENARIO_STATUS)
        ):
            message = message_of(request)
            message_part = f": {message[:80]!r}" if message else " with no message"
            yield Finding(
                "transport.error-message",
                request.slug,
                bool(message),
                _describe(request) + message_part,
                request.indices,
            )
        reset = request.exchange.headers.get(RESET_HEADER)
        if reset is not None:
            yield Finding(
                "transport.reset-form", None, _is_a_time(reset), f"{RESET_HEADER}: {reset[:60]}", request.indices
            )


def message_of(request: Request) -> str:
    """Return the message in an error; empty if there is none."""
    value = request.exchange.json
    if isinstance(value, dict):
        given = cast("dict[str, Any]", value)
        texts = [
            str(text).strip() for name, text in given.items() if name not in {"status", "status_code"} and _speaks(text)
        ]
        return "; ".join(texts)
    text = _TAG.sub(" ", request.exchange.body.decode("utf-8", "replace"))
    return (
        " ".join(text.split())
        if re.search(r"\w", text) and value is None
        else str(value or "")
        if isinstance(value, str)
        else ""
    )


def observations(trace: Trace) -> Iterator[Observation]:
    """Report transient faults, and how reads of another account's job are answered."""
    faults = [
        call
        for call in trace.calls
        if call.kind != "other"
        and call.exchange.key in {"valid", "other", "failing"}
        and (call.status in {0, 429} or call.status >= 500)
    ]
    if faults:
        statuses = sorted({call.status for call in faults})
        detail = f"{len(faults)} responses were {', '.join(str(status or 'none') for status in statuses)}"
        yield Observation("passing-faults", None, detail, tuple(call.index for call in faults[:5]))
    for request in trace.of("poll", "result"):
        if request.exchange.key == "other" and request.answered:
            yield Observation(
                "another-account", None, f"a job of another account returned {request.status}", request.indices
            )
    yield from _scenarios_on_reads(trace)
    forms = {
        request.exchange.headers.get("content-type", "none").partition(";")[0]
        for request in trace.of(*ROUTES)
        if request.status >= 400
    }
    if forms:
        yield Observation("error-forms", None, f"errors come as {', '.join(sorted(forms))}")


def _scenarios_on_reads(trace: Trace) -> Iterator[Observation]:
    """Report what a GET gets if a POST with the same key is refused."""
    found: dict[str, list[Request]] = {}
    for request in trace.of("poll", "result"):
        if request.exchange.key in SCENARIO_STATUS:
            found.setdefault(str(request.exchange.key), []).append(request)
    for key, requests in found.items():
        statuses = ", ".join(sorted({str(request.status or "no response") for request in requests}))
        detail = f"a GET with the key of {key} returned {statuses}"
        yield Observation("scenario-on-reads", None, detail, tuple(r.last.index for r in requests[:5]))


def _speaks(value: object) -> bool:
    return bool(value) and not isinstance(value, bool | int | float) and bool(re.search(r"\w", str(value)))


def _is_a_time(text: str) -> bool:
    try:
        return float(text) > 0
    except ValueError:
        try:
            datetime.fromisoformat(text.strip())
        except ValueError:
            return False
        return True


def _invalid(request: Request) -> bool:
    """Return whether the request has, or may have, another fault: the order of the server's checks would decide."""
    if not request.shows(Part.REQUEST_BODY):
        return True
    return request.body is not None and (request.body.kind is not Kind.VALID or not request.is_json)


def _key_elsewhere(request: Request) -> bool:
    return "authorization" in request.exchange.request_headers or "key" in request.exchange.url.partition("?")[2]


def _finding(clause: str, request: Request, holds: bool, more: str = "") -> Finding:
    return Finding(clause, request.slug, holds, _describe(request) + ("" if holds else more), request.indices)


def _describe(request: Request) -> str:
    with_key = {None: "without a key", "valid": "with a valid key"}.get(
        request.exchange.key, f"with the {request.exchange.key} key"
    )
    return f"{request.last.summary} {with_key}: returned {request.status or 'no response'}"


__all__ = ["accepted", "error_messages", "keys", "message_of", "misused_statuses", "observations", "unknown_models"]
