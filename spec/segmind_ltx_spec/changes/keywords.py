"""Rules for the keywords of one schema: types, values, bounds, forms, defaults, texts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, NamedTuple, cast

from segmind_ltx_spec.changes.collect import (
    BEHAVIOURAL,
    BREAKING,
    BY_HAND,
    COMPATIBLE,
    INFORMATIONAL,
    NONE,
    TOLD,
    TOLD_IN_HTTP,
    Collector,
    Flow,
    stable,
)
from segmind_ltx_spec.changes.document import At
from segmind_ltx_spec.changes.effects import Effect, in_words, of_schema
from segmind_ltx_spec.changes.normal import Shape
from segmind_ltx_spec.changes.verdicts import Verdict, Verdicts

LOWER: Final = ("minLength", "minItems", "minProperties", "minContains")
UPPER: Final = ("maxLength", "maxItems", "maxProperties", "maxContains")
BOUNDS: Final = (
    ("minimum", "exclusiveMinimum", 1),
    ("maximum", "exclusiveMaximum", -1),
    *((name, "", 1) for name in LOWER),
    *((name, "", -1) for name in UPPER),
)
"""Each bound, its exclusive form, and whether a larger one allows less (1) or more (-1)."""
BOUND_KEYWORDS: Final = frozenset(word for name, exclusive, _ in BOUNDS for word in (name, exclusive) if word)
DATA_URI: Final = "The client writes a data URI for a Path, and does not check it against this."
FORMS: Final = frozenset(
    {"pattern", "format", "contentEncoding", "contentMediaType", "contentSchema", "uniqueItems", "not", "contains"}
    | {"patternProperties", "propertyNames", "dependentRequired", "dependentSchemas", "prefixItems"}
    | {"unevaluatedProperties", "unevaluatedItems", "dependencies", "additionalItems"}
)
"""Keywords that narrow a schema by being there; two values of one are not comparable."""
FALSE_IS_ABSENT: Final = frozenset({"uniqueItems", "deprecated", "readOnly", "writeOnly", "nullable"})


class Use(NamedTuple):
    """How a schema is used: who sends it, and whether the client checks it as the request of a model."""

    flow: Flow
    request: bool = False
    """Whether it is a model's request, or a parameter in one."""
    top: bool = False
    """Whether it is the request itself."""

    @property
    def inside(self) -> Use:
        """The use of a property."""
        return self._replace(top=False)


