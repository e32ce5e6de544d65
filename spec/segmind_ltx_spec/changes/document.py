"""One side of a comparison: the two YAML files as data, with the line and the first pointer of each node.

Nothing here asks whether the contract is a good one: what the loader of the spec refuses can still be compared.

More than 250 lines, since reading and numbering the nodes are one pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeGuard, cast

import yaml
from attrs import field, frozen

from segmind_ltx_spec.yaml_text import LOADER

Json = dict[str, Any]

CLAUSES_FILE: Final = "clauses.yaml"
MAX_DEPTH: Final = 200
"""Nested nodes; a document that is deeper, or refers to itself through an anchor, is not compared."""

_MERGE: Final = "tag:yaml.org,2002:merge"


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a value is a JSON object."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether a value is a JSON list."""
    return isinstance(value, list)


class CannotCompareError(ValueError):
    """One side cannot be read. The message says which, and why."""


class At(NamedTuple):
    """A value and its pointer. Values shared through a YAML anchor have the pointer of their first use."""

    value: Any
    pointer: str


def _whole_numbers(value: Any, known: dict[int, Any] | None = None) -> Any:
    """Return a value with 50 in place of 50.0, which is the same number in JSON; what YAML anchors share stays one."""
    known = {} if known is None else known
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not (is_object(value) or is_list(value)):
        return value
    if id(value) not in known:
        made: Any
        if is_object(value):
            # An empty list of required names says nothing; a property of that name would be an object.
            made = {key: _whole_numbers(one, known) for key, one in value.items() if (key, one) != ("required", [])}
            same = len(made) == len(value) and all(made[key] is one for key, one in value.items())
        else:
            made = [_whole_numbers(one, known) for one in value]
            same = all(one is other for one, other in zip(made, value, strict=True))
        known[id(value)] = value if same else made
    return known[id(value)]


@frozen(eq=False)
class Document:
    """The contract on one side of a comparison."""

    label: str
    api: Json = field(repr=False, converter=_whole_numbers)
    written: Json = field(repr=False, factory=dict[str, Any])
    """The hand-written clauses by kind and id; empty if there is no clauses.yaml."""
    lines: Mapping[str, int] = field(repr=False, factory=dict[str, int])
    """Line in openapi.yaml, or in clauses.yaml for ``clauses.yaml#/…``, by pointer."""
    source: str = field(repr=False, default="")
    """The text of openapi.yaml, for the generator's cache."""
    reached: set[str] = field(init=False, repr=False, factory=set[str])
    """The components that operations refer to; `components` fills it in."""
    _digests: dict[int, int] = field(init=False, repr=False, factory=dict[int, int])
    _first: dict[int, str] = field(init=False, repr=False, factory=dict[int, str])

    def __attrs_post_init__(self) -> None:
        _note_first(self.api, "#", self._first)
        _note_first(self.written, f"{CLAUSES_FILE}#", self._first)

    @property
    def root(self) -> At:
        """The whole OpenAPI document."""
        return At(self.api, "#")

    @property
    def clauses(self) -> At:
        """The whole of clauses.yaml."""
        return At(self.written, f"{CLAUSES_FILE}#")

    def child(self, at: At, key: str | int) -> At:
        """Step down into an object or a list."""
        value = at.value[key]
        pointer = f"{at.pointer}/{escape(key)}"
        return At(value, self._first.get(id(value), pointer) if (is_object(value) or is_list(value)) else pointer)

    def children(self, at: At) -> Iterator[tuple[str, At]]:
        """All members of an object; none if it is not one."""
        if is_object(at.value):
            for key in at.value:
                yield key, self.child(at, key)

    def find(self, pointer: str) -> At | None:
        """Look up a JSON pointer, following references on the way; None if nothing is there."""
        at = self.root
        for part in pointer.removeprefix("#").split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            at = self.follow(at)
            try:
                at = self.child(at, int(key) if is_list(at.value) else key)
            except (KeyError, IndexError, ValueError, TypeError):
                return None
        return at

    def follow(self, at: At) -> At:
        """Return the target of a reference, however many steps away; anything else as it is.

        Raises `CannotCompareError` for a reference that leads nowhere, into another file or in a circle.
        """
        seen: set[str] = set()
        while is_object(at.value) and isinstance(at.value.get("$ref"), str):
            reference = cast("str", at.value["$ref"])
            target = self.find(reference) if reference.startswith("#/") and reference not in seen else None
            if target is None:
                raise CannotCompareError(f"{self.label}: {at.pointer}: the reference {reference!r} cannot be followed")
            seen.add(reference)
            at = target
        return at

    def digest(self, at: At) -> int:
        """Return a hash of a value and of all that it refers to: what has the same one needs no closer look."""
        return self._digest(at.value)

    def _digest(self, value: Any) -> int:
        if not (is_object(value) or is_list(value)):
            return hash((type(value).__name__, value))
        known = self._digests.get(id(value))
        if known is not None:
            return known
        self._digests[id(value)] = 0  # If a schema refers to itself.
        if is_list(value):
            result = hash(("list", *(self._digest(one) for one in value)))
        else:
            members: Json = value if is_object(value) else {}
            reference: object = members.get("$ref")
            target = self.find(reference) if isinstance(reference, str) and reference.startswith("#/") else None
            behind = 0 if target is None else self._digest(target.value)
            result = hash((behind, *((key, self._digest(one)) for key, one in members.items())))
        self._digests[id(value)] = result
        return result

    def line(self, pointer: str) -> int | None:
        """Return the line of a pointer, or of the closest node above it."""
        while pointer:
            if pointer in self.lines:
                return self.lines[pointer]
            pointer = pointer.rpartition("/")[0]
        return None


