"""Whether what the documents allow was accepted, and what they forbid refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from segmind_ltx_conformance.checks import Finding, Observation
from segmind_ltx_conformance.judge.request_bodies import Kind, choices_of
from segmind_ltx_conformance.judge.trace import Request, Trace
from segmind_ltx_spec import Model

Choice = tuple[str, str]
VERSIONS: Final = ("v2", "v1")
"""In the order in which a prober sends them, so that what is known from the first helps with the second."""


def accepted(request: Request) -> bool:
    """Whether a POST was accepted, and so is billed."""
    return 200 <= request.status < 300


def refusals(trace: Trace) -> Iterator[Finding]:
    """Of what is forbidden: was it refused at all, and with 400?"""
    absent = not_offered(trace)
    for request in trace.of("v1", "v2"):
        body = request.body
        if body is None or not request.works or not request.is_json or body.kind in {Kind.VALID, Kind.OPEN}:
            continue
        if request.kind == "v2" and request.slug in absent:
            continue
        said = f"{request.last.where}: {'; '.join(body.whys)}: answered {request.status}"
        status = "status.malformed-is-400" if body.kind is Kind.MALFORMED else "status.invalid-is-400"
        if request.status == 0 or (not request.answered and not request.keeps_failing):
            yield Finding(status, request.slug, None, f"{said}, after {len(request.calls)} attempts", request.indices)
            continue
        if accepted(request):
            # With several things wrong nobody can say which of them went unseen.
            clause = body.violated[0] if len(body.violated) == 1 else status
            for broken in {clause, status} if body.kind is Kind.MALFORMED else {clause}:
                yield Finding(broken, request.slug, False, said, request.indices)
            continue
        if len(body.violated) == 1:
            yield Finding(body.violated[0], request.slug, True, said, request.indices)
        right = request.status == 400
        yield Finding(status, request.slug, right, said, request.indices)
        yield Finding(f"{request.kind}.status.400", request.slug, right, said, request.indices)


def not_offered(trace: Trace) -> set[str]:
    """The models whose v2 route answers 404 to valid requests and is on no page among the five."""
    optional = {model.slug for model in trace.contract.models.values() if model.v2_source.grade != "D"}
    tried = [r for r in trace.of("v2") if r.proper and r.slug in optional]
    return {str(r.slug) for r in tried if r.status == 404} - {str(r.slug) for r in tried if accepted(r)}


def acceptances(trace: Trace) -> Iterator[Finding]:
    """Of what is allowed: was it accepted? What was refused is blamed on the values that nothing else exonerates."""
    absent = not_offered(trace)
    for model in trace.contract.models.values():
        known: set[Choice] = set()
        for version in VERSIONS:
            if version == "v2" and model.slug in absent:
                continue
            tried = [r for r in trace.of(version) if r.slug == model.slug and _takes_part(r)]
            yield from _of_version(model, version, tried, known)


def _takes_part(request: Request) -> bool:
    if request.body is None or not request.works or not request.is_json:
        return False
    # What the documents leave open tells something where it is accepted, and nothing where it is refused.
    return request.body.kind is Kind.VALID or (request.body.kind is Kind.OPEN and accepted(request))


def _of_version(model: Model, version: str, tried: Sequence[Request], known: set[Choice]) -> Iterator[Finding]:
    good = [r for r in tried if accepted(r)]
    innocent: dict[Choice, str] = {}
    for request in good:
        yield Finding(f"{model.slug}.{version}", model.slug, True, request.last.where, request.indices)
        said = f"{request.last.where}: accepted with {request.status}"
        yield Finding(f"{version}.status.200", model.slug, request.status == 200, said, request.indices)
        yield Finding("auth.key-in-header", model.slug, True, request.last.where, request.indices)
        for choice, clause in choices_of(model, _value(request)).items():
            innocent[choice] = clause
            yield Finding(clause, model.slug, True, f"{_told(choice)} was accepted", request.indices)
    refused = [r for r in tried if not accepted(r)]
    unclear = [r for r in refused if not (r.answered or (r.keeps_failing and good))]
    for request in unclear:
        said = f"{request.last.where}: answered {request.status or 'not at all'} {len(request.calls)} times"
        yield Finding(f"{version}.status.200", model.slug, None, said, request.indices)
    refused = [r for r in refused if r not in unclear]
    if refused and not good:
        yield from _all_refused(model, version, refused)
        return
    yield from _blamed(model, version, refused, innocent, known)


def _all_refused(model: Model, version: str, refused: Sequence[Request]) -> Iterator[Finding]:
    for request in refused:
        said = f"{request.last.where}: a valid request was answered {request.status}, and so was every other one"
        clause = {401: "auth.key-in-header", 404: f"{model.slug}.{version}"}.get(
            request.status, f"{version}.status.200"
        )
        yield Finding(clause, model.slug, False, said, request.indices)


def _blamed(
    model: Model, version: str, refused: Sequence[Request], innocent: dict[Choice, str], known: set[Choice]
) -> Iterator[Finding]:
    suspects = {r.last.index: {c for c in choices_of(model, _value(r)) if c not in innocent} for r in refused}
    known |= {next(iter(found)) for found in suspects.values() if len(found) == 1}
    unexplained = [found for found in suspects.values() if not found & known]
    common = set[Choice].intersection(*unexplained) if unexplained else set[Choice]()
    if len(common) == 1 and len(unexplained) > 1:
        known |= common  # The one value that would explain every refusal.
    for request in refused:
        clauses, found = choices_of(model, _value(request)), suspects[request.last.index]
        culprits = found & known
        if request.status == 400 or request.keeps_failing or culprits:
            said = f"{request.last.where}: answered {request.status}"
        else:
            said = f"{request.last.where}: a valid request was answered {request.status}"
        if culprits:
            for choice in sorted(culprits):
                told = f"{said} with {_told(choice)}, which is allowed"
                yield Finding(clauses[choice], model.slug, False, told, request.indices)
        else:
            names = (
                ", ".join(_told(choice) for choice in sorted(found)) or "a combination of values that are each accepted"
            )
            yield Finding(
                f"{version}.status.200", model.slug, False, f"{said}; refused was one of: {names}", request.indices
            )
            for choice in sorted(found):
                told = f"{_told(choice)} stood in a request that was refused, beside other values"
                yield Finding(clauses[choice], model.slug, None, told, request.indices)


def observations(trace: Trace) -> Iterator[Observation]:
    """What the documents leave open about payloads."""
    for slug in sorted(not_offered(trace)):
        seen = [r.last.index for r in trace.of("v2") if r.slug == slug and r.proper]
        yield Observation("v2-not-offered", slug, "the model is offered under v1 alone", tuple(seen[:1]))
    for request in trace.of("v1", "v2"):
        if request.works and request.body is not None and request.body.kind is Kind.OPEN and request.answered:
            taken = "accepted" if accepted(request) else f"answered {request.status}"
            said = f"{request.last.where} with {_left_open(request)}: {taken}"
            yield Observation("left-open", request.slug, said, request.indices)


def _left_open(request: Request) -> str:
    """What of a body the documents neither allow nor forbid."""
    model, value = request.last.model, _value(request)
    if model is None:
        return "a body"
    inferred = [_told(choice) for choice, clause in choices_of(model, value).items() if clause.endswith("-inferred")]
    unknown = [f"the unknown {name}" for name in value if name not in model.parameters]
    return ", ".join(inferred + unknown) or "values that no page speaks of"


def _value(request: Request) -> dict[str, object]:
    return {} if request.body is None else dict(request.body.value)


def _told(choice: Choice) -> str:
    name, value = choice
    return f"{name} {value}" if value == "left out" else f"{name} = {value[:80]}"