def compare_keyword(found: Collector, old: Shape, new: Shape, keyword: str, use: Use) -> None:
    """Judge one keyword that differs, other than the applicators that `schemas` walks itself."""
    rule = _RULES.get(keyword)
    if rule is not None:
        rule(found, old, new, keyword, use)
    elif keyword in FORMS:
        _form(found, old, new, keyword, use)
    else:
        found.unjudged(old.keywords.get(keyword), new.keywords.get(keyword), f"no rule knows the keyword {keyword}")


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
        if flow is Flow.RESPONSE:  # The type is what the generated classes keep of a response.
            python = COMPATIBLE if effect is Effect.NARROWER else BREAKING
        values = (_listed(old), _listed(new))
        found.emit(
            f"type-{effect.value}", *pair, of_schema(effect, flow, python), in_words(effect, flow), values=values
        )
    if old.null != new.null and (old.types is not None or new.types is not None):
        effect = Effect.WIDER if new.null else Effect.NARROWER
        rule = "null-allowed" if new.null else "null-refused"
        found.emit(
            rule, *pair, of_schema(effect, flow), in_words(effect, flow), values=(_listed(old, True), _listed(new, True))
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
    inferred: object = cast("dict[str, Any]", source).get("inferred") if isinstance(source, dict) else None
    return isinstance(inferred, list) and all(one in inferred for one in more)


def compare_bounds(found: Collector, old: Shape, new: Shape, use: Use) -> None:
    """Judge the effective bounds: ``exclusiveMinimum: 0`` of an integer is ``minimum: 1``."""
    for name, exclusive, sign in BOUNDS:
        keywords = {name, exclusive} & {*old.keywords, *new.keywords}
        if any(not _is_number(one.get(keyword)) for one in (old, new) for keyword in keywords if keyword in one.keywords):
            for keyword in keywords:
                found.unjudged(*_sides(old, new, keyword), f"{keyword} is not a number")
        elif keywords:
            _bound(found, old, new, name, exclusive, sign, use)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class _Limit(NamedTuple):
    at: At | None
    value: float | None
    strict: bool

    def tightness(self, sign: int, least: float) -> tuple[float, bool]:
        """Return what can be compared: the larger, the fewer values are allowed."""
        return (sign * self.value, self.strict) if self.value is not None else (least, False)


def _limit(one: Shape, name: str, exclusive: str, sign: int, least: float) -> _Limit:
    best = _Limit(None, None, False)
    for keyword, strict in ((name, False), (exclusive, True)):
        at = one.keywords.get(keyword)
        if at is None:
            continue
        value: float = at.value
        if strict and one.types == frozenset({"integer"}):
            value, strict = (math.floor(value) + 1 if sign > 0 else math.ceil(value) - 1), False
        limit = _Limit(at, value, strict)
        if best.at is None or limit.tightness(sign, least) > best.tightness(sign, least):
            best = limit
    return best


def _bound(found: Collector, old: Shape, new: Shape, name: str, exclusive: str, sign: int, use: Use) -> None:
    least = 0 if name in LOWER else -math.inf
    before, after = (_limit(one, name, exclusive, sign, least) for one in (old, new))
    if before.tightness(sign, least) == after.tightness(sign, least):
        if (before.at is None) != (after.at is None):
            redundant(found, before.at, after.at)
        return
    narrower = after.tightness(sign, least) > before.tightness(sign, least)
    effect = Effect.NARROWER if narrower else Effect.WIDER
    what = "raised" if narrower == (sign > 0) else "lowered"
    what = "added" if before.at is None else "removed" if after.at is None else what
    verdicts, words = of_schema(effect, use.flow), in_words(effect, use.flow)
    if narrower and name == "maxLength" and use.request and new.get("format") == "uri":
        verdicts, words = verdicts._replace(python=BY_HAND), f"{words} {DATA_URI}"
    found.emit(f"{name}-{what}", before.at, after.at, verdicts, words, values=(before.value, after.value))


def _multiple(found: Collector, old: Shape, new: Shape, keyword: str, use: Use) -> None:
    before, after = old.get(keyword), new.get(keyword)
    if any(one is not None and (not _is_number(one) or one <= 0) for one in (before, after)):
        found.unjudged(*_sides(old, new, keyword), "multipleOf is not a positive number")
        return
    effect = Effect.CHANGED
    if before is None or after is None:
        effect = Effect.NARROWER if before is None else Effect.WIDER
    elif after % before == 0:
        effect = Effect.NARROWER
    elif before % after == 0:
        effect = Effect.WIDER
    found.emit(
        f"multiple-{effect.value}", *_sides(old, new, keyword), of_schema(effect, use.flow), in_words(effect, use.flow)
    )


def _form(found: Collector, old: Shape, new: Shape, keyword: str, use: Use) -> None:
    before, after = old.get(keyword), new.get(keyword)
    pair = _sides(old, new, keyword)
    if keyword in FALSE_IS_ABSENT and not before and not after:
        redundant(found, *pair)
        return
    effect = Effect.NARROWER if before in (None, False) else Effect.WIDER if after in (None, False) else Effect.CHANGED
    word = {Effect.NARROWER: "added", Effect.WIDER: "removed", Effect.CHANGED: "changed"}[effect]
    verdicts, words = of_schema(effect, use.flow), in_words(effect, use.flow)
    if use.request and keyword == "format" and effect is not Effect.NARROWER and before == "uri":
        verdicts = verdicts._replace(python=BREAKING)
        words += " The client no longer takes a Path for this parameter."
    elif use.request and effect is not Effect.WIDER and "uri" in {old.get("format"), new.get("format")}:
        verdicts = verdicts._replace(python=BY_HAND)
        words += f" {DATA_URI}"
    found.emit(f"{keyword}-{word}", *pair, verdicts, words)


def _default(found: Collector, old: Shape, new: Shape, keyword: str, use: Use) -> None:
    pair = _sides(old, new, keyword)
    word = "added" if keyword not in old.keywords else "removed" if keyword not in new.keywords else "changed"
    if use.flow is Flow.REQUEST:
        verdicts = Verdicts(BEHAVIOURAL, BEHAVIOURAL, BREAKING)
        words = "A request that leaves it out is taken otherwise; a server of the old contract still uses the old value."
    else:
        verdicts, words = TOLD_IN_HTTP, "A default in a response binds no one."
    found.emit(f"default-{word}", *pair, verdicts, words)


def _title(found: Collector, old: Shape, new: Shape, keyword: str, use: Use) -> None:
    classes = [one.class_name for one in (old, new) if one.types == frozenset({"object"}) or one.values is not None]
    renamed = len(classes) == 2 and None not in classes and classes[0] != classes[1]
    verdicts = TOLD_IN_HTTP._replace(python=BREAKING if renamed else NONE)
    words = "The generated class is named after it." if renamed else "Only people read it."
    found.emit("title-changed", *_sides(old, new, keyword), verdicts, words)


def _told(rule: str, verdicts: Verdicts) -> Callable[[Collector, Shape, Shape, str, Use], None]:
    def judge(found: Collector, old: Shape, new: Shape, keyword: str, use: Use) -> None:
        found.emit(rule, *_sides(old, new, keyword), verdicts, "Only people read it.")

    return judge


def _deprecated(found: Collector, old: Shape, new: Shape, keyword: str, use: Use) -> None:
    if bool(old.get(keyword)) == bool(new.get(keyword)):
        redundant(found, *_sides(old, new, keyword))
    else:
        found.emit("deprecated-changed", *_sides(old, new, keyword), TOLD_IN_HTTP, "It still works.")


def _one_way(found: Collector, old: Shape, new: Shape, keyword: str, use: Use) -> None:
    """`readOnly` keeps a property out of requests, `writeOnly` out of responses."""
    if bool(old.get(keyword)) == bool(new.get(keyword)):
        redundant(found, *_sides(old, new, keyword))
        return
    concerned = (use.flow is Flow.REQUEST) == (keyword == "readOnly")
    effect = Effect.NARROWER if bool(new.get(keyword)) == (keyword == "readOnly") else Effect.WIDER
    verdicts = of_schema(effect, use.flow) if concerned else TOLD_IN_HTTP
    found.emit(f"{keyword}-changed", *_sides(old, new, keyword), verdicts, in_words(effect, use.flow))


def redundant(found: Collector, old: At | None, new: At | None) -> None:
    """Note a keyword that came or went and says what holds without it."""
    found.emit("redundant-keyword", old, new, Verdicts(), "It says what holds without it.")


def compare_additional(found: Collector, old: Shape, new: Shape, use: Use) -> bool:
    """Judge `additionalProperties`; False if two schemas are there, which `schemas` compares."""
    before, after = (one.keywords.get("additionalProperties") for one in (old, new))
    closed = [at is not None and at.value is False for at in (before, after)]
    schemas = [at is not None and isinstance(at.value, dict) and bool(at.value) for at in (before, after)]
    if schemas == [True, True]:
        return False
    if closed == [False, False] and schemas == [False, False]:
        redundant(found, before, after)
        return True
    narrower = closed[1] or (schemas[1] and not closed[0])
    effect = Effect.NARROWER if narrower else Effect.WIDER
    python: Verdict = NONE
    if use.flow is Flow.RESPONSE:  # A closed class of the generator has no access by key.
        python = BREAKING if closed[1] else COMPATIBLE if closed[0] else NONE
    elif not use.request:
        python = BREAKING if narrower else COMPATIBLE
    rule = "additional-properties-refused" if narrower else "additional-properties-allowed"
    words = in_words(effect, use.flow)
    if use.request:
        words += " The client never sends a parameter that the contract does not name."
    found.emit(rule, before, after, of_schema(effect, use.flow, python), words)
    return True


def _covered(types: frozenset[str] | None) -> frozenset[str] | None:
    return types if types is None or "number" not in types else types | {"integer"}


def _listed(one: Shape, null: bool = False) -> list[str] | str | None:
    if one.types is None:
        return None
    kinds = sorted(one.types) + (["null"] if null and one.null else [])
    return kinds[0] if len(kinds) == 1 else kinds


def _pair(old: Shape, new: Shape, keyword: str) -> tuple[At, At]:
    return old.place(keyword), new.place(keyword)


def _sides(old: Shape, new: Shape, keyword: str) -> tuple[At | None, At | None]:
    return old.keywords.get(keyword), new.keywords.get(keyword)


def _words(label: str, values: list[Any]) -> str:
    return f"{label}: {', '.join(stable(one) for one in values)}. " if values else ""


_RULES: Final = {
    "default": _default,
    "deprecated": _deprecated,
    "description": _told("description-changed", TOLD),
    "title": _title,
    "example": _told("example-changed", TOLD),
    "examples": _told("example-changed", TOLD_IN_HTTP),
    "$comment": _told("comment-changed", Verdicts(INFORMATIONAL, NONE, INFORMATIONAL)),
    "externalDocs": _told("external-docs-changed", TOLD_IN_HTTP),
    "multipleOf": _multiple,
    "readOnly": _one_way,
    "writeOnly": _one_way,
}
