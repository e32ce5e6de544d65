"""Check each field and each header of a response against the contract."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from attrs import evolve
from jsonschema import Draft202012Validator

from segmind_ltx_conformance.bodies import id_in
from segmind_ltx_conformance.checks import Finding, Observation
from segmind_ltx_conformance.judge.jobs import jobs_of, json_object, submits, succeeded
from segmind_ltx_conformance.judge.trace import Request, Trace
from segmind_ltx_conformance.recording import Part
from segmind_ltx_spec import Contract

ERRORS: Final = "ErrorMessage"
FAILED: Final = "FAILED"
SUCCESSES: Final = {"v1": "BlockingResult", "v2": "AcceptedJob", "poll": "JobStatus", "result": "JobResult"}
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s]+")


def schema_for(request: Request) -> str | None:
    """Return the name of the schema for a JSON response, by route and status; None if there is none."""
    status = request.status
    if status >= 400 and status != 422:
        return ERRORS
    if status == 422:
        return "FailedJob" if request.kind in {"poll", "result"} else None
    return SUCCESSES.get(request.kind) if succeeded(status) else None


def fields(trace: Trace) -> Iterator[Finding]:
    """Check every field of every response on a known route."""
    jobs = _models_by_job(trace)
    early = {
        read.request.last.index: job.weakness_of(read) for job in jobs_of(trace) for read in (*job.reads, *job.unclear)
    }
    for request in trace.of("v1", "v2", "poll", "result"):
        title = schema_for(request)
        if (
            title is None
            or not request.shows(Part.BODY)
            or request.reads_as_other_account
            or not (request.key_works or title == ERRORS)
        ):
            continue
        slug = request.slug or jobs.get(request.last.job or "")
        value = request.exchange.json
        through = early.get(request.last.index, ())
        if request.kind == "poll" and (title == "FailedJob" or json_object(request).get("status") == FAILED):
            through = ("job.failed-status-is-422",)
        if not isinstance(value, dict):
            # A blocking call may return a video, and an error may be an HTML page.
            if title not in {"BlockingResult", ERRORS}:
                detail = f"{request.last.summary}: the response is not a JSON object"
                yield Finding(_kebab(title), slug, False, detail, request.indices, through)
            continue
        given = cast("dict[str, Any]", value)
        for finding in _of_object(trace.contract, title, given, request, slug):
            yield evolve(finding, rests_on=through) if through else finding
        named, asked = id_in(given), request.last.job
        if asked is not None and named is not None and title != ERRORS and named != asked:
            detail = f"{request.last.summary}: the response names another job, {_short_repr(named)}"
            yield Finding(f"{_kebab(title)}.request_id", slug, False, detail, request.indices)
    yield from _headers(trace)


def _of_object(
    contract: Contract, title: str, value: Mapping[str, Any], request: Request, slug: str | None
) -> Iterator[Finding]:
    schema, prefix = contract.document["components"]["schemas"][title], _kebab(title)
    summary = request.last.summary
    yield Finding(prefix, slug, True, f"{summary}: an object", request.indices)
    for name in schema.get("required", []):
        # Null is no request id: a caller has nothing to poll with.
        there = name in value and (name != "request_id" or bool(value[name]))
        detail = f"{summary}: {name} is {'there' if there else 'missing'}"
        yield Finding(f"{prefix}.{name}.required", slug, there, detail, request.indices)
    for name, field in schema["properties"].items():
        if name not in value or _null_before_completion(title, name, value):
            continue
        if "$ref" in field:
            inner = field["$ref"].rsplit("/", 1)[-1]
            holds = isinstance(value[name], dict)
            yield Finding(
                f"{prefix}.{name}", slug, holds, f"{summary}: {name} is {_short_repr(value[name])}", request.indices
            )
            if holds:
                yield from _of_object(contract, inner, value[name], request, slug)
            else:
                detail = f"{summary}: {name} is {_short_repr(value[name])}, no object"
                yield Finding(_kebab(inner), slug, False, detail, request.indices)
            continue
        holds = _fits(title, name, value[name], contract)
        yield Finding(
            f"{prefix}.{name}", slug, holds, f"{summary}: {name} is {_short_repr(value[name])}", request.indices
        )


def _null_before_completion(title: str, name: str, value: Mapping[str, Any]) -> bool:
    """Return whether a field is an output that is null because there is none yet."""
    return (
        title == "JobResult"
        and name in {"output", "video"}
        and value[name] is None
        and value.get("status") != "COMPLETED"
    )


def _fits(title: str, name: str, value: Any, contract: Contract) -> bool:
    schema = contract.document["components"]["schemas"][title]["properties"][name]
    if schema.get("format") == "uri" and isinstance(value, str) and _URI.fullmatch(value) is None:
        return False
    # The types of jsonschema refer to a private type that type checkers cannot resolve.
    return bool(Draft202012Validator(schema).is_valid(value))  # pyright: ignore[reportUnknownMemberType]


def _headers(trace: Trace) -> Iterator[Finding]:
    """Check the headers that a response may have."""
    for request in trace.of("v1", "v2", "poll", "result"):
        title = (
            "VideoMade"
            if request.kind == "v1" and request.status == 200
            else "RateLimited"
            if request.status == 429
            else None
        )
        if title is None:
            continue
        for name in trace.contract.document["components"]["responses"][title]["headers"]:
            text = request.exchange.headers.get(name)
            if text is not None:
                schema = trace.contract.at(f"#/components/responses/{title}/headers/{name}/schema")
                detail = f"{request.last.summary}: {name} is {text[:60]!r}"
                yield Finding(
                    f"{_kebab(title)}.{name}", request.slug, _header_fits(text, schema), detail, request.indices
                )


def _header_fits(text: str, schema: Mapping[str, Any]) -> bool:
    if schema["type"] == "string":
        return bool(text.strip())
    try:
        number = int(text) if schema["type"] == "integer" else float(text)
    except ValueError:
        return False
    return bool(schema.get("minimum", number) <= number < float("inf"))


def observations(trace: Trace) -> Iterator[Observation]:
    """Report fields that no page names."""
    extra: dict[str, set[str]] = {}
    for request in trace.of("v2", "poll", "result"):
        title, value = schema_for(request), request.exchange.json
        if title is not None and title != ERRORS and isinstance(value, dict):
            known = trace.contract.document["components"]["schemas"][title]["properties"]
            extra.setdefault(title, set()).update(set(cast("dict[str, Any]", value)) - set(known))
    for title, names in extra.items():
        if names:
            yield Observation("further-fields", None, f"{title} has further fields: {', '.join(sorted(names))}")


def _models_by_job(trace: Trace) -> dict[str, str]:
    """Return the model of each request id whose submit was recorded."""
    found: dict[str, str] = {}
    for name, request in submits(trace):
        if request.slug:
            found[name] = request.slug
    return found


def _kebab(name: str) -> str:
    return re.sub(r"(?<=.)(?=[A-Z])", "-", name).lower()


def _short_repr(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
