"""Send invalid payloads: one fault each, and generated ones. A fuse stops them once a route accepts some."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, cast

from attrs import define, field, frozen

from segmind_ltx_conformance.payloads import example_picture, refusals
from segmind_ltx_conformance.prober.context import RunContext, accepted
from segmind_ltx_conformance.prober.fuzz import can_generate, invalid_bodies, parameters_at_fault
from segmind_ltx_conformance.prober.options import Options
from segmind_ltx_conformance.prober.packs import models_of
from segmind_ltx_conformance.prober.selection import body_filter
from segmind_ltx_conformance.target import Target
from segmind_ltx_spec import Contract, Model

FUSE: Final = 3
"""After a route accepted this many invalid bodies, it gets no more."""
MAX_CONCURRENT: Final = 4
RANKS: Final = ("documented", "undocumented route", "inferred")
"""The order of invalid bodies: forbidden by the five pages, on a route that none of them names, or by an inference."""


@frozen
class InvalidBody:
    """An invalid body for one route. ``about`` names the clauses that it breaks, or the wrong parameters."""

    stage: str
    model: Model
    version: str
    label: str
    about: tuple[str, ...]
    body: Any = field(repr=False)
    inferred: str | None = None
    """The inference that alone forbids it: null where no page prints it, or a value that a page may have left out."""

    @property
    def rank(self) -> int:
        """The place in `RANKS`."""
        weak = self.version == "v2" and self.model.v2_source.grade != "D"
        return RANKS.index("inferred" if self.inferred else "undocumented route" if weak else "documented")

    @property
    def path(self) -> str:
        """The path of the route."""
        return self.model.v1 if self.version == "v1" else self.model.v2


@define(eq=False)
class Fuse:
    """Count accepted invalid bodies, each of which may be billed, and stop similar ones."""

    acceptances: Counter[tuple[str, str]] = field(factory=Counter[tuple[str, str]])
    inferred: dict[str, str] = field(factory=dict[str, str])
    """The label of an accepted body for each inference: one is enough for the whole run."""
    seen: set[tuple[str, str]] = field(factory=set[tuple[str, str]])
    lock: threading.Lock = field(factory=threading.Lock, repr=False)

    def reason_to_stop(self, body: InvalidBody) -> str | None:
        """Say why this body is not sent; None if it may be sent."""
        with self.lock:
            if body.inferred is not None:
                accepted_one = self.inferred.get(body.inferred)
                return f"fuse: {accepted_one} was accepted, and nothing like it is sent" if accepted_one else None
            if self.acceptances[body.model.slug, body.version] >= FUSE:
                return f"fuse: {body.version} accepted {FUSE} invalid bodies, and is sent no more"
            for version, name in self.seen:
                if version == body.version and any(
                    name == about or name.startswith(f"{about}.") for about in body.about
                ):
                    return f"fuse: {version} already accepted a body that breaks {name}"
            return None

    def count_acceptance(self, body: InvalidBody) -> None:
        """Record that this body was accepted."""
        with self.lock:
            if body.inferred is not None:
                self.inferred[body.inferred] = body.label
                return
            self.acceptances[body.model.slug, body.version] += 1
            self.seen.update((body.version, name) for name in body.about)


def planned_invalid_bodies(target: Target, contract: Contract, options: Options) -> Iterator[InvalidBody]:
    """Yield every invalid body of the selected stages."""
    if "valid" not in target.keys:
        return
    picture = target.picture or example_picture(contract)
    models = models_of(contract, options)
    needed = None if options.clauses is None else body_filter(contract, options.clauses, models)
    for model in models:
        found = list(_of(model, picture, options, contract))
        for version in ("v2", "v1"):
            sent: Counter[str] = Counter()
            for stage, label, about, body in found:
                if needed is None or needed(stage, model.slug, version, about, sent[stage]):
                    sent[stage] += 1
                    yield InvalidBody(stage, model, version, label, about, body, _inference(model, about, body))


def _inference(model: Model, about: tuple[str, ...], body: Any) -> str | None:
    """Return the inference that alone forbids a body, or None if a page forbids it."""
    found: set[str] = set()
    for clause in about if isinstance(body, dict) else ():
        name = clause.removeprefix(f"{model.slug}.").partition(".")[0]
        given: Any = cast("dict[str, Any]", body).get(name, ...)
        hidden = isinstance(given, str) and bool(model.parameters.get(name, {}).get("x-source", {}).get("inferred"))
        if given is not None and not hidden:
            return None
        found.add("null" if given is None else "a value that is not printed")
    return min(found, default=None)


def _of(
    model: Model, picture: str, options: Options, contract: Contract
) -> Iterator[tuple[str, str, tuple[str, ...], Any]]:
    for refusal in refusals(model, picture):
        stage = "malformed" if isinstance(refusal.body, bytes) else "refuse"
        if options.wants(stage):
            yield (
                stage,
                refusal.label,
                (f"{model.slug}.body" if stage == "malformed" else refusal.clause,),
                refusal.body,
            )
    if options.wants("bulk") and can_generate():
        for number, body in enumerate(invalid_bodies(contract, model, options.seed, options.bulk)):
            about = tuple(f"{model.slug}.{name}" for name in parameters_at_fault(model, body))
            yield "bulk", f"#{number + 1}", about, body


def refuse(run: RunContext) -> None:
    """Send the invalid bodies of each route one after the other, generated ones last, so that the fuse can act."""
    if run.options.wants("bulk") and not can_generate():
        run.skip("bulk", None, "schemathesis is not installed: python -m pip install '.[conformance]' in a checkout")
    fuse = Fuse()
    bodies = list(planned_invalid_bodies(run.target, run.contract, run.options))
    # Each acceptance may be billed and leave no room for the others, so what the pages forbid most clearly comes first.
    for rank in range(len(RANKS)):
        routes: dict[tuple[str, str], list[InvalidBody]] = {}
        for body in bodies:
            if body.rank == rank and (body.model.slug, body.version) not in run.missing_routes:
                routes.setdefault((body.model.slug, body.version), []).append(body)
        width = min(MAX_CONCURRENT, run.options.jobs) if RANKS[rank] != "inferred" else 1
        run.each(routes.values(), lambda group: _group(run, fuse, group), width)


def _group(run: RunContext, fuse: Fuse, group: list[InvalidBody]) -> None:
    for body in group:
        if (why := fuse.reason_to_stop(body)) is not None:
            run.skip(body.stage, body.model.slug, why)
            continue
        probe = f"{body.stage} {body.version} {body.model.slug} {body.label}"
        got = run.trial(probe, body.path, body.model, body.body, "valid")
        if got is None:
            continue
        if accepted(got):
            fuse.count_acceptance(body)
        elif got.status != 400:
            run.unexpected = True


def probe_open_cases(run: RunContext) -> None:
    """Send a wrong Content-Type with a body that is invalid anyway, so that it is never billed."""
    for model in run.models:
        if run.key and (model.slug, "v2") not in run.missing_routes:
            headers = {"content-type": "text/plain"}
            run.trial(f"open content type {model.slug}", model.v2, model, b"{}", "valid", headers)
        run.skip("open", model.slug, "an unknown parameter and an empty prompt may be accepted, and so billed")
