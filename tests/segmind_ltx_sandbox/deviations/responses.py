"""Responses: each required field missing, each field null or of a wrong type, from the schemas of the contract."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

from attrs import evolve, frozen

from segmind_ltx_sandbox.deviations.base import Deviation, ResponseChange, changing_responses
from segmind_ltx_sandbox.messages import ApiRequest, ApiResponse
from segmind_ltx_spec import Contract

ERROR_CAUSES: Final = "missing-key unknown-key scenario no-credits no-such-route malformed invalid unknown-request"
Json = dict[str, Any]


@frozen
class Place:
    """Where a schema's objects are: in responses of these causes, on these kinds of route, in this field."""

    causes: str
    kinds: str = "v1 v2 poll result alias other"
    field: str | None = None


PLACES: Final[Mapping[str, Place]] = {
    "AcceptedJob": Place("accepted"),
    "JobStatus": Place("status"),
    "JobResult": Place("result"),
    "FailedJob": Place("failed", "poll result alias"),
    "JobMetrics": Place("status result failed", "poll result alias", "metrics"),
    "VideoFile": Place("result", "result alias", "video"),
    "BlockingResult": Place("generated"),
    "ErrorMessage": Place(ERROR_CAUSES),
}


def responses(contract: Contract) -> Iterator[Deviation]:
    """Yield the deviations of every schema of a response."""
    schemas: dict[str, Json] = contract.document["components"]["schemas"]
    for title, place in PLACES.items():
        schema, prefix = schemas[title], kebab(title)
        for label, value in (("a-list", [{"a": 1}]), ("a-text", "an answer")):
            required = (f"{prefix}.{name}.required" for name in schema.get("required", ()))
            yield Deviation(
                f"answer/{prefix}/{label}",
                (prefix, *required, *_meaning_lost(title, label)),
                f"A response has, instead of {title}, {label.replace('-', ' ')}.",
                changing_responses(_replacing(place, value)),
            )
        for name in schema.get("required", ()):
            yield Deviation(
                f"answer/{prefix}/{name}/missing",
                (f"{prefix}.{name}.required", *_consequences(title, name, "missing")),
                f"{title} has no {name}.",
                changing_responses(_changing(place, _dropping(name))),
            )
        for name, field in schema["properties"].items():
            for label, value in _wrong_values(field):
                yield Deviation(
                    f"answer/{prefix}/{name}/{label}",
                    (f"{prefix}.{name}", *_consequences(title, name, label)),
                    f"{title}: {name} is {label.replace('-', ' ')}.",
                    changing_responses(_changing(place, _setting(name, value))),
                )


def kebab(name: str) -> str:
    """Return the title of a schema as clauses write it."""
    return re.sub(r"(?<=.)(?=[A-Z])", "-", name).lower()


def _meaning_lost(title: str, label: str) -> Iterator[str]:
    """Yield the clauses about what a response says that a list or a text in its place breaks."""
    match title, label:
        case "ErrorMessage", "a-list":  # A text does say something to a reader.
            yield "transport.error-message"
        case "FailedJob", _:
            yield "job.failed-has-detail"
        case "BlockingResult", _:
            yield "transport.v1-bytes-or-json"
        case _:
            return


def _consequences(title: str, name: str, label: str) -> Iterator[str]:
    """Yield the further clauses that such a response breaks."""
    match title, name:
        case "JobStatus" | "JobResult", "status" if label not in {"missing"}:
            yield "job.states"
        case "FailedJob", "status" if label not in {"missing"}:
            yield from ("job.states", "job.blocked-is-failed")
        case "FailedJob", "error" if label in {"missing", "null"}:
            yield "job.failed-has-detail"
        case "JobResult", "output" if label in {"null"}:
            yield "job.completed-has-output"
        case "JobResult", "output":
            yield "output.is-a-video"
        case "ErrorMessage", "error" if label in {"missing", "null", "a-number"}:
            yield "transport.error-message"
        case "AcceptedJob", "request_id" if label in {"null", "empty"}:
            yield "accepted-job.request_id.required"
        case "AcceptedJob", "request_id" if label == "a-number":  # The same one for every job.
            yield "job.id-unique"
        case "AcceptedJob", "status_url" | "response_url" if label == "no-uri":  # It leads nowhere.
            yield "job.urls-are-its-own"
        case _:
            return


def _dropping(name: str) -> Callable[[Json], Json]:
    return lambda found: {key: value for key, value in found.items() if key != name}


def _setting(name: str, value: Any) -> Callable[[Json], Json]:

    def change(found: Json) -> Json:
        # A running job has no output and a failed one no cost. Adding either would break another clause.
        return found if name in {"output", "cost"} and name not in found else {**found, name: value}

    return change


def _replacing(place: Place, value: Any) -> ResponseChange:
    def changed(request: ApiRequest, response: ApiResponse) -> ApiResponse:
        if not _contains(place, request, response):
            return response
        content = value if place.field is None else {**response.content, place.field: value}
        return evolve(response, content=content, media_type="application/json")

    return changed


def _changing(place: Place, change: Callable[[Json], Json]) -> ResponseChange:
    def changed(request: ApiRequest, response: ApiResponse) -> ApiResponse:
        if not _contains(place, request, response):
            return response
        if place.field is None:
            return evolve(response, content=change(response.content))
        return evolve(response, content={**response.content, place.field: change(response.content[place.field])})

    return changed


def _contains(place: Place, request: ApiRequest, response: ApiResponse) -> bool:
    if response.cause not in place.causes.split() or request.kind not in place.kinds.split():
        return False
    # A gateway's page is not an ErrorMessage, and a result without a video has no VideoFile.
    content: object = response.content
    return isinstance(content, dict) and (place.field is None or place.field in content)


def _wrong_values(field: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield wrong values of a field, with labels: null, other types, and values that its keywords forbid."""
    if "$ref" in field:
        yield from (("a-list", [1]), ("a-text", "an object"), ("null", None))
        return
    match field["type"]:
        case "string":
            yield from (("null", None), ("a-number", 7), ("an-object", {"value": "x"}))
        case "integer":
            yield from (("null", None), ("a-text", "seven"), ("a-fraction", 7.5))
        case _:
            yield from (("null", None), ("a-text", "0.5"), ("true", True))
    if "minimum" in field:
        yield "below", cast("int", field["minimum"]) - 1
    if "minLength" in field:
        yield "empty", ""
    if "const" in field:
        yield "another-word", f"NOT_{field['const']}"
    if field.get("format") == "uri":
        yield "no-uri", "videos/1.mp4"
