"""Compare what programs see of two generated packages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

Json = dict[str, Any]


class Fact(NamedTuple):
    """Something that breaks a program. ``owner`` and ``member`` say where in the contract it comes from."""

    rule: str
    owner: str
    """A class, or a function's module."""
    member: str | None
    words: str
    old: str | None = None
    """The type that was expected before, if a type is what differs."""


def broken(old: Json, new: Json) -> Iterator[Fact]:
    """Everything that no longer imports, runs or type-checks."""
    requests = {*old["requests"], *new["requests"]}
    gone = [name for name in old["classes"] if name not in new["classes"]]
    for fact in _all(old, new, requests):
        # That a class is gone is said once, not again for each type that names it.
        if fact.old is None or not any(re.search(rf"\b{name}\b", fact.old) for name in gone):
            yield fact


def _all(old: Json, new: Json, requests: set[str]) -> Iterator[Fact]:
    for name, value in old["classes"].items():
        if name in new["classes"]:
            yield from _constructor(name, value, new["classes"][name], requests)
        else:
            yield Fact("python-class-removed", name, None, f"the class {name} is gone")
    for name, values in old["literals"].items():
        yield from _literal(name, values, new["literals"].get(name), any(name.startswith(one) for one in requests))
    for name in old["models"]:
        if name not in new["models"]:
            yield Fact("python-model-removed", name, None, f"the client knows no model {name!r}")
    for name, keys in old["typed"].items():
        yield from _typed(name, keys, new["typed"].get(name))
    for name, value in old["functions"].items():
        if name in new["functions"]:
            yield from _function(name, value, new["functions"][name])
        else:
            yield Fact("python-function-removed", name.rpartition(".")[0], None, f"the function {name} is gone")


def _constructor(name: str, old: Json, new: Json, requests: set[str]) -> Iterator[Fact]:
    before, after = ([one["name"] for one in side["arguments"]] for side in (old, new))
    kept = [one for one in before if one in after]
    for gone in (one for one in before if one not in after):
        yield Fact("python-attribute-removed", name, gone, f"{name} has no {gone} any more")
    if after[: len(kept)] != kept:
        first = next((one for one, other in zip(after, kept, strict=False) if one != other), None)
        said = f"the arguments of {name} were {', '.join(before)} and are {', '.join(after)}"
        yield Fact("python-argument-order", name, first, said)
    sides = [{one["name"]: one for one in side["arguments"]} for side in (old, new)]
    for argument, one in sides[1].items():
        if argument not in sides[0] and not one["default"]:
            yield Fact("python-argument-required", name, argument, f"{name} needs {argument} now")
        elif argument in sides[0]:
            if sides[0][argument]["default"] and not one["default"]:
                yield Fact("python-argument-required", name, argument, f"{name} needs {argument} now")
            yield from _annotation(name, argument, sides[0][argument]["type"], one["type"], given=name in requests)
    for member in old["names"]:
        if member not in new["names"] and member not in before:
            yield Fact("python-attribute-removed", name, member, f"{name} has no {member} any more")


def _annotation(name: str, argument: str, old: str, new: str, *, given: bool) -> Iterator[Fact]:
    """What callers give may become more, what they read may become less."""
    before, after = _union(old), _union(new)
    fine = before <= after if given else after <= before
    if not fine:
        said = f"{name}.{argument} was of type {old} and is of type {new}"
        yield Fact("python-type-changed", name, argument, said, old)


def _union(annotation: str) -> frozenset[str]:
    parts: list[str] = []
    depth = start = 0
    for index, character in enumerate(annotation):
        depth += (character in "[(") - (character in "])")
        if character == "|" and depth == 0:
            parts.append(annotation[start:index].strip())
            start = index + 1
    members = frozenset([*parts, annotation[start:].strip()])
    return members | {"int"} if "float" in members else members


def _covered(new: str, old: str) -> bool:
    """Whether a function that returns the new type returns nothing that the old type did not allow."""
    known = _union(old)
    inner = {outer: within for outer, within in map(_parts, known) if within}
    return all(
        one in known or (outer in inner and _covered(within, inner[outer]))
        for one, (outer, within) in ((one, _parts(one)) for one in _union(new))
    )


def _parts(annotation: str) -> tuple[str, str]:
    """Take ``Response[A | B]`` apart; the second part is empty if there are no brackets."""
    outer, bracket, rest = annotation.partition("[")
    return (outer, rest[:-1]) if bracket and rest.endswith("]") else (annotation, "")


def _literal(name: str, old: list[Any], new: list[Any] | None, given: bool) -> Iterator[Fact]:
    if new is None:
        yield Fact("python-class-removed", name, None, f"the type {name} is gone")
        return
    lost = [one for one in (old if given else new) if one not in (new if given else old)]
    if lost:
        word = "no longer allows" if given else "may now be"
        yield Fact("python-literal-changed", name, None, f"{name} {word} {', '.join(map(repr, lost))}")


def _typed(name: str, old: Json, new: Json | None) -> Iterator[Fact]:
    if new is None:
        yield Fact("python-class-removed", name, None, f"the TypedDict {name} is gone")
        return
    for key, one in old.items():
        other = new.get(key)
        if other is None:
            yield Fact("python-key-removed", name, key, f"{name} has no key {key} any more")
        elif one["values"] is not None and other["values"] is not None:
            lost = [value for value in one["values"] if value not in other["values"]]
            if lost:
                yield Fact("python-literal-changed", name, key, f"{name}[{key!r}] no longer allows {lost}")
        elif (one["type"], one["values"]) != (other["type"], other["values"]) and not _wider(one, other):
            said = f"{name}[{key!r}] was of type {one['type']} and is of type {other['type']}"
            yield Fact("python-type-changed", name, key, said, one["type"])
    for key, one in new.items():
        if one["required"] and not old.get(key, {}).get("required"):
            yield Fact("python-key-required", name, key, f"{name} needs {key} now")


def _wider(old: Json, new: Json) -> bool:
    if new["values"] is not None:
        return False
    if old["values"] is not None:
        kinds = {type(value).__name__ for value in old["values"]}
        return kinds <= _union(new["type"])
    return _union(old["type"]) <= _union(new["type"])


def _function(name: str, old: Json, new: Json) -> Iterator[Fact]:
    module = name.rpartition(".")[0]
    sides = [{one["name"]: one for one in side["arguments"]} for side in (old, new)]
    for argument, one in sides[0].items():
        if argument not in sides[1]:
            yield Fact("python-argument-removed", module, argument, f"{name} takes no {argument} any more")
        elif not _union(one["type"]) <= _union(sides[1][argument]["type"]):
            said = f"{name} wants {sides[1][argument]['type']} for {argument}"
            yield Fact("python-type-changed", module, argument, said, one["type"])
    for argument, one in sides[1].items():
        if not one["default"] and (argument not in sides[0] or sides[0][argument]["default"]):
            yield Fact("python-argument-required", module, argument, f"{name} needs {argument} now")
    if not _covered(new["returns"], old["returns"]):
        said = f"{name} returned {old['returns']} and returns {new['returns']}"
        yield Fact("python-return-changed", module, None, said, old["returns"])
