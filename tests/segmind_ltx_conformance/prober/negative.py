"""Invalid payloads: one thing wrong with each, and those that schemathesis draws; with a fuse."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from attrs import define, field, frozen

from segmind_ltx_conformance.payloads import picture_of, refusals
from segmind_ltx_conformance.prober.context import RunContext, accepted
from segmind_ltx_conformance.prober.fuzz import can_draw, drawn_bodies, parameters_at_fault
from segmind_ltx_conformance.prober.options import Options
from segmind_ltx_conformance.prober.packs import models_of
from segmind_ltx_conformance.target import Target
from segmind_ltx_spec import Contract, Model

FUSE: Final = 3
"""After so many acceptances of invalid bodies no more are sent to that route."""
AT_ONCE: Final = 4


@frozen
class Wrong:
    """An invalid body for one route. ``about`` names the clauses that it breaks, or the parameters that are wrong."""

    stage: str
    model: Model
    version: str
    label: str
    about: tuple[str, ...]
    body: Any = field(repr=False)

    @property
    def path(self) -> str:
        """The route."""
        return self.model.v1 if self.version == "v1" else self.model.v2


@define(eq=False)
class Fuse:
    """What was accepted although it is invalid."""

    blown: Counter[tuple[str, str]] = field(factory=Counter[tuple[str, str]])
    seen: set[tuple[str, str]] = field(factory=set[tuple[str, str]])
    lock: threading.Lock = field(factory=threading.Lock, repr=False)

    def why_not(self, one: Wrong) -> str | None:
        """Why this body is not sent any more; None where it may be."""
        with self.lock:
            if self.blown[one.model.slug, one.version] >= FUSE:
                return f"fuse: {one.version} accepted {FUSE} invalid bodies, and is sent no more of them"
            for version, name in self.seen:
                if version == one.version and any(name == about or name.startswith(f"{about}.") for about in one.about):
                    return f"fuse: {version} accepted a body before that breaks {name}"
            return None

    def blow(self, one: Wrong) -> None:
        """It was accepted."""
        with self.lock:
            self.blown[one.model.slug, one.version] += 1
            self.seen.update((one.version, name) for name in one.about)


def wrong_bodies(target: Target, contract: Contract, options: Options) -> Iterator[Wrong]:
    """Every invalid body that is planned."""
    if "valid" not in target.keys:
        return
    picture = target.picture or picture_of(contract)
    for model in models_of(contract, options):
        found = list(_of(model, picture, options, contract))
        for version in ("v2", "v1"):
            yield from (Wrong(stage, model, version, label, about, body) for stage, label, about, body in found)


def _of(
    model: Model, picture: str, options: Options, contract: Contract
) -> Iterator[tuple[str, str, tuple[str, ...], Any]]:
    for one in refusals(model, picture):
        stage = "malformed" if isinstance(one.body, bytes) else "refuse"
        if options.wants(stage):
            yield stage, one.label, (f"{model.slug}.body" if stage == "malformed" else one.clause,), one.body
    if options.wants("bulk") and can_draw():
        for number, body in enumerate(drawn_bodies(contract, model, options.seed, options.bulk)):
            about = tuple(f"{model.slug}.{name}" for name in parameters_at_fault(model, body))
            yield "bulk", f"#{number + 1}", about, body


def refuse(run: RunContext) -> None:
    """Send them all; those of a route one after the other, so that the fuse can act, and the drawn ones last."""
    if run.options.wants("bulk") and not can_draw():
        run.skip("bulk", None, "schemathesis is not installed: python -m pip install 'segmind-ltx[conformance]'")
    fuse = Fuse()
    routes: dict[tuple[str, str], list[Wrong]] = {}
    for one in wrong_bodies(run.target, run.contract, run.options):
        if (one.model.slug, one.version) not in run.closed:
            routes.setdefault((one.model.slug, one.version), []).append(one)
    run.each(routes.values(), lambda group: _group(run, fuse, group), min(AT_ONCE, run.options.jobs))


def _group(run: RunContext, fuse: Fuse, group: list[Wrong]) -> None:
    for one in group:
        if (why := fuse.why_not(one)) is not None:
            run.skip(one.stage, one.model.slug, why)
            continue
        probe = f"{one.stage} {one.version} {one.model.slug} {one.label}"
        got = run.trial(probe, one.path, one.model, one.body, "valid")
        if got is None:
            continue
        if accepted(got):
            fuse.blow(one)
        elif got.status != 400:
            run.unexpected = True


def leave_open(run: RunContext) -> None:
    """A wrong Content-Type, with a body that is invalid anyway: whatever the answer is, nobody pays for it."""
    for model in run.models:
        if run.key and (model.slug, "v2") not in run.closed:
            headers = {"content-type": "text/plain"}
            run.trial(f"open content type {model.slug}", model.v2, model, b"{}", "valid", headers)
        run.skip("open", model.slug, "an unknown parameter and an empty prompt may be accepted, and so billed")
