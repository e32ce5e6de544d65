"""Rules for components by their names: generated classes, and what nothing refers to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from segmind_ltx_spec.changes.collect import (
    BREAKING,
    COMPATIBLE,
    NONE,
    TOLD_IN_HTTP,
    Collector,
    Flow,
    stable,
)
from segmind_ltx_spec.changes.document import At, Document, escape, is_list, is_object
from segmind_ltx_spec.changes.effects import Use
from segmind_ltx_spec.changes.normal import SCHEMAS, constraints, shape
from segmind_ltx_spec.changes.schemas import SchemaWalk
from segmind_ltx_spec.changes.verdicts import Verdicts

_EXPANDED: Final = frozenset({"responses", "parameters", "examples", "requestBodies", "headers", "links", "pathItems"})
"""Kinds of components that have no meaning but where operations refer to them."""


def renamed_schemas(found: Collector) -> dict[str, str]:
    """Pair component schemas that went with such as came, if they allow the same, and say so."""
    before, after = _named(found.old, "schemas"), _named(found.new, "schemas")
    gone, more = [name for name in before if name not in after], [name for name in after if name not in before]
    renamed: dict[str, str] = {}
    texts = {name: constraints(found.new, after[name]) for name in more}
    for name in gone:
        text = constraints(found.old, before[name])
        same = [other for other in more if texts[other] == text and other not in renamed.values()]
        if not same and len(gone) == len(more) == 1 and _refers(found.new, more[0]) and _refers(found.old, name):
            same = more if _alike(before[name].value, after[more[0]].value) else []
        if same:
            renamed[name] = same[0]
    return renamed


def _alike(old: Any, new: Any) -> bool:
    """Whether two schemas share most of their properties."""
    names = [set(one.get("properties", {})) if is_object(one) else set[str]() for one in (old, new)]
    return len(names[0] & names[1]) * 2 > max(len(names[0]), len(names[1]))


def compare_components(found: Collector, walk: SchemaWalk) -> None:
    """Judge the components by kind and name."""
    sides = [document.find("#/components") for document in (found.old, found.new)]
    kinds = {key: None for side in sides if side is not None for key in side.value}
    for kind in kinds:
        if kind == "schemas":
            _schemas(found, walk)
        elif kind in _EXPANDED:
            _unused(found, kind)
        elif kind != "securitySchemes":
            pair = [document.find(f"#/components/{escape(kind)}") for document in (found.old, found.new)]
            if stable(pair[0] and pair[0].value) != stable(pair[1] and pair[1].value):
                found.unjudged(pair[0], pair[1], f"no rule knows components of the kind {kind}")


def _schemas(found: Collector, walk: SchemaWalk) -> None:
    """Judge schemas by name. Each is a class or a type of the generated package, used or not."""
    before, after = _named(found.old, "schemas"), _named(found.new, "schemas")
    classes = [
        {_class(document, at) for at in some.values()} for document, some in ((found.old, before), (found.new, after))
    ]
    for name, other in walk.renamed.items():
        pair = before[name], after[other]
        request = any("x-model" in at.value for at in pair if is_object(at.value))
        lost = request or (_class(found.old, pair[0]) or "") != (_class(found.new, pair[1]) or "")
        words = "The generated class has another name." if lost else "The generated class keeps its name."
        verdicts = Verdicts(NONE, BREAKING if lost else NONE, NONE)
        found.emit("schema-renamed", *pair, verdicts, words, values=(name, other))
    for name, at in before.items():
        if name not in after and name not in walk.renamed:
            lost = _class(found.old, at) is not None and _class(found.old, at) not in classes[1]
            if lost or not _refers(found.old, name):
                words = "The generated package loses the class." if lost else "Nothing refers to it."
                verdicts = Verdicts(NONE, BREAKING if lost else NONE, NONE)
                found.emit("schema-removed", at, None, verdicts, words, values=(name, None))
    for name, at in after.items():
        if name not in before and name not in walk.renamed.values() and not _refers(found.new, name):
            words = "Nothing refers to it; the generated package has one more class."
            found.emit("schema-added", None, at, Verdicts(NONE, COMPATIBLE, NONE), words, values=(None, name))
    walk.restart()
    for name, at in before.items():
        if name in after and not (_refers(found.old, name) and _refers(found.new, name)):
            walk.compare(at, after[name], Use(Flow.UNUSED))


def _class(document: Document, at: At) -> str | None:
    """The name of the class that the generator makes of a component; None if it makes none."""
    one = shape(document, at)
    if one.types != frozenset({"object"}) and one.values is None:
        return None
    return one.class_name or at.pointer.rpartition("/")[2]


def _unused(found: Collector, kind: str) -> None:
    """Judge components that nothing refers to: what is referred to is compared where it is used."""
    before, after = _named(found.old, kind), _named(found.new, kind)
    for name in {**before, **after}:
        one, other = before.get(name), after.get(name)
        if one is not None and other is not None and stable(one.value) == stable(other.value):
            continue
        pointer = f"#/components/{escape(kind)}/{escape(name)}"
        used = [
            at is not None and pointer in _references(document)
            for document, at in ((found.old, one), (found.new, other))
        ]
        if used == [at is not None for at in (one, other)]:
            continue
        words = "Nothing refers to it any more." if used[0] else "Nothing refers to it."
        if any(used) and None not in (one, other):
            found.emit("component-unused", one, other, Verdicts(), words)
        elif not any(used):
            found.emit("component-unused", one, other, TOLD_IN_HTTP, words)


def _named(document: Document, kind: str) -> dict[str, At]:
    at = document.find(f"#/components/{escape(kind)}")
    return dict(document.children(at)) if at is not None else {}


def _refers(document: Document, name: str) -> bool:
    return f"{SCHEMAS}{escape(name)}" in _references(document)


def _references(document: Document) -> frozenset[str]:
    """The targets of all references that can be reached from the paths."""
    if not document.reached:
        reached: set[str] = set()
        todo: list[Any] = [document.api.get("paths"), document.api.get("webhooks")]
        while todo:
            for target in _targets(todo.pop()):
                if target not in reached:
                    reached.add(target)
                    at = document.find(target)
                    todo.append(None if at is None else at.value)
        document.reached.update(reached)
    return frozenset(document.reached)


def _targets(value: Any) -> Iterator[str]:
    todo = [value]
    while todo:
        one = todo.pop()
        if is_object(one):
            if isinstance(one.get("$ref"), str):
                yield one["$ref"]
            todo += one.values()
        elif is_list(one):
            todo += one


def beside_references(found: Collector) -> None:
    """Judge what stands beside a reference. But for schemas it is ignored, other than texts."""
    before, after = (dict(_siblings(document, document.root, set())) for document in (found.old, found.new))
    for pointer in {**before, **after}:
        one, other = before.get(pointer), after.get(pointer)
        if one is not None and other is not None and stable(one.value) == stable(other.value):
            continue
        if pointer.rpartition("/")[2] in {"description", "summary"}:
            found.emit("description-changed", one, other, TOLD_IN_HTTP, "Only people read it.")
        else:
            found.unjudged(one, other, "what stands beside a reference is ignored by some readers and read by others")


def _siblings(document: Document, at: At, done: set[int]) -> Iterator[tuple[str, At]]:
    """All members beside references to anything but schemas, by pointer."""
    if not (is_object(at.value) or is_list(at.value)) or id(at.value) in done:
        return
    done.add(id(at.value))
    if is_list(at.value):
        for index in range(len(at.value)):
            yield from _siblings(document, document.child(at, index), done)
        return
    members: dict[str, Any] = at.value if is_object(at.value) else {}
    target: object = members.get("$ref")
    beside = isinstance(target, str) and not target.startswith(SCHEMAS)
    for key, child in document.children(at):
        if beside and key != "$ref":
            yield child.pointer, child
        yield from _siblings(document, child, done)
