"""Check that the target accepts what the documents allow and refuses what they forbid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from segmind_ltx_conformance.checks import Finding, Observation
from segmind_ltx_conformance.judge.request_bodies import Kind, choices_in
from segmind_ltx_conformance.judge.trace import Request, Trace
from segmind_ltx_spec import Model, clauses_by_id

Choice = tuple[str, str]
VERSIONS: Final = ("v2", "v1")
"""In the order in which a prober sends them: what the first shows helps to judge the second."""


def accepted(request: Request) -> bool:
    """Return whether a POST was accepted, and is billed."""
    return 200 <= request.status < 300


def refusals(trace: Trace) -> Iterator[Finding]:
    """Check that each forbidden body was refused, and with 400."""
    absent = models_without_v2(trace)
    for request in trace.of("v1", "v2"):
        body = request.body
        if body is None or not request.key_works or not request.is_json or body.kind in {Kind.VALID, Kind.OPEN}:
            continue
        if request.kind == "v2" and request.slug in absent:
            continue
        detail = f"{request.last.summary}: {'; '.join(body.whys)}: returned {request.status}"
        status = "status.malformed-is-400" if body.kind is Kind.MALFORMED else "status.invalid-is-400"
        # If only weaker clauses forbid the body, so does the verdict about its refusal.
        through = _weaker_only(trace, body.violated)
        if request.status == 0 or (not request.answered and not request.keeps_failing):
            why = f"{detail}, after {len(request.calls)} attempts"
            yield Finding(status, request.slug, None, why, request.indices, through)
            continue
        if accepted(request):
            # If a body has several faults, the response does not show which of them the server missed.
            clause = body.violated[0] if len(body.violated) == 1 else status
            for broken in {clause, status} if body.kind is Kind.MALFORMED else {clause}:
                yield Finding(broken, request.slug, False, detail, request.indices, through)
            continue
        if len(body.violated) == 1:
            yield Finding(body.violated[0], request.slug, True, detail, request.indices, through)
        right = request.status == 400
        yield Finding(status, request.slug, right, detail, request.indices, through)
        yield Finding(f"{request.kind}.status.400", request.slug, right, detail, request.indices, through)


def _weaker_only(trace: Trace, violated: Sequence[str]) -> tuple[str, ...]:
    """Return a weaker clause that the fault rests on, if no violated clause is documented without it.

    If some values of a list are inferred, a value that is not printed may be one of those that the page hides.
    """
    known = clauses_by_id(trace.contract)
    weaker = [f"{name}-inferred" if f"{name}-inferred" in known else name for name in violated]
    return () if any(known[name].grade == "D" for name in weaker) else tuple(weaker[:1])


def models_without_v2(trace: Trace) -> set[str]:
    """Return the models whose v2 route is not on the five pages and answers valid requests with 404."""
    optional = {model.slug for model in trace.contract.models.values() if model.v2_source.grade != "D"}
    tried = [r for r in trace.of("v2") if r.is_valid and r.slug in optional]
    return {str(r.slug) for r in tried if r.status == 404} - {str(r.slug) for r in tried if accepted(r)}


def accepted_bodies(trace: Trace) -> Iterator[Finding]:
    """Check that each allowed body was accepted. A refusal is blamed on the values that no accepted body had."""
    absent = models_without_v2(trace)
    for model in trace.contract.models.values():
        known: set[Choice] = set()
        for version in VERSIONS:
            if version == "v2" and model.slug in absent:
                continue
            tried = [r for r in trace.of(version) if r.slug == model.slug and _counts_as_valid(r)]
            yield from _of_version(model, version, tried, known)


def _counts_as_valid(request: Request) -> bool:
    if request.body is None or not request.key_works or not request.is_json:
        return False
    if request.status == 406 and request.wants_other_type:
        return False  # It may have been refused for its Accept header; `statuses` judges that.
    # A body that the documents leave open counts only if it is accepted.
    return request.body.kind is Kind.VALID or (request.body.kind is Kind.OPEN and accepted(request))


def _of_version(model: Model, version: str, tried: Sequence[Request], known: set[Choice]) -> Iterator[Finding]:
    good = [r for r in tried if accepted(r)]
    accepted_choices: dict[Choice, str] = {}
    for request in good:
        yield Finding(f"{model.slug}.{version}", model.slug, True, request.last.summary, request.indices)
        detail = f"{request.last.summary}: accepted with {request.status}"
        yield Finding(f"{version}.status.200", model.slug, request.status == 200, detail, request.indices)
        yield Finding("auth.key-in-header", model.slug, True, request.last.summary, request.indices)
        for choice, clause in choices_in(model, _value(request)).items():
            accepted_choices[choice] = clause
            yield Finding(clause, model.slug, True, f"{_describe(choice)} was accepted", request.indices)
    refused = [r for r in tried if not accepted(r)]
    unclear = [r for r in refused if not (r.answered or (r.keeps_failing and good))]
    for request in unclear:
        detail = f"{request.last.summary}: returned {request.status or 'no response'} {len(request.calls)} times"
        yield Finding(f"{model.slug}.{version}", model.slug, None, detail, request.indices)
    refused = [r for r in refused if r not in unclear]
    if refused and not good:
        yield from _all_refused(model, version, refused)
        return
    yield from _blame(model, version, refused, accepted_choices, known)


def _all_refused(model: Model, version: str, refused: Sequence[Request]) -> Iterator[Finding]:
    for request in refused:
        detail = f"{request.last.summary}: a valid request returned {request.status}, like every other one"
        yield Finding(_misused(model, version, request.status), model.slug, False, detail, request.indices)


def _misused(model: Model, version: str, status: int) -> str:
    """Return the clause that a server breaks if it answers a valid request with ``status``."""
    if status in {400, 403, 406}:
        # The pages say what the status means, and the request gives no cause for it.
        return f"{version}.status.{status}"
    return "auth.key-in-header" if status == 401 else f"{model.slug}.{version}"


def _blame(
    model: Model, version: str, refused: Sequence[Request], accepted_choices: dict[Choice, str], known: set[Choice]
) -> Iterator[Finding]:
    suspects = {r.last.index: {c for c in choices_in(model, _value(r)) if c not in accepted_choices} for r in refused}
    known |= {next(iter(found)) for found in suspects.values() if len(found) == 1}
    unexplained = [found for found in suspects.values() if not found & known]
    common = set[Choice].intersection(*unexplained) if unexplained else set[Choice]()
    if len(common) == 1 and len(unexplained) > 1:
        known |= common  # This value alone would explain every refusal.
    for request in refused:
        clauses, found = choices_in(model, _value(request)), suspects[request.last.index]
        causes = found & known
        if request.status == 400 or request.keeps_failing or causes:
            detail = f"{request.last.summary}: returned {request.status}"
        else:
            detail = f"{request.last.summary}: a valid request returned {request.status}"
        if causes:
            for choice in sorted(causes):
                blamed = f"{detail} with {_describe(choice)}, which is allowed"
                yield Finding(clauses[choice], model.slug, False, blamed, request.indices)
        else:
            names = (
                ", ".join(_describe(choice) for choice in sorted(found))
                or "a combination of values that are each accepted"
            )
            clause = _misused(model, version, request.status)
            yield Finding(clause, model.slug, False, f"{detail}; the cause is one of: {names}", request.indices)
            for choice in sorted(found):
                blamed = f"{_describe(choice)} was in a refused request, together with other values"
                yield Finding(clauses[choice], model.slug, None, blamed, request.indices)


def observations(trace: Trace) -> Iterator[Observation]:
    """Report how the target treats payloads that the documents leave open."""
    for slug in sorted(models_without_v2(trace)):
        seen = [r.last.index for r in trace.of("v2") if r.slug == slug and r.is_valid]
        yield Observation("v2-not-offered", slug, "the model is offered only under v1", tuple(seen[:1]))
    for request in trace.of("v1", "v2"):
        if request.key_works and request.body is not None and request.body.kind is Kind.OPEN and request.answered:
            taken = "accepted" if accepted(request) else f"returned {request.status}"
            detail = f"{request.last.summary} with {_left_open(request)}: {taken}"
            yield Observation("left-open", request.slug, detail, request.indices)


def _left_open(request: Request) -> str:
    """Describe the part of a body that the documents neither allow nor forbid."""
    model, value = request.last.model, _value(request)
    if model is None:
        return "a body"
    inferred = [
        _describe(choice) for choice, clause in choices_in(model, value).items() if clause.endswith("-inferred")
    ]
    unknown = [f"the unknown {name}" for name in value if name not in model.parameters]
    return ", ".join(inferred + unknown) or "values that no page mentions"


def _value(request: Request) -> dict[str, object]:
    return {} if request.body is None else dict(request.body.value)


def _describe(choice: Choice) -> str:
    name, value = choice
    return f"{name} {value}" if value == "left out" else f"{name} = {value[:80]}"
