"""Walk two schemas side by side, and judge each keyword that differs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from segmind_ltx_spec.changes.bounds import BOUND_KEYWORDS, compare_bounds
from segmind_ltx_spec.changes.collect import (
    BREAKING,
    BY_HAND,
    COMPATIBLE,
    NONE,
    Collector,
    Flow,
    stable,
)
from segmind_ltx_spec.changes.conditions import CONDITION, compare_condition, differ
from segmind_ltx_spec.changes.document import At
from segmind_ltx_spec.changes.effects import Effect, Use, in_words, of_schema
from segmind_ltx_spec.changes.keywords import compare_additional, compare_keyword
from segmind_ltx_spec.changes.models import compare_model
from segmind_ltx_spec.changes.normal import NOTES, Shape, constraints, reference, shape
from segmind_ltx_spec.changes.properties import compare_properties
from segmind_ltx_spec.changes.provenance import compare_source
from segmind_ltx_spec.changes.unions import union_effect
from segmind_ltx_spec.changes.values import compare_types, compare_values
from segmind_ltx_spec.changes.verdicts import Verdict, Verdicts

_OWN: Final = frozenset({"type", "enum", "const", "properties", "required", "additionalProperties", "items"})


class SchemaWalk:
    """Compares schemas for one collector; remembers what it has compared, so that a recursive schema ends."""

    def __init__(self, found: Collector, renamed: dict[str, str]) -> None:
        self.found = found
        self.renamed = renamed
        """Component schemas that only have another name now, new names by old ones."""
        self._done: set[tuple[str, str, Use]] = set()

    def restart(self) -> None:
        """Forget what was compared: another operation follows, whose name the changes have to carry as well."""
        self._done.clear()

    def compare(self, old: At, new: At, use: Use) -> None:
        """Judge every difference between two schemas."""
        if self.found.same(old, new):
            return
        names = reference(old), reference(new)
        if None not in names and names[0] != names[1] and self.renamed.get(str(names[0])) != names[1]:
            self._moved(old, new, use)
            return
        key = (old.pointer, new.pointer, use)
        if key in self._done:
            return
        self._done.add(key)
        self._compare(shape(self.found.old, old), shape(self.found.new, new), use)

    def _moved(self, old: At, new: At, use: Use) -> None:
        """Judge a reference that leads elsewhere now: one change, as bad as all that differs behind it."""
        inner = SchemaWalk(self.found.sub(), self.renamed)
        before, after = (document.follow(at) for document, at in ((self.found.old, old), (self.found.new, new)))
        inner.compare(before, after, use)
        classes = shape(self.found.old, old).class_name, shape(self.found.new, new).class_name
        verdicts = Verdicts(python=BREAKING if classes[0] != classes[1] else NONE)
        for change in inner.found.changes:
            verdicts = verdicts.worst_with(change.verdicts)
        for one in inner.found.differences:
            self.found.unjudged(old, new, f"behind the reference, at {one.pointer}: {one.why}")
        rules = sorted({change.rule for change in inner.found.changes if change.verdicts.http is not NONE})
        words = f"The reference leads elsewhere; behind it: {', '.join(rules) or 'the same'}."
        self.found.emit("reference-moved", old, new, verdicts, words, upgrade=verdicts.http is BREAKING)

    def _compare(self, old: Shape, new: Shape, use: Use) -> None:
        found = self.found
        malformed = [key for one in (old, new) for key in _malformed(one)]
        if malformed:
            if stable({k: v.value for k, v in old.keywords.items()}) != stable(
                {k: v.value for k, v in new.keywords.items()}
            ):
                found.unjudged(old.at, new.at, f"the schema cannot be understood: {', '.join(malformed)}")
            return
        effect = union_effect(found, old, new)
        if effect is not None:
            self._union(old, new, effect, use)
            return
        compare_types(found, old, new, use)
        compare_values(found, old, new, use)
        compare_bounds(found, old, new, use)
        self._structure(old, new, use)
        self._keywords(old, new, use, {*old.keywords, *new.keywords})

    def _union(self, old: Shape, new: Shape, effect: Effect, use: Use) -> None:
        """Judge alternatives beside a single schema that is one of them; only the notes are left to compare."""
        word = next(word for word in ("anyOf", "oneOf") if word in {*old.keywords, *new.keywords})
        pair = old.place(word), new.place(word)
        words = f"What was allowed is one of the alternatives now. {in_words(effect, use.flow)}"
        if effect is Effect.NARROWER:
            words = f"One of the alternatives is left. {in_words(effect, use.flow)}"
        python = _python(effect, use) or BY_HAND
        self.found.emit(f"alternatives-{effect.value}", *pair, of_schema(effect, use.flow, python), words)
        self._keywords(old, new, use, NOTES)

    def _keywords(self, old: Shape, new: Shape, use: Use, keywords: Collection[str]) -> None:
        found = self.found
        for keyword in [*old.keywords, *(key for key in new.keywords if key not in old.keywords)]:
            if keyword not in keywords:
                continue
            before, after = old.keywords.get(keyword), new.keywords.get(keyword)
            if keyword in _OWN or keyword in BOUND_KEYWORDS or keyword in {*CONDITION, "allOf", "anyOf", "oneOf"}:
                continue
            if before is not None and after is not None and stable(before.value) == stable(after.value):
                continue
            if keyword == "x-source":
                compare_source(found, before, after)
            elif keyword == "x-model":
                compare_model(found, before, after)
            elif keyword == "title" and self._follows_a_rename(before, after):
                continue
            else:
                compare_keyword(found, old, new, keyword, use)

    def _follows_a_rename(self, old: At | None, new: At | None) -> bool:
        """Whether a title went along with the name of its schema: the new name has been said already."""
        return old is not None and new is not None and self.renamed.get(str(old.value)) == new.value

    def _structure(self, old: Shape, new: Shape, use: Use) -> None:
        found = self.found
        if "properties" in {**old.keywords, **new.keywords} or old.required or new.required:
            compare_properties(found, old, new, use, self.compare)
        additional = old.keywords.get("additionalProperties"), new.keywords.get("additionalProperties")
        if differ(*additional) and not compare_additional(found, old, new, use):
            self._both(*additional, use)
        items = old.keywords.get("items"), new.keywords.get("items")
        if None not in items:
            self._both(*items, use)
        elif items != (None, None):
            effect = Effect.NARROWER if items[0] is None else Effect.WIDER
            found.emit(
                f"items-{effect.value}", *items, of_schema(effect, use.flow, BREAKING), in_words(effect, use.flow)
            )
        compare_condition(found, old, new, use)
        for word in ("allOf", "anyOf", "oneOf"):
            self._alternatives(old.keywords.get(word), new.keywords.get(word), word, use)

    def _both(self, old: At | None, new: At | None, use: Use) -> None:
        if old is not None and new is not None:
            self.compare(old, new, use.inside)

    def _alternatives(self, old: At | None, new: At | None, word: str, use: Use) -> None:
        """Judge a list of schemas: alternatives that came or went; pairs in the same place otherwise."""
        if not differ(old, new):
            if old is not None and new is not None:
                self._pairs(old, new, use)
            return
        found = self.found
        if old is None or new is None:
            effect = Effect.NARROWER if old is None else Effect.WIDER
            python = _python(effect, use)
            found.emit(
                f"{word}-{effect.value}", old, new, of_schema(effect, use.flow, python), in_words(effect, use.flow)
            )
            return
        before = [constraints(found.old, found.old.child(old, index)) for index in range(len(old.value))]
        after = [constraints(found.new, found.new.child(new, index)) for index in range(len(new.value))]
        gone, more = [one for one in before if one not in after], [one for one in after if one not in before]
        if len(before) == len(after) or not (gone or more):
            self._pairs(old, new, use)
            return
        effect = Effect.CHANGED
        if not (gone and more):
            effect = Effect.WIDER if bool(more) == (word != "allOf") else Effect.NARROWER
        python = _python(effect, use)
        found.emit(f"{word}-{effect.value}", old, new, of_schema(effect, use.flow, python), in_words(effect, use.flow))

    def _pairs(self, old: At, new: At, use: Use) -> None:
        for index in range(min(len(old.value), len(new.value))):
            self.compare(self.found.old.child(old, index), self.found.new.child(new, index), use.inside)


def _python(effect: Effect, use: Use) -> Verdict | None:
    """Alternatives become a union type: one more breaks those who read it, one less those who write it."""
    if use.flow is not Flow.RESPONSE:
        return None
    return COMPATIBLE if effect is Effect.NARROWER else BREAKING


def _malformed(one: Shape) -> Iterator[str]:
    """Name the keywords whose value has a type that no schema may have."""
    wanted: dict[str, type | tuple[type, ...]] = {
        "properties": dict,
        "required": list,
        "enum": list,
        "allOf": list,
        "anyOf": list,
        "oneOf": list,
        "type": (str, list),
        "x-model": dict,
    }
    for key, at in one.keywords.items():
        if (key.startswith("$") and key not in {"$comment", "$defs", "$schema"}) or (
            key in wanted and not isinstance(at.value, wanted[key])
        ):
            yield key
