"""Find out why a pack was refused, with as few accepted jobs as possible."""

from __future__ import annotations

from attrs import evolve

from segmind_ltx_conformance.payloads import OMITTED, Choice, base, body_of, choices
from segmind_ltx_conformance.prober.accept import BODY_REFUSALS, submit
from segmind_ltx_conformance.prober.context import RunContext, accepted
from segmind_ltx_conformance.prober.packs import Item


def find_cause(run: RunContext, item: Item) -> None:
    """Find the values for which a refused pack was refused."""
    known = [choice for choice in item.pack.values() if choice in run.causes]
    if run.options.clauses is not None and len(item.pack) == 1:
        # Nothing else was sent that could show that the value is to blame.
        Bisection(run, item).accepts(set(item.pack))
    if len(item.pack) < 2 or (known and item.version == "v1"):
        run.causes += [choice for choice in item.pack.values() if len(item.pack) == 1]
        return
    good = run.accepted_choices.get((item.model.slug, item.version), [])
    if not good and not _minimum_is_accepted(run, item):
        return
    bisection = Bisection(run, item)
    rest = bisection.suspects(known)
    while rest and not bisection.spent:
        # Replace the known causes first; they may explain the whole refusal.
        if known and bisection.accepts({choice.parameter for choice in known}):
            return
        if bisection.spent or not (cause := bisection.cause(rest, known)):
            return
        known.append(cause)
        run.causes.append(cause)
        rest = bisection.suspects(known)


def _minimum_is_accepted(run: RunContext, item: Item) -> bool:
    """Return whether the minimal body is accepted; if it is not, no single value is the cause."""
    plain = evolve(item, pack={}, body=base(item.model, run.picture))
    return _submit_variant(run, plain, "plain") is True


def _submit_variant(run: RunContext, item: Item, what: str) -> bool | None:
    """Return whether a body is accepted; None if it could not be sent or the response does not decide it."""
    reservation = run.room(item.model.usd_high)
    if reservation is None:
        reason = f"budget: {item.version} pack #{item.number} was refused, and there is no room to find the cause"
        run.skip("accept", item.model.slug, reason)
        return None
    exchange = submit(run, item, reservation, f"accept {item.version} {item.model.slug} #{item.number} {what}")
    if exchange is None:
        return None
    return True if accepted(exchange) else False if exchange.status in BODY_REFUSALS or exchange.status >= 500 else None


class Bisection:
    """The search for the cause of one refused pack."""

    def __init__(self, run: RunContext, item: Item) -> None:
        self.run, self.item = run, item
        self.spent = False
        self._steps = 0

    def suspects(self, known: list[Choice]) -> list[Choice]:
        """Return the choices that no accepted body had.

        If every choice was accepted on one of the two routes, return those that were not accepted on this route.
        """
        slug, version = self.item.model.slug, self.item.version
        here = self.run.accepted_choices.get((slug, version), [])
        anywhere = here + self.run.accepted_choices.get((slug, "v1" if version == "v2" else "v2"), [])
        left = [choice for choice in self.item.pack.values() if choice not in known]
        return [choice for choice in left if choice not in anywhere] or [
            choice for choice in left if choice not in here and not known
        ]

    def cause(self, suspects: list[Choice], known: list[Choice]) -> Choice | None:
        """Return the choice that causes the refusal, found by halving; None if the search cannot decide."""
        while len(suspects) > 1:
            half = suspects[: len(suspects) // 2]
            verdict = self.accepts({choice.parameter for choice in (*half, *known)})
            if verdict is None:
                return None
            suspects = half if verdict else suspects[len(half) :]
        return suspects[0]

    def accepts(self, replaced: set[str]) -> bool | None:
        """Return whether the pack is accepted if these parameters get values that were accepted elsewhere."""
        pack = {
            name: self._replacement(choice) if name in replaced else choice for name, choice in self.item.pack.items()
        }
        self._steps += 1
        item = evolve(self.item, pack=pack, body=body_of(self.item.model, pack, self.run.picture))
        verdict = _submit_variant(self.run, item, f"part {self._steps}")
        self.spent = verdict is None
        return verdict

    def _replacement(self, choice: Choice) -> Choice:
        """Return another value of the same parameter: an accepted one, or left out, or the first listed."""
        model, name = self.item.model, choice.parameter
        options = choices(model, self.run.picture)[name]
        accepted = [other for other in self._accepted() if other.parameter == name and other != choice]
        # Use the order of the contract: the order of the responses is random.
        others = [other for other in options if other in accepted] or accepted
        others += [other for other in options if other.value is OMITTED and other != choice]
        if name in model.required:
            others.append(Choice(name, base(model, self.run.picture)[name], choice.clause))
        return (others or options)[0]

    def _accepted(self) -> list[Choice]:
        slug, version = self.item.model.slug, self.item.version
        return [
            *self.run.accepted_choices.get((slug, version), []),
            *self.run.accepted_choices.get((slug, "v1" if version == "v2" else "v2"), []),
        ]
