"""Rules for the other keywords of one schema: defaults, forms, multiples, further properties."""

from __future__ import annotations

import re
from typing import Any, Final, cast

from segmind_ltx_spec.changes.bounds import DATA_URI, is_number
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
)
from segmind_ltx_spec.changes.document import is_object
from segmind_ltx_spec.changes.effects import Effect, Use, in_words, of_schema
from segmind_ltx_spec.changes.implied import inert
from segmind_ltx_spec.changes.normal import Shape
from segmind_ltx_spec.changes.texts import compare_deprecated, compare_title, redundant, sides, told, unread
from segmind_ltx_spec.changes.verdicts import Verdict, Verdicts

FORMS: Final = frozenset(
    {"pattern", "format", "contentEncoding", "uniqueItems", "not", "contains"}
    | {"patternProperties", "propertyNames", "dependentRequired", "dependentSchemas", "prefixItems"}
    | {"unevaluatedProperties", "unevaluatedItems", "dependencies", "additionalItems"}
)
"""Keywords that narrow a schema by being there; two values of one are not comparable."""
_OF_NAMES: Final = frozenset({"unevaluatedProperties", "patternProperties", "propertyNames"})
NEVER_UNKNOWN: Final = "The client never sends a parameter that the contract does not name."
ANNOTATIONS: Final = frozenset({"int32", "int64", "float", "double"})
"""Formats that no reader of a JSON document checks."""
WIDER_FORMATS: Final = frozenset(
    {("uri", "uri-reference"), ("uri", "iri"), ("uri", "iri-reference"), ("uri-reference", "iri-reference")}
    | {("iri", "iri-reference"), ("email", "idn-email"), ("hostname", "idn-hostname")}
)
"""Formats, the second of which allows all that the first does."""
EXTENSION: Final = "An extension that this project does not know: only tools that know it read it."
FALSE_IS_ABSENT: Final = frozenset({"uniqueItems", "deprecated", "readOnly", "writeOnly", "nullable"})


def compare_keyword(found: Collector, old: Shape, new: Shape, keyword: str, use: Use) -> None:
    """Judge one keyword that differs, other than the applicators that `schemas` walks itself."""
    rule = _RULES.get(keyword)
    if (keyword in FORMS or keyword == "multipleOf") and inert(old, new, keyword):
        redundant(found, *sides(old, new, keyword))
    elif rule is not None:
        rule(found, old, new, keyword, use)
    elif keyword in FORMS:
        _form(found, old, new, keyword, use)
    elif keyword.startswith("x-"):
        found.emit("extension-changed", *sides(old, new, keyword), TOLD_IN_HTTP, EXTENSION)
    else:
        found.unjudged(old.keywords.get(keyword), new.keywords.get(keyword), f"no rule knows the keyword {keyword}")


def _multiple(found: Collector, old: Shape, new: Shape, keyword: str, use: Use) -> None:
    before, after = old.get(keyword), new.get(keyword)
    if any(one is not None and (not is_number(one) or one <= 0) for one in (before, after)):
        found.unjudged(*sides(old, new, keyword), "multipleOf is not a positive number")
        return
    effect = Effect.CHANGED
    if before is None or after is None:
        effect = Effect.NARROWER if before is None else Effect.WIDER
    elif after % before == 0:
        effect = Effect.NARROWER
    elif before % after == 0:
        effect = Effect.WIDER
    found.emit(
        f"multiple-{effect.value}", *sides(old, new, keyword), of_schema(effect, use.flow), in_words(effect, use.flow)
    )


def _form(found: Collector, old: Shape, new: Shape, keyword: str, use: Use) -> None:
    before, after = old.get(keyword), new.get(keyword)
    pair = sides(old, new, keyword)
    if keyword in FALSE_IS_ABSENT and not before and not after:
        redundant(found, *pair)
        return
    if keyword == "format" and {before, after} <= {None, *ANNOTATIONS}:
        found.emit("format-described", *pair, TOLD_IN_HTTP, "It says how a number is stored, and refuses none.")
        return
    effect = Effect.NARROWER if before in (None, False) else Effect.WIDER if after in (None, False) else Effect.CHANGED
    if keyword == "format" and (before, after) in WIDER_FORMATS:
        effect = Effect.WIDER
    elif keyword == "format" and (after, before) in WIDER_FORMATS:
        effect = Effect.NARROWER
    word = "added" if before in (None, False) else "removed" if after in (None, False) else "changed"
    verdicts, words = of_schema(effect, use.flow), in_words(effect, use.flow)
    if use.request and keyword == "format" and effect is not Effect.NARROWER and before == "uri":
        verdicts = verdicts._replace(python=BREAKING)
        words += " The client no longer takes a Path for this parameter."
    elif use.request and keyword == "format" and effect is Effect.NARROWER and after == "uri":
        words += " The client refuses texts that are no address and no image."
    elif use.request and effect is not Effect.WIDER and "uri" in {old.get("format"), new.get("format")}:
        verdicts = verdicts._replace(python=BY_HAND)
        words += f" {DATA_URI}"
    elif use.request and keyword in _OF_NAMES and not _concerns_known(old, new, keyword):
        verdicts = verdicts._replace(python=NONE)
        words += f" {NEVER_UNKNOWN}"
    found.emit(f"{keyword}-{word}", *pair, verdicts, words)


