"""Say which stages of a run test which clause, and why some clauses cannot be tested.

A stage is the first word of an exchange's probe label. ``segmind-ltx conformance --dry-run`` lists the stages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from segmind_ltx_conformance.target import SCENARIO_STATUS
from segmind_ltx_spec import Clause, Contract

STATUS_STAGES: Final = {
    "200": {"accept"},
    "400": {"refuse", "malformed", "bulk"},
    "401": {"missing-key", "wrong-key"},
    "422": {"failing"},
    **{str(status): {"scenario"} for status in SCENARIO_STATUS.values()},
}
KIND_STAGES: Final = {
    "answer": {"alias", "audit", "failing"},
    "header": {"audit", "scenario"},
    "lifecycle": {"alias", "duplicate", "failing"},
    "video": {"accept", "audit", "download"},
    "output": {"accept", "download"},
    "route": {"accept"},
}
ID_STAGES: Final = {
    "auth.key-in-header": {"accept-header"},
    "auth.missing-key": {"missing-key"},
    "auth.wrong-key": {"wrong-key"},
    "auth.messages-differ": {"missing-key", "wrong-key"},
    "auth.only-in-header": {"bearer", "query"},
    "status.invalid-is-400": {"refuse", "bulk"},
    "status.malformed-is-400": {"malformed"},
    "status.unknown-model-is-404": {"unknown-model"},
    "status.422-is-a-failed-job": {"failing", "refuse", "bulk"},
    "status.406-is-credits": {"scenario", "accept-header"},
    "transport.reset-form": {"scenario", "audit"},
    "transport.error-message": {
        "refuse",
        "malformed",
        "missing-key",
        "wrong-key",
        "scenario",
        "unknown-model",
        "unknown-id",
    },
    "transport.v1-bytes-or-json": {"audit"},
    "job.poll-url-works": {"alias", "address"},
    "job.urls-are-its-own": {"alias", "address"},
    "job.failed-is-422": {"failing"},
    "job.failed-has-detail": {"failing"},
    "job.blocked-is-failed": {"failing"},
    "job.unknown-is-404": {"unknown-id"},
    "job.kept-one-hour": {"retention"},
    "job.expired-is-404": {"retention"},
    "output.seven-days": {"download", "retention"},
    "billing.accepted-only": {"audit"},
    "billing.reads-are-free": {"audit"},
    "billing.failed-is-free": {"failing"},
    "billing.no-idempotency": {"duplicate"},
    "video.seed-repeats": {"duplicate", "download"},
    "path.request_id": {"alias"},
}
SINGLE_STAGES: Final = {
    "job.failed-status-is-422": frozenset({"failing"}),
    "job.final": frozenset({"accept", "alias", "failing", "retention"}),
    "status.no-406-by-accept": frozenset({"accept-header"}),
}
"""The stage that a clause needs if it is selected and its kind has others."""
ENOUGH: Final[Mapping[str, frozenset[str]]] = {
    "status.422-is-a-failed-job": frozenset({"accept", "failing", "refuse"}),
    "transport.reset-form": frozenset({"scenario"}),
    "transport.v1-bytes-or-json": frozenset({"accept", "download"}),
    "job.urls-are-its-own": frozenset({"address", "alias"}),
}
"""The stages that suffice if such a clause is selected."""
CONDITIONAL: Final = {
    "blocking-result": "the target answers blocking calls with the video itself",
    "job.blocked-is-failed": "the suite sends nothing that would be blocked",
    "job-metrics.retry_count": "no job was restarted",
    "rate-limited.": "no response was 429",
}
"""Clauses that apply only if a target does something that it need not do, by how their ids begin.

The text says why such a clause was not exercised.
"""


def unmet_condition(clause: Clause) -> str | None:
    """Say why a clause was not exercised if it applies only under a condition; None for any other clause."""
    return next((why for prefix, why in CONDITIONAL.items() if clause.id.startswith(prefix)), None)


def undetectable(clause: Clause, contract: Contract) -> str | None:
    """Say why nothing in a response shows whether a clause holds; None if responses do show it."""
    slug, _, rest = clause.id.partition(".")
    model = contract.models.get(slug)
    if model is None or not rest.endswith(".default"):
        return None
    name = rest.removesuffix(".default")
    shows = {value for rule in model.video.values() for value in rule.values() if isinstance(value, str)}
    if name in shows - {model.video["size"].get("unless")} or name == "seed":
        return None
    return "the effect of this default on the video cannot be measured"


def stages_of(clause: Clause) -> frozenset[str]:
    """Return the stages that test a clause."""
    if clause.id in ID_STAGES:
        return frozenset(ID_STAGES[clause.id])
    head, _, last = clause.id.rpartition(".")
    if head.endswith(".status") and last in STATUS_STAGES:
        return frozenset(STATUS_STAGES[last])
    if head.endswith(".status") and last == "404":
        return frozenset({"unknown-id", "retention"} if head.startswith(("poll", "result")) else {"unknown-model"})
    if clause.kind == "payload":
        return _of_payload(last)
    if clause.id.startswith("error-message"):
        return frozenset({"refuse", "malformed", "missing-key", "wrong-key"})
    return frozenset(KIND_STAGES.get(clause.kind, {"accept"}))


def _of_payload(rule: str) -> frozenset[str]:
    match rule:
        case "required":
            return frozenset({"refuse"})
        case "optional" | "null" | "enum-inferred":
            return frozenset({"accept"})
        case "default" | "random" | "ignored-with-image":
            return frozenset({"accept", "audit", "download"})
        case "body":
            return frozenset({"malformed"})
        case _:
            return frozenset({"accept", "refuse", "bulk"})


def needed_stages(clause: Clause) -> frozenset[str]:
    """Return the stages that a clause needs if it is selected: of those that show it, the cheapest that suffice."""
    stages = stages_of(clause)
    if clause.id in SINGLE_STAGES:
        return SINGLE_STAGES[clause.id]
    if clause.id in ID_STAGES:
        return ENOUGH.get(clause.id, stages)
    if clause.kind in {"answer", "lifecycle"}:
        if clause.id.startswith("failed-job"):
            return frozenset({"failing"})
        return stages if clause.id.startswith("error-message") else frozenset({"accept"})
    if clause.kind == "header":
        return frozenset({"scenario"} if clause.id.startswith("rate-limited") else {"accept"})
    if clause.id.startswith("alias."):
        return frozenset({"alias"})
    return stages - {"audit"}


def stages_for(clauses: Iterable[Clause]) -> frozenset[str]:
    """Return the stages that a selection of clauses needs."""
    return frozenset(stage for clause in clauses for stage in needed_stages(clause))
