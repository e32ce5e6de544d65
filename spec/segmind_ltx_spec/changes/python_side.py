"""Add to a comparison what only the generated packages show, and what griffe sees of the hand-written one."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from attrs import evolve

from segmind_ltx_spec.changes.collect import Change, stable
from segmind_ltx_spec.changes.comparison import Comparison
from segmind_ltx_spec.changes.document import CannotCompareError, Document, escape, is_object
from segmind_ltx_spec.changes.generator import GenerationRefusedError, PythonMissingError, surface
from segmind_ltx_spec.changes.operations import operations
from segmind_ltx_spec.changes.sources import Source
from segmind_ltx_spec.changes.surfaces import Fact, broken
from segmind_ltx_spec.changes.verdicts import Verdict, Verdicts

HAND_WRITTEN: Final = "segmind_ltx"


def add_python(found: Comparison, old: Source, new: Source) -> Comparison:
    """Generate both packages and compare them. Raises `PythonMissingError` if that cannot be done here."""
    if stable(old.document.api) != stable(new.document.api) or _reordered(old.document, new.document):
        found = _with_generated(found, old.document, new.document)
    if old.client and new.client and old.client != new.client:
        found = _with_hand_written(found, old, new)
    return found


def _reordered(old: Document, new: Document) -> bool:
    return old.digest(old.root) != new.digest(new.root)


def _with_generated(found: Comparison, old: Document, new: Document) -> Comparison:
    try:
        before = surface(old)
    except GenerationRefusedError as error:
        raise PythonMissingError(f"the old contract gives no package: {error}") from None
    try:
        after = surface(new)
    except GenerationRefusedError as error:
        words = f"The client cannot be generated from the new contract: {error}"
        if found.verdicts.python is Verdict.BREAKING:
            return evolve(found, notes=(*found.notes, words))
        verdicts = Verdicts(python=Verdict.BY_HAND)
        # It says nothing about the previous release, which is generated already.
        refused = Change("generation-refused", "#", None, (), None, None, verdicts, (), words)
        return evolve(found, changes=(refused, *found.changes))
    changes = list(found.changes)
    for fact in broken(before, after):
        _attribute(changes, fact, old, new)
    changes.sort(key=lambda change: min(verdict.rank for verdict in change.verdicts))
    return evolve(found, changes=tuple(changes))


def _attribute(changes: list[Change], fact: Fact, old: Document, new: Document) -> None:
    """Let the change that is closest to a fact carry it; a fact that no change explains is a change of its own."""
    places = list(dict.fromkeys([*_places(fact, old), *_places(fact, new)]))
    near = [index for index, change in enumerate(changes) if _closeness(change, places) > 0]
    words = f"In the generated package, {fact.words}."
    names = {one.name for side in (old, new) for one in operations(side) if one.at.pointer in places}
    if any(
        change.verdicts.python is Verdict.BREAKING and (index in near or names & set(change.operations))
        for index, change in enumerate(changes)
    ):
        return  # A rule has said so already.
    if not near:
        pointer = places[0] if places else "#"
        verdicts = Verdicts(python=Verdict.BREAKING)
        changes.append(Change(fact.rule, pointer, None, (), None, None, verdicts, (), words))
        return
    best = max(near, key=lambda index: (_closeness(changes[index], places), -changes[index].verdicts.python.rank))
    change = changes[best]
    verdicts = change.verdicts._replace(python=Verdict.BREAKING)
    changes[best] = evolve(change, verdicts=verdicts, why=f"{change.why} {words}")


def _closeness(change: Change, places: list[str]) -> int:
    """How many steps a change shares with one of the places, if one of the two is below the other."""
    best = 0
    for pointer in {change.pointer, change.old_pointer or change.pointer}:
        for place in places:
            if f"{pointer}/".startswith(f"{place}/") or f"{place}/".startswith(f"{pointer}/"):
                best = max(best, min(pointer.count("/"), place.count("/")))
    return best


def _places(fact: Fact, document: Document) -> Iterator[str]:
    """Where in a contract a class, a TypedDict or a module comes from."""
    at = document.find("#/components/schemas")
    for name, schema in document.children(at) if at is not None else ():
        value = schema.value if is_object(schema.value) else {}
        model = value.get("x-model")
        properties = value.get("properties")
        names: list[str] = list(properties) if is_object(properties) else []
        title = str(value.get("title") or name)
        slug = model.get("slug") if is_object(model) else None
        own = {name, title, f"{name.removesuffix('Request')}Params" if slug else name, slug or name}
        if fact.owner in own:
            if fact.member is not None and fact.member in names:
                yield f"{schema.pointer}/properties/{escape(fact.member)}"
            yield schema.pointer
        else:
            for member in names:
                if fact.owner.lower() == f"{title}{member}".replace("_", "").lower():
                    yield f"{schema.pointer}/properties/{escape(member)}"
    for operation in operations(document):
        if fact.owner.rpartition(".")[2] == re.sub(r"\W", "_", str(operation.id)):
            yield operation.at.pointer


def _with_hand_written(found: Comparison, old: Source, new: Source) -> Comparison:
    """Let griffe compare the hand-written package of two revisions."""
    try:
        import griffe  # Here, since it is in the extra `spec`.
    except ImportError:
        raise PythonMissingError(
            "griffe compares the hand-written package; install it with python -m pip install '.[spec]' in a checkout"
        ) from None
    changes = list(found.changes)
    with tempfile.TemporaryDirectory() as scratch:
        sides: list[Any] = []
        for name, source in (("old", old), ("new", new)):
            folder = Path(scratch, name)
            for path, text in source.client.items():
                target = folder / path.partition("/")[2]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
            try:
                sides.append(griffe.load(HAND_WRITTEN, search_paths=[str(folder)], allow_inspection=False))
            except (ImportError, griffe.GriffeError) as error:
                raise CannotCompareError(f"{source.document.label}: griffe cannot read the package: {error}") from None
        for breakage in griffe.find_breaking_changes(*sides):
            path = breakage.obj.path
            if any(part.startswith("_") and not part.startswith("__") for part in path.split(".")):
                continue
            where = f"overrides/{path.replace('.', '/')}"
            words = f"{path}: {breakage.kind.value}."
            verdicts = Verdicts(python=Verdict.BREAKING)
            values = str(breakage.old_value)[:200], str(breakage.new_value)[:200]
            changes.append(Change("python-hand-written", where, None, (), *values, verdicts, (), words))
    changes.sort(key=lambda change: min(verdict.rank for verdict in change.verdicts))
    return evolve(found, changes=tuple(changes))
