"""Rules for types, null, `enum` and `const`."""

from __future__ import annotations

from typing import Any

from segmind_ltx_spec.changes.collect import (
    BREAKING,
    COMPATIBLE,
    NONE,
    Collector,
    Flow,
    stable,
)
from segmind_ltx_spec.changes.document import At, is_list, is_object
from segmind_ltx_spec.changes.effects import Effect, Use, in_words, of_schema
from segmind_ltx_spec.changes.normal import Shape
from segmind_ltx_spec.changes.texts import redundant, sides


def compare_types(found: Collector, old: Shape, new: Shape, use: Use) -> None:
    """Judge the types, and null apart from them."""
    before, after = _covered(old.types), _covered(new.types)
    flow = use.flow
    pair = _pair(old, new, "type")
    if before != after:
        wider = after is None or (before is not None and before < after)
        narrower = before is None or (after is not None and after < before)
        effect = Effect.WIDER if wider else Effect.NARROWER if narrower else Effect.CHANGED
        python = None
        if flow is Flow.RESPONSE and use.generated:  # The type is what the generated classes keep of a response.
            python = COMPATIBLE if effect is Effect.NARROWER else BREAKING
        values = (_listed(old), _listed(new))
        # The previous client sends a value of another type, or refuses to.
        upgrade = use.needed and before is not None and after is not None and not before & after
        verdicts = of_schema(effect, flow, python)
        found.emit(f"type-{effect.value}", *pair, verdicts, in_words(effect, flow), values=values, upgrade=upgrade)
    elif (old.null, old.values is None, new.values is None) == (new.null, False, False) and (
        "type" in old.keywords
    ) != ("type" in new.keywords):  # The values have that type anyway.
        redundant(found, *sides(old, new, "type"))
    if old.null != new.null and (old.types is not None or new.types is not None):
        effect = Effect.WIDER if new.null else Effect.NARROWER
        rule = "null-allowed" if new.null else "null-refused"
        found.emit(
            rule,
            *pair,
            of_schema(effect, flow),
            in_words(effect, flow),
            values=(_listed(old, True), _listed(new, True)),
        )


def compare_values(found: Collector, old: Shape, new: Shape, use: Use) -> None:
    """Judge `enum` and `const`, which say the same if there is one value."""
    flow = use.flow
    before = None if old.values is None else {stable(one): one for one in old.values}
    after = None if new.values is None else {stable(one): one for one in new.values}
    if (before or {}).keys() == (after or {}).keys() and (before is None) == (after is None):
        return
    pair = _pair(old, new, "enum" if "enum" in {*old.keywords, *new.keywords} else "const")
    if before is None or after is None:
        effect = Effect.WIDER if after is None else Effect.NARROWER
        rule = "enum-removed" if after is None else "enum-added"
        verdicts, words = of_schema(effect, flow), in_words(effect, flow)
        if use.request and after is None and "enum" in old.keywords:
            verdicts = verdicts._replace(python=BREAKING)
            words += " The generated package loses the name of the Literal."
        found.emit(rule, *pair, verdicts, words)
        return
    gone = [value for key, value in before.items() if key not in after]
    more = [value for key, value in after.items() if key not in before]
    both = bool(gone and more)
    effect = Effect.CHANGED if both else Effect.NARROWER if gone else Effect.WIDER
    rule = "enum-value-replaced" if both else "enum-value-removed" if gone else "enum-value-added"
    verdicts = of_schema(effect, flow)
    if more and not gone and _all_inferred(new, more):
        # No check of the suite fails a server that refuses an inferred value.
        verdicts = verdicts._replace(server=NONE)
    words = f"{_words('Gone', gone)}{_words('New', more)}{in_words(effect, flow)}"
    found.emit(rule, *pair, verdicts, words)


def _all_inferred(new: Shape, more: list[Any]) -> bool:
    source = new.get("x-source")
    inferred: object = source.get("inferred") if is_object(source) else None
    return is_list(inferred) and all(one in inferred for one in more)


def _covered(types: frozenset[str] | None) -> frozenset[str] | None:
    return types if types is None or "number" not in types else types | {"integer"}


def _listed(one: Shape, null: bool = False) -> list[str] | str | None:
    if one.types is None:
        return None
    kinds = sorted(one.types) + (["null"] if null and one.null else [])
    return kinds[0] if len(kinds) == 1 else kinds


def _pair(old: Shape, new: Shape, keyword: str) -> tuple[At, At]:
    return old.place(keyword), new.place(keyword)


def _words(label: str, values: list[Any]) -> str:
    return f"{label}: {', '.join(stable(one) for one in values)}. " if values else ""
