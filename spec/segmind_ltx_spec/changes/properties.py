"""Rules for the properties of an object: which there are, which are required, and in which order they stand.

The order is no matter of JSON, but it is the order of the arguments of the generated constructors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from segmind_ltx_spec.changes.collect import (
    BREAKING,
    BY_HAND,
    COMPATIBLE,
    NONE,
    Collector,
    Flow,
)
from segmind_ltx_spec.changes.document import At
from segmind_ltx_spec.changes.effects import Effect, Use, in_words, of_schema
from segmind_ltx_spec.changes.normal import Shape, constraints, shape
from segmind_ltx_spec.changes.verdicts import Verdicts
from segmind_ltx_spec.parameter_names import refusal

Walk = Callable[[At, At, Use], None]

SCALARS = frozenset({"string", "integer", "number", "boolean"})
SHIFTED = "The arguments of the generated constructor stand in another order."


class _Sides(NamedTuple):
    found: Collector
    old: Shape
    new: Shape
    use: Use

    def before(self, name: str) -> At:
        return self.found.old.child(self.old.keywords["properties"], name)

    def after(self, name: str) -> At:
        return self.found.new.child(self.new.keywords["properties"], name)


def compare_properties(found: Collector, old: Shape, new: Shape, use: Use, walk: Walk) -> None:
    """Judge properties that came, went, were renamed, became required or optional, or changed places."""
    sides = _Sides(found, old, new, use)
    renamed = _renames(sides)
    gone = [name for name in old.properties if name not in new.properties and name not in renamed]
    more = [name for name in new.properties if name not in old.properties and name not in renamed.values()]
    common = [name for name in old.properties if name in new.properties]
    for name, other in renamed.items():
        _renamed(sides, name, other)
        walk(sides.before(name), sides.after(other), use.inside)
    for name in gone:
        _removed(sides, name)
    for name in more:
        _added(sides, name, common)
    for name in common:
        needed = use.flow is Flow.REQUEST and name in new.required
        walk(sides.before(name), sides.after(name), use.inside._replace(needed=needed))
    handled = {*gone, *more, *renamed, *renamed.values()}
    _required(sides, handled, common)
    _order(sides, common)


def _renames(sides: _Sides) -> dict[str, str]:
    """Pair properties that went with such as came, if they say the same; the position settles who is whom."""
    old, new, found = sides.old, sides.new, sides.found
    gone = [name for name in old.properties if name not in new.properties]
    more = [name for name in new.properties if name not in old.properties]
    pairs: dict[str, str] = {}
    for name in gone:
        same = [
            other
            for other in more
            if other not in pairs.values()
            and (name in old.required) == (other in new.required)
            and constraints(found.old, sides.before(name)) == constraints(found.new, sides.after(other))
        ]
        place = list(old.properties).index(name)
        at_place = [other for other in same if list(new.properties).index(other) == place]
        if at_place or (len(same) == 1 and len(gone) == 1):
            pairs[name] = (at_place or same)[0]
    return pairs


def _renamed(sides: _Sides, name: str, other: str) -> None:
    verdicts = Verdicts(BREAKING, BREAKING, BREAKING)
    if sides.use.flow is Flow.UNUSED:
        verdicts = Verdicts(python=BREAKING)
    elif sides.use.flow is Flow.RESPONSE and other not in sides.new.required:
        verdicts = verdicts._replace(server=COMPATIBLE)  # Nothing says that it has to be sent.
    words = f"{name} is called {other} now."
    # The previous client sends the old name alone.
    upgrade = sides.use.flow is Flow.REQUEST and other in sides.new.required
    pair = sides.before(name), sides.after(other)
    sides.found.emit("property-renamed", *pair, verdicts, words, values=(name, other), upgrade=upgrade)


def _removed(sides: _Sides, name: str) -> None:
    if sides.use.flow is Flow.UNUSED:
        verdicts, words = Verdicts(python=BREAKING), "No operation uses it."
    elif sides.use.flow is Flow.REQUEST:
        verdicts = Verdicts(BREAKING, BREAKING, COMPATIBLE)
        words = "Callers that give it are no longer understood; the client refuses it."
    else:
        verdicts = Verdicts(BREAKING, BREAKING, COMPATIBLE)
        words = "Callers that read it no longer find it; the generated class loses the attribute."
    sides.found.emit("property-removed", sides.before(name), None, verdicts, words)


def _added(sides: _Sides, name: str, common: Sequence[str]) -> None:
    required = name in sides.new.required
    if sides.use.flow is Flow.UNUSED:
        verdicts, words = Verdicts(python=COMPATIBLE), "No operation uses it."
    elif sides.use.flow is Flow.REQUEST:
        verdicts = Verdicts(BREAKING, BREAKING, BREAKING) if required else Verdicts(COMPATIBLE, COMPATIBLE, BREAKING)
        words = "Requests without it are refused." if required else "It may be left out; old servers do not know it."
        if sides.use.request and (why := _unfit(sides, name)):
            words += f" The client cannot be generated with it: {why}."
            verdicts = verdicts if required else verdicts._replace(python=BY_HAND)
    else:
        closed = sides.old.get("additionalProperties") is False
        verdicts = Verdicts(BREAKING if closed else COMPATIBLE, COMPATIBLE, BREAKING if required else COMPATIBLE)
        words = "Callers may read more." if not closed else "Callers were told to expect nothing more."
    if not _kept(sides, [*common, name], sides.new.required if required else sides.old.required, common):
        verdicts, words = verdicts._replace(python=BREAKING), f"{words} {SHIFTED}"
    rule = "required-property-added" if required else "property-added"
    sides.found.emit(
        rule, None, sides.after(name), verdicts, words, upgrade=required and sides.use.flow is Flow.REQUEST
    )


def _unfit(sides: _Sides, name: str) -> str | None:
    """Return why the generator cannot take a new parameter, or None if it can."""
    if words := refusal(name):
        return f"{name!r} is {words}"
    other = sorted((shape(sides.found.new, sides.after(name)).types or frozenset()) - SCALARS)
    return f"it is of the type {' or '.join(other)}, and it takes texts, numbers and yes or no" if other else None


def _required(sides: _Sides, handled: set[str], common: Sequence[str]) -> None:
    flow = sides.use.flow
    old, new = sides.old, sides.new
    for name in [one for one in new.required if one not in old.required and one not in handled]:
        verdicts = of_schema(Effect.NARROWER, flow)
        at = _entry(sides.found, new, name, newer=True)
        sides.found.emit("required-added", None, at, verdicts, f"{name}: {in_words(Effect.NARROWER, flow)}")
    for name in [one for one in old.required if one not in new.required and one not in handled]:
        verdicts = of_schema(Effect.WIDER, flow)
        words = f"{name}: {in_words(Effect.WIDER, flow)}"
        kept = [one for one in old.required if one != name]
        if name in common and not _kept(sides, [*common], kept, common):
            verdicts, words = verdicts._replace(python=BREAKING), f"{words} {SHIFTED}"
        at = _entry(sides.found, old, name, newer=False)
        sides.found.emit("required-removed", at, None, verdicts, words)


def _entry(found: Collector, one: Shape, name: str, *, newer: bool) -> At:
    document = found.new if newer else found.old
    at = one.keywords["required"]
    return document.child(at, one.required.index(name))


def _order(sides: _Sides, common: Sequence[str]) -> None:
    """Judge the order alone: of what both versions have, with what the old one requires."""
    moved = [name for name in sides.new.properties if name in common]
    before, after = (_arguments(sides.use, names, sides.old.required) for names in (list(common), moved))
    if before != after:
        pair = sides.old.keywords["properties"], sides.new.keywords["properties"]
        verdicts = Verdicts(NONE, BREAKING, NONE)
        sides.found.emit("property-order-changed", *pair, verdicts, SHIFTED, values=(before, after))
    elif list(common) != moved:
        pair = sides.old.keywords["properties"], sides.new.keywords["properties"]
        sides.found.emit(
            "property-order-changed", *pair, Verdicts(), "No argument moves.", values=(list(common), moved)
        )


def _kept(sides: _Sides, names: Sequence[str], required: Sequence[str], common: Sequence[str]) -> bool:
    """Whether the old arguments stay where they are if the new version has these names and required ones."""
    placed = [name for name in sides.new.properties if name in names]
    before = _arguments(sides.use, [one for one in sides.new.properties if one in common], sides.old.required)
    return _arguments(sides.use, placed, required)[: len(before)] == before


def _arguments(use: Use, names: Sequence[str], required: Sequence[str]) -> list[str]:
    """The order of a generated constructor. In responses everything is optional for the generator."""
    if use.flow is not Flow.REQUEST:
        return list(names)
    return [one for one in names if one in required] + [one for one in names if one not in required]
