"""Rules for parameters in paths, queries, headers and cookies."""

from __future__ import annotations

import re
from typing import Any, Final

from segmind_ltx_spec.changes.collect import (
    BREAKING,
    BY_HAND,
    COMPATIBLE,
    NONE,
    TOLD,
    TOLD_IN_HTTP,
    Collector,
    Flow,
    stable,
)
from segmind_ltx_spec.changes.document import At, Document, is_list, is_object
from segmind_ltx_spec.changes.effects import Use
from segmind_ltx_spec.changes.payloads import compare_content
from segmind_ltx_spec.changes.provenance import compare_source
from segmind_ltx_spec.changes.schemas import SchemaWalk
from segmind_ltx_spec.changes.verdicts import Verdicts

_WIRE: Final = frozenset({"style", "explode", "allowReserved", "allowEmptyValue"})
_USUAL_STYLE: Final = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}

Side = tuple[At, At, str]
"""A path item, an operation, and its path."""


def compare_parameters(found: Collector, walk: SchemaWalk, old: Side, new: Side) -> None:
    """Judge parameters that came, went or changed. One in a path is known by its place there, not by its name."""
    before, after = _of(found.old, old), _of(found.new, new)
    for key, at in before.items():
        if key in after:
            _compare(found, walk, at, after[key])
    gone = {key: at for key, at in before.items() if key not in after}
    more = {key: at for key, at in after.items() if key not in before}
    for key, at in gone.items():
        same = [one for one in more if _alike(at, more[one])]
        if same and key[0] == same[0][0]:
            _renamed(found, at, more.pop(same[0]))
        else:
            words = "Callers that send it are no longer understood."
            found.emit("parameter-removed", at, None, Verdicts(BREAKING, BREAKING, COMPATIBLE), words)
    for at in more.values():
        required = bool(at.value.get("required"))
        # The client sends what its callers give and the key, so somebody has to write how this one gets there.
        verdicts = Verdicts(BREAKING, BY_HAND, BREAKING) if required else Verdicts(COMPATIBLE, COMPATIBLE, BREAKING)
        where = f"{at.value.get('name')} ({at.value.get('in')})"
        words = f"Calls without {where} are refused; no hand-written code sends it." if required else f"{where} is new."
        rule = "required-parameter-added" if required else "parameter-added"
        found.emit(rule, None, at, verdicts, words, upgrade=required)


def _of(document: Document, side: Side) -> dict[tuple[str, str], At]:
    item, operation, path = side
    known: dict[tuple[str, str], At] = {}
    names = re.findall(r"\{([^}]*)\}", path)
    for owner in (item, operation):
        if not is_list(owner.value.get("parameters")):
            continue
        every = document.child(owner, "parameters")
        for index in range(len(every.value)):
            at = document.follow(document.child(every, index))
            if not is_object(at.value):
                continue
            place, name = str(at.value.get("in")), str(at.value.get("name"))
            if place == "path" and name in names:
                name = str(names.index(name))
            known[place, name.lower() if place == "header" else name] = at
    return known


def _alike(old: At, new: At) -> bool:
    essence = [
        {key: value for key, value in at.value.items() if key not in {"name", "description", "example", "x-source"}}
        for at in (old, new)
    ]
    return stable(essence[0]) == stable(essence[1])


def _renamed(found: Collector, old: At, new: At) -> None:
    if "name" not in old.value or "name" not in new.value:
        found.unjudged(old, new, "the parameter has no name")
        return
    words = "Callers have to send the new name."
    verdicts = Verdicts(BREAKING, BREAKING, BREAKING)
    pair = found.old.child(old, "name"), found.new.child(new, "name")
    found.emit("parameter-renamed", *pair, verdicts, words, upgrade=True)


def _compare(found: Collector, walk: SchemaWalk, old: At, new: At) -> None:
    for key in {**old.value, **new.value}:
        before = found.old.child(old, key) if key in old.value else None
        after = found.new.child(new, key) if key in new.value else None
        if key == "schema" and before is not None and after is not None:
            walk.compare(before, after, Use(Flow.REQUEST))
            continue
        if key == "content" and before is not None and after is not None:
            compare_content(found, walk, before, after, Use(Flow.REQUEST), success=False)
            continue
        if before is not None and after is not None and stable(before.value) == stable(after.value):
            continue
        if key in {*_WIRE, "deprecated"} and _meant(old.value, key) == _meant(new.value, key):
            found.emit("redundant-keyword", before, after, Verdicts(), "It says what holds without it.")
            continue
        _detail(found, key, before, after, old.value.get("in") == "path")


def _meant(parameter: Any, key: str) -> Any:
    """Return what a keyword of a parameter says, or what holds without it."""
    style = parameter.get("style", _USUAL_STYLE.get(str(parameter.get("in"))))
    usual = {"style": style, "explode": style == "form"}.get(key, False)
    return parameter.get(key, usual)


def _detail(found: Collector, key: str, old: At | None, new: At | None, in_path: bool) -> None:
    match key:
        case "name" if in_path:
            words = "Callers see no difference; the generated function names an argument after it."
            found.emit("path-parameter-renamed", old, new, Verdicts(NONE, BREAKING, NONE), words)
        case "name":  # Header names do not differ by case.
            found.emit("redundant-keyword", old, new, Verdicts(), "It is the same name.")
        case "required":
            _required(found, old, new)
        case "description":
            found.emit("description-changed", old, new, TOLD, "Only people read it.")
        case "example" | "examples":
            verdicts = TOLD if key == "example" else TOLD_IN_HTTP
            found.emit("example-changed", old, new, verdicts, "Only people read it.")
        case "deprecated":
            found.emit("deprecated-changed", old, new, TOLD_IN_HTTP, "It still works.")
        case "x-source":
            compare_source(found, old, new)
        case "schema" | "content":
            words = "What it may hold is said otherwise, or no longer."
            found.emit("parameter-form-changed", old, new, Verdicts(BREAKING, BREAKING, BREAKING), words)
        case _ if key in _WIRE:
            words = "It is written in another way."
            found.emit("parameter-style-changed", old, new, Verdicts(BREAKING, NONE, BREAKING), words)
        case _:
            found.unjudged(old, new, f"no rule knows {key} of a parameter")


def _required(found: Collector, old: At | None, new: At | None) -> None:
    before, after = (at is not None and bool(at.value) for at in (old, new))
    if before == after:
        found.emit("redundant-keyword", old, new, Verdicts(), "It says what holds without it.")
    elif after:
        words = "Calls without it are refused; no hand-written code sends it."
        found.emit("required-added", old, new, Verdicts(BREAKING, BY_HAND, BREAKING), words, upgrade=True)
    else:
        words = "It may be left out; a server of the old contract still wants it."
        found.emit("required-removed", old, new, Verdicts(COMPATIBLE, COMPATIBLE, BREAKING), words)
