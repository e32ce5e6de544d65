"""What the contract says of one model, in the terms of a page, each statement with its grade."""

from __future__ import annotations

import re
from typing import Any, Final

from attrs import frozen

from segmind_ltx_spec.clauses import clauses_by_id
from segmind_ltx_spec.contract import Contract, Json, Model, Source
from segmind_ltx_spec.pages.meaning import NOTHING

RETENTION_CLAUSE: Final = "job.kept-one-hour"
HOURS: Final = {"one": 1, "a": 1, "an": 1, "two": 2, "three": 3, "six": 6, "twelve": 12}

STATUS_OF_FAILED: Final = "#/components/responses/JobFailed"
STATUS_OF_UNKNOWN: Final = "#/components/responses/UnknownRequest"


@frozen
class Stated:
    """A value of the contract and the grade of the statement."""

    value: Any
    grade: str


@frozen
class ExpectedParameter:
    """One parameter as the contract has it. A field is `NOTHING` if the contract does not say it."""

    name: str
    grade: str
    required: bool
    type: str
    null: bool
    default: Any
    examples: tuple[Any, ...]
    allowed: tuple[Any, ...] | None
    inferred: tuple[Any, ...]
    between: tuple[Any, Any] | None


def parameter(model: Model, name: str) -> ExpectedParameter:
    """Return what the contract says of a parameter."""
    schema: Json = model.parameters[name]
    source: Json = schema["x-source"]
    types: list[str] = [schema["type"]] if isinstance(schema["type"], str) else list(schema["type"])
    kinds = [one for one in types if one != "null"]
    kind = kinds[0] if kinds else "null"
    if kind == "array":
        kind = f"{schema.get('items', {}).get('type', 'object')}[]"
    form = f" ({schema['format']})" if "format" in schema else ""
    limits = (schema.get("minimum"), schema.get("maximum"))
    return ExpectedParameter(
        name=name,
        grade=source["grade"],
        required=name in model.required,
        type=kind + form,
        null="null" in types,
        default=schema.get("default", NOTHING),
        examples=tuple(schema.get("examples", ())),
        allowed=tuple(schema["enum"]) if "enum" in schema else None,
        inferred=tuple(source.get("inferred", ())),
        between=None if limits == (None, None) else limits,
    )


def latency(model: Model) -> Stated:
    """Return the usual time in seconds."""
    return Stated(model.seconds, _about(model, "latency").grade)


def price(model: Model) -> Stated:
    """Return the lowest and the highest price in USD."""
    return Stated((model.usd_low, model.usd_high), _about(model, "price").grade)


def _about(model: Model, part: str) -> Source:
    return Source.of(model.schema["x-model"][part], f"{model.slug}: {part}")


def route(contract: Contract, path: str) -> Stated:
    """Return a POST path with the grade of its operation."""
    return Stated(path, Source.of(contract.document["paths"][path]["post"], path).grade)


def job_routes(contract: Contract) -> tuple[str, ...]:
    """Return the paths with which a job is read."""
    return tuple(path for path, method, _ in contract.operations() if method == "get" and not path.startswith("/v1/"))


def statuses(contract: Contract, model: Model) -> dict[int, Stated]:
    """Return the statuses other than 200 that the blocking call may be answered with."""
    found: dict[int, Stated] = {}
    responses: Json = contract.document["paths"][model.v1]["post"]["responses"]
    for status, response in responses.items():
        target: Json = contract.at(response["$ref"]) if "$ref" in response else response
        if status not in {"200", "default"}:
            found[int(status)] = Stated(int(status), Source.of(target, status).grade)
    return found


def job_status(contract: Contract, component: str) -> int | None:
    """Return the status with which a component's response is sent when a job is read."""
    for _, method, operation in contract.operations():
        for status, response in operation["responses"].items():
            if method == "get" and response.get("$ref") == component:
                return int(status)
    return None


def states(contract: Contract) -> dict[str, str]:
    """Return the states of a job, each with its grade."""
    schemas: Json = contract.document["components"]["schemas"]
    live: Json = schemas["JobStatus"]["properties"]["status"]
    failed: Json = schemas["FailedJob"]["properties"]["status"]
    found = {name: Source.of(live, "JobStatus.status").grade for name in live["enum"]}
    return {**found, failed["const"]: Source.of(failed, "FailedJob.status").grade}


def accepted_fields(contract: Contract) -> tuple[str, ...]:
    """Return the fields that the answer to a submit must have."""
    return tuple(contract.document["components"]["schemas"]["AcceptedJob"]["required"])


def retention(contract: Contract) -> Stated | None:
    """Return for how many seconds a result can be read; the contract says it in a clause."""
    clause = clauses_by_id(contract).get(RETENTION_CLAUSE)
    seconds = None if clause is None else seconds_in(clause.statement)
    return None if clause is None or seconds is None else Stated(seconds, clause.grade)


def seconds_in(text: str) -> int | None:
    """Return the length of time that a phrase such as "1 hour" names, in seconds."""
    units = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
    found = re.search(rf"\b(\d+|{'|'.join(HOURS)}) (second|minute|hour|day|week)s?\b", text)
    if found is None:
        return None
    return units[found[2]] * (int(found[1]) if found[1].isdigit() else HOURS[found[1]])
