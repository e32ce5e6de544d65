"""A pack that was refused is taken apart with as few jobs as possible, until it is known what it was refused for."""

from __future__ import annotations

from attrs import evolve

from segmind_ltx_conformance.payloads import OMITTED, Choice, base, body_of, choices
from segmind_ltx_conformance.prober.accept import TAKEN_APART, submit
from segmind_ltx_conformance.prober.context import RunContext, accepted
from segmind_ltx_conformance.prober.packs import Item


def take_apart(run: RunContext, item: Item) -> None:
    """Find what a refused pack was refused for."""
    known = [one for one in item.pack.values() if one in run.culprits]
    if len(item.pack) < 2 or (known and item.version == "v1"):
        run.culprits += [one for one in item.pack.values() if len(item.pack) == 1]
        return
    good = run.good.get((item.model.slug, item.version), [])
    if not good and not _plain(run, item):
        return
    apart = Bisection(run, item)
    rest = apart.suspects(known)
    while rest and not apart.spent:
        # What is known already is left out; perhaps it was all.
        if known and apart.accepts({one.parameter for one in known}):
            return
        if apart.spent or not (cause := apart.cause(rest, known)):
            return
        known.append(cause)
        run.culprits.append(cause)
        rest = apart.suspects(known)


def _plain(run: RunContext, item: Item) -> bool:
    """Whether the least that the model has to be given is accepted: if not, no value is to blame."""
    plain = evolve(item, pack={}, body=base(item.model, run.picture))
    return _sent(run, plain, "plain") is True


def _sent(run: RunContext, item: Item, what: str) -> bool | None:
    """Whether a body is accepted; None where it could not be tried, or the answer tells nothing."""
    hold = run.room(item.model.usd_high)
    if hold is None:
        run.skip("accept", item.model.slug, f"budget: {item.version} pack #{item.number} could not be taken apart")
        return None
    one = submit(run, item, hold, f"accept {item.version} {item.model.slug} #{item.number} {what}")
    if one is None:
        return None
    return True if accepted(one) else False if one.status in TAKEN_APART or one.status >= 500 else None


class Bisection:
    """One pack under suspicion."""

    def __init__(self, run: RunContext, item: Item) -> None:
        self.run, self.item = run, item
        self.spent = False
        self._steps = 0

    def suspects(self, known: list[Choice]) -> list[Choice]:
        """The choices that no accepted body had; where all were on some route, those that none had on this one."""
        slug, version = self.item.model.slug, self.item.version
        here = self.run.good.get((slug, version), [])
        anywhere = here + self.run.good.get((slug, "v1" if version == "v2" else "v2"), [])
        left = [one for one in self.item.pack.values() if one not in known]
        return [one for one in left if one not in anywhere] or [one for one in left if one not in here and not known]

    def cause(self, suspects: list[Choice], known: list[Choice]) -> Choice | None:
        """The choice that it is refused for, by halving; None where that cannot be told."""
        while len(suspects) > 1:
            half = suspects[: len(suspects) // 2]
            verdict = self.accepts({one.parameter for one in (*half, *known)})
            if verdict is None:
                return None
            suspects = half if verdict else suspects[len(half) :]
        return suspects[0]

    def accepts(self, replaced: set[str]) -> bool | None:
        """Whether the pack is accepted with these parameters as they were accepted elsewhere."""
        pack = {name: self._harmless(one) if name in replaced else one for name, one in self.item.pack.items()}
        self._steps += 1
        item = evolve(self.item, pack=pack, body=body_of(self.item.model, pack, self.run.picture))
        verdict = _sent(self.run, item, f"part {self._steps}")
        self.spent = verdict is None
        return verdict

    def _harmless(self, one: Choice) -> Choice:
        """Another value of the same parameter: one that was accepted, or left out, or the first that there is."""
        model, name = self.item.model, one.parameter
        options = choices(model, self.run.picture)[name]
        accepted = [other for other in self._accepted() if other.parameter == name and other != one]
        # In the order of the contract: that of the answers is chance.
        others = [other for other in options if other in accepted] or accepted
        others += [other for other in options if other.value is OMITTED and other != one]
        if name in model.required:
            others.append(Choice(name, base(model, self.run.picture)[name], one.clause))
        return (others or options)[0]

    def _accepted(self) -> list[Choice]:
        slug, version = self.item.model.slug, self.item.version
        return [
            *self.run.good.get((slug, version), []),
            *self.run.good.get((slug, "v1" if version == "v2" else "v2"), []),
        ]