def _concerns_known(old: Shape, new: Shape, keyword: str) -> bool:
    """Whether a rule about names or unknown properties may concern a property that the contract names."""
    if keyword == "unevaluatedProperties":
        return False
    patterns = [str(name) for one in (old, new) for name in cast("dict[Any, Any]", one.get(keyword) or {})]
    if keyword == "propertyNames":
        schemas = [one.get(keyword) for one in (old, new) if one.get(keyword) is not None]
        if any(not is_object(one) or set(one) - {"maxLength"} for one in schemas):
            return True
        longest = max(map(len, [*old.properties, *new.properties]), default=0)
        return any(one.get("maxLength", longest) < longest for one in schemas)
    try:
        return any(re.search(one, name) for one in patterns for name in [*old.properties, *new.properties])
    except re.error:
        return True


def _default(found: Collector, old: Shape, new: Shape, keyword: str, use: Use) -> None:
    pair = sides(old, new, keyword)
    word = "added" if keyword not in old.keywords else "removed" if keyword not in new.keywords else "changed"
    if use.flow is Flow.REQUEST:
        verdicts = Verdicts(BEHAVIOURAL, BEHAVIOURAL, BREAKING)
        words = (
            "A request that leaves it out is taken otherwise; a server of the old contract still uses the old value."
        )
    else:
        verdicts, words = TOLD_IN_HTTP, "A default in a response binds no one."
    found.emit(f"default-{word}", *pair, verdicts, words)


def _one_way(found: Collector, old: Shape, new: Shape, keyword: str, use: Use) -> None:
    """`readOnly` keeps a property out of requests, `writeOnly` out of responses."""
    if bool(old.get(keyword)) == bool(new.get(keyword)):
        redundant(found, *sides(old, new, keyword))
        return
    concerned = (use.flow is Flow.REQUEST) == (keyword == "readOnly")
    effect = Effect.NARROWER if bool(new.get(keyword)) == (keyword == "readOnly") else Effect.WIDER
    verdicts = of_schema(effect, use.flow) if concerned else TOLD_IN_HTTP
    found.emit(f"{keyword}-changed", *sides(old, new, keyword), verdicts, in_words(effect, use.flow))


def compare_additional(found: Collector, old: Shape, new: Shape, use: Use) -> bool:
    """Judge `additionalProperties`; False if two schemas are there, which `schemas` compares."""
    before, after = (one.keywords.get("additionalProperties") for one in (old, new))
    closed = [at is not None and at.value is False for at in (before, after)]
    schemas = [at is not None and is_object(at.value) and bool(at.value) for at in (before, after)]
    if schemas == [True, True]:
        return False
    if closed == [False, False] and schemas == [False, False]:
        redundant(found, before, after)
        return True
    narrower = closed[1] or (schemas[1] and not closed[0])
    effect = Effect.NARROWER if narrower else Effect.WIDER
    python: Verdict = NONE
    if use.flow is Flow.RESPONSE or use.request:  # A closed class of the generator has no access by key.
        python = BREAKING if closed[1] else COMPATIBLE if closed[0] else NONE
    else:
        python = BREAKING if narrower else COMPATIBLE
    rule = "additional-properties-refused" if narrower else "additional-properties-allowed"
    words = in_words(effect, use.flow)
    if use.request:
        words += f" {NEVER_UNKNOWN}"
    found.emit(rule, before, after, of_schema(effect, use.flow, python), words)
    return True


_RULES: Final = {
    "default": _default,
    "deprecated": compare_deprecated,
    "description": told("description-changed", TOLD),
    "title": compare_title,
    "example": told("example-changed", TOLD),
    "examples": told("example-changed", TOLD_IN_HTTP),
    "$defs": unread("Nothing is said by it; what refers to it is compared."),
    "$schema": unread("It names the rules by which schemas are read."),
    "$comment": told("comment-changed", Verdicts(INFORMATIONAL, NONE, INFORMATIONAL)),
    "externalDocs": told("external-docs-changed", TOLD_IN_HTTP),
    "contentMediaType": told("content-described", TOLD_IN_HTTP),
    "contentSchema": told("content-described", TOLD_IN_HTTP),
    "multipleOf": _multiple,
    "readOnly": _one_way,
    "writeOnly": _one_way,
}
