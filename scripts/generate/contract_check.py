"""Find what is wrong in ``openapi.yaml`` and ``clauses.yaml`` before anything is generated, and say where it stands.

Each problem is one line with file, line and JSON pointer. The stages build on each other: YAML, the forms that the
loader relies on, then what the contract says, then the loader and the clauses themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import yaml

from generate.contract_rules import of_models, of_references, of_shape
from generate.contract_sources import of_clauses, of_sources
from segmind_ltx_spec import SpecError, clauses, contract_of
from segmind_ltx_spec.yaml_text import LOADER, parse_yaml

Json = dict[str, Any]
_PLACE: Final = re.compile(r"(?P<place>#/\S*?|(?P<method>[A-Z]+) (?P<path>/\S*?)):? (?P<words>.+)", re.DOTALL)


class Problem(NamedTuple):
    """What is wrong, and the pointer to its place."""

    pointer: str
    words: str


class Written(NamedTuple):
    """A parsed file, and the nodes it was parsed from, which know their lines."""

    path: Path
    root: yaml.Node
    value: Json

    def line(self, pointer: str) -> int:
        """Return the line of a pointer, or of the last part of it that exists; it follows no reference."""
        node, line = self.root, 1
        for part in pointer.removeprefix("#").split("/")[1:]:
            found = _below(node, part.replace("~1", "/").replace("~0", "~"))
            if found is None:
                break
            line, node = found
        return line

    def known(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        """Return those parts of a path that are keys here, without the names of the generator's own types."""
        node, kept = self.root, list[str]()
        for part in parts:
            if found := _below(node, part):
                node = found[1]
                kept.append(part)
        return tuple(kept)

    def told(self, problem: Problem) -> str:
        """Return a problem as one line."""
        words = " ".join(problem.words.split())
        return f"{shown(self.path)}:{self.line(problem.pointer)}: {problem.pointer}: {words}"


def shown(path: Path) -> str:
    """Return a path as seen from the working directory, if it is below it."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _below(node: yaml.Node, part: str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
        return next(((key.start_mark.line + 1, value) for key, value in pairs if str(key.value) == part), None)
    if isinstance(node, yaml.SequenceNode) and part.isdecimal() and int(part) < len(node.value):
        item: yaml.Node = node.value[int(part)]
        return item.start_mark.line + 1, item
    return None


def problems(openapi: Path, written_clauses: Path) -> list[str]:
    """Return a line for each problem of the two files; none if they can be used."""
    document, lines = read(openapi)
    if document is None:
        return lines
    for stage in (of_shape, of_references, of_models, of_sources):
        if found := [Problem(*one) for one in stage(document.value)]:
            return [document.told(one) for one in dict.fromkeys(found)]
    if refused := _loaded(lambda: contract_of(document.value)):
        return [document.told(refused)]
    by_hand, lines = read(written_clauses)
    if by_hand is None:
        return lines
    if by_id := [Problem(*one) for one in of_clauses(document.value, by_hand.value)]:
        return [by_hand.told(one) for one in by_id]
    refused = _loaded(lambda: clauses(contract_of(document.value)))
    return [document.told(refused)] if refused else []


def read(path: Path) -> tuple[Written | None, list[str]]:
    """Parse a file. Return it, or lines that say why it cannot be used."""
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, LOADER)
        value = parse_yaml(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        said = ", ".join(part for part in (error.context, error.problem) if part)
        return None, [f"{shown(path)}{where}: this is not YAML: {said}"]
    except (OSError, UnicodeError, yaml.YAMLError, ValueError) as error:
        return None, [f"{shown(path)}: it cannot be read: {' '.join(str(error).split())}"]
    if root is None or not isinstance(value, dict):
        return None, [f"{shown(path)}:1: it is not an object with keys, but {type(value).__name__}"]
    if repeated := list(_repeated(root, "#", set())):
        return None, [f"{shown(path)}:{line}: {pointer}: this key is given twice" for line, pointer in repeated]
    return Written(path, root, cast("Json", value)), []


def _repeated(node: yaml.Node, pointer: str, seen: set[int]) -> Iterator[tuple[int, str]]:
    """Yield line and pointer of each key that its object already has; YAML takes the last one in silence."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
            name = str(key.value)
            place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            if name in keys:
                yield key.start_mark.line + 1, place
            keys.add(name)
            yield from _repeated(value, place, seen)
    elif isinstance(node, yaml.SequenceNode):
        for index, one in enumerate(cast("list[yaml.Node]", node.value)):
            yield from _repeated(one, f"{pointer}/{index}", seen)


def _loaded(load: Callable[[], object]) -> Problem | None:
    """Return what the project's own loader says, if it refuses the document."""
    try:
        load()
    except SpecError as error:
        return _placed(str(error))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        missing = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        return Problem("#", f"the loader cannot read it: {missing}")
    return None


def _placed(message: str) -> Problem:
    found = _PLACE.match(message)
    if not found:
        return Problem("#", message)
    if found["method"]:
        escaped = found["path"].replace("~", "~0").replace("/", "~1")
        return Problem(f"#/paths/{escaped}/{found['method'].lower()}", found["words"])
    return Problem(found["place"], found["words"])