def escape(key: str | int) -> str:
    """Write a key as a part of a JSON pointer."""
    return str(key).replace("~", "~0").replace("/", "~1")


def unescape(part: str) -> str:
    """Read a part of a JSON pointer."""
    return part.replace("~1", "/").replace("~0", "~")


def parse(label: str, openapi: str, clauses: str | None) -> Document:
    """Read the text of both files. Raises `CannotCompareError` if either is not what it should be."""
    api, lines = _read(label, "openapi.yaml", openapi)
    if not isinstance(api.get("openapi"), str) or not is_object(api.get("paths")):
        raise CannotCompareError(f"{label}: not an OpenAPI document; it needs the keys openapi and paths")
    written: Json = {}
    if clauses is not None:
        written, more = _read(label, CLAUSES_FILE, clauses)
        lines |= {f"{CLAUSES_FILE}{pointer}": line for pointer, line in more.items()}
        for kind, entries in written.items():
            if not is_object(entries) or not all(is_object(one) for one in entries.values()):
                raise CannotCompareError(f"{label}: {CLAUSES_FILE}: {kind} is not a group of clauses")
    return Document(label, api, written, lines, openapi)


def _read(label: str, name: str, text: str) -> tuple[Json, dict[str, int]]:
    try:
        loader = LOADER(text)
        try:
            node = loader.get_single_node()
            lines: dict[str, int] = {}
            _check_and_number(node, "#", lines, 0, set())
            data: object = None if node is None else loader.construct_document(node)
            _name_keys(data, set())
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise CannotCompareError(f"{label}: {name} is not YAML: {' '.join(str(error).split())}") from None
    except (ValueError, RecursionError) as error:
        raise CannotCompareError(f"{label}: {name} cannot be read: {error}") from None
    if not is_object(data):
        raise CannotCompareError(f"{label}: {name} is not an object of keys and values")
    return data, lines


def _check_and_number(node: Any, pointer: str, lines: dict[str, int], depth: int, done: set[int]) -> None:
    """Note the line of every node. Raises ValueError for what two readers could understand in two ways."""
    if depth > MAX_DEPTH:
        raise ValueError(f"{pointer} is nested too deeply")
    lines.setdefault(pointer, node.start_mark.line + 1 if node is not None else 1)
    if id(node) in done:  # Shared through an anchor: it has the lines of its first use.
        return
    done.add(id(node))
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise ValueError(f"line {key.start_mark.line + 1}: a key has to be a word")
            if key.value in seen and key.tag != _MERGE:
                raise ValueError(f"line {key.start_mark.line + 1}: the key {key.value!r} is there twice")
            seen.add(key.value)
            here = pointer if key.tag == _MERGE else f"{pointer}/{escape(key.value)}"
            _check_and_number(value, here, lines, depth + 1, done)
            lines[here] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _check_and_number(item, f"{pointer}/{index}", lines, depth + 1, done)


def _name_keys(data: Any, done: set[int]) -> None:
    """Turn every key into a string, in place: ``200:`` and ``'200':`` are the same status."""
    if not (is_object(data) or is_list(data)) or id(data) in done:
        return
    done.add(id(data))
    if is_object(data):
        keyed = cast("dict[Any, Any]", data)
        if any(not isinstance(key, str) for key in keyed):
            items = list(keyed.items())
            keyed.clear()
            keyed.update((str(key), value) for key, value in items)
    values = cast("Any", data.values() if is_object(data) else data)
    for value in values:
        _name_keys(value, done)


def _note_first(value: Any, pointer: str, first: dict[int, str]) -> None:
    if not (is_object(value) or is_list(value)) or id(value) in first:
        return
    first[id(value)] = pointer
    items = cast("Any", value.items() if is_object(value) else enumerate(value))
    for key, item in items:
        _note_first(item, f"{pointer}/{escape(key)}", first)


def read_folder(label: str, folder: Path) -> Document:
    """Read openapi.yaml, and the clauses.yaml beside it, from a folder."""
    return read_file(label, folder / "openapi.yaml")


def read_file(label: str, path: Path) -> Document:
    """Read an openapi.yaml under any name, and the clauses.yaml beside it."""
    try:
        openapi = path.read_text(encoding="utf-8-sig")
        beside = path.with_name(CLAUSES_FILE)
        clauses = beside.read_text(encoding="utf-8-sig") if beside.is_file() else None
    except (OSError, UnicodeDecodeError) as error:
        raise CannotCompareError(f"{label}: {path} cannot be read: {error}") from None
    return parse(label, openapi, clauses)
