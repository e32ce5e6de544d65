"""Walk the operations of both versions: paths, parameters, bodies, responses, security."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from segmind_ltx_spec.changes.access import compare_security, compare_servers
from segmind_ltx_spec.changes.collect import (
    BREAKING,
    BY_HAND,
    COMPATIBLE,
    NONE,
    TOLD,
    TOLD_IN_HTTP,
    Collector,
    stable,
)
from segmind_ltx_spec.changes.document import At, Document, is_object
from segmind_ltx_spec.changes.keywords import EXTENSION
from segmind_ltx_spec.changes.parameters import compare_parameters
from segmind_ltx_spec.changes.payloads import compare_body
from segmind_ltx_spec.changes.provenance import compare_source
from segmind_ltx_spec.changes.responses import compare_responses
from segmind_ltx_spec.changes.schemas import SchemaWalk
from segmind_ltx_spec.changes.verdicts import Verdicts

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
OFFERED: Final = "The service makes requests of its own to whoever asks for them; the client asks for none."
_WALKED: Final = frozenset({"parameters", "requestBody", "responses", "security", "servers"})


class Operation(NamedTuple):
    """One operation of one version."""

    path: str
    method: str
    item: At
    at: At

    @property
    def name(self) -> str:
        """Method and path."""
        return f"{self.method.upper()} {self.path}"

    @property
    def template(self) -> str:
        """The path without the names of its parameters, which no caller sends."""
        return re.sub(r"\{[^}]*\}", "{}", self.path)

    @property
    def id(self) -> object:
        """The operationId."""
        return self.at.value.get("operationId")


def operations(document: Document) -> Iterator[Operation]:
    """All operations of a document, in its order."""
    for path, item in document.children(document.child(document.root, "paths")):
        followed = document.follow(item)
        for method, at in document.children(followed):
            if method in METHODS and is_object(at.value):
                yield Operation(path, method, followed, at)


def compare_operations(found: Collector, walk: SchemaWalk) -> None:
    """Judge operations that came, went or moved, and whatever differs in the others."""
    before, after = list(operations(found.old)), list(operations(found.new))
    pairs = list(_pairs(before, after))
    for one in before:
        if all(one is not old for old, _ in pairs):
            with found.operation(one.name):
                words = "It no longer exists."
                verdicts = Verdicts(BREAKING, BREAKING, COMPATIBLE)
                # The client reads a job by the v2 route alone.
                called = not one.path.startswith("/v1/requests/")
                found.emit("operation-removed", one.at, None, verdicts, words, upgrade=called)
    for one in after:
        if all(one is not new for _, new in pairs):
            with found.operation(one.name):
                words = "There is more to call; a server of the old contract does not have it."
                verdicts = Verdicts(COMPATIBLE, COMPATIBLE, BREAKING)
                found.emit("operation-added", None, one.at, verdicts, words)
    for old, new in pairs:
        with found.operation(old.name):
            walk.restart()
            _compare(found, walk, old, new)
    _items(found)


def _pairs(before: list[Operation], after: list[Operation]) -> Iterator[tuple[Operation, Operation]]:
    """Match by method and path; what is left by operationId, which is how one that moved is known again."""
    left = list(after)
    rest: list[Operation] = []
    for old in before:
        same = [new for new in left if (new.method, new.template) == (old.method, old.template)]
        same = [new for new in same if new.path == old.path] or same
        if same:
            left.remove(same[0])
            yield old, same[0]
        else:
            rest.append(old)
    for old in rest:
        same = [new for new in left if new.id is not None and new.id == old.id]
        same = same or [new for new in left if new.path == old.path and new.method != old.method and len(left) == 1]
        if same:
            left.remove(same[0])
            yield old, same[0]


def _compare(found: Collector, walk: SchemaWalk, old: Operation, new: Operation) -> None:
    if old.template != new.template or old.method != new.method:
        rule = "path-renamed" if old.template != new.template else "method-changed"
        words = f"{old.name} is {new.name} now. The generated client follows; an older one does not."
        # Hand-written code knows a blocking call by /v1/, and reads ids out of the addresses of jobs.
        known = old.template != new.template and ("{" in old.path or old.path.split("/")[1] != new.path.split("/")[1])
        found.emit(
            rule,
            old.at,
            new.at,
            Verdicts(BREAKING, BY_HAND if known else NONE, BREAKING),
            words,
            values=(old.name, new.name),
            upgrade=True,
        )
    for key in {**old.at.value, **new.at.value}:
        before = found.old.child(old.at, key) if key in old.at.value else None
        after = found.new.child(new.at, key) if key in new.at.value else None
        if key in _WALKED:
            continue
        if before is not None and after is not None and stable(before.value) == stable(after.value):
            continue
        _detail(found, key, before, after)
    compare_parameters(found, walk, (old.item, old.at, old.path), (new.item, new.at, new.path))
    compare_body(found, walk, old.at, new.at)
    compare_responses(found, walk, old.at, new.at)
    compare_security(found, old.at, new.at)
    if any(_own_servers(*side) for side in ((found.old, old), (found.new, new))):
        compare_servers(found, _servers(found.old, old), _servers(found.new, new))


def _own_servers(document: Document, one: Operation) -> At | None:
    for at in (one.at, one.item):
        if "servers" in at.value:
            return document.child(at, "servers")
    return None


def _servers(document: Document, one: Operation) -> At | None:
    """Return the addresses that hold for an operation: its own, else those of the whole document."""
    return _own_servers(document, one) or (
        document.child(document.root, "servers") if "servers" in document.api else None
    )


def _detail(found: Collector, key: str, old: At | None, new: At | None) -> None:
    """Judge what an operation says of itself."""
    match key:
        case "operationId":
            same = _module(old) == _module(new)
            words = "The generated module is named after it." if not same else "The generated module keeps its name."
            found.emit("operation-renamed", old, new, Verdicts(NONE, NONE if same else BREAKING, NONE), words)
        case "tags":
            first = [at.value[0] if at is not None and at.value else None for at in (old, new)]
            moved = _snake(first[0]) != _snake(first[1])
            words = (
                "The generated module is in a folder named after the first tag." if moved else "Only people read it."
            )
            verdicts = TOLD_IN_HTTP._replace(python=BREAKING if moved else NONE)
            found.emit("tags-changed", old, new, verdicts, words)
        case "summary" | "description":
            found.emit(f"{key}-changed", old, new, TOLD, "Only people read it.")
        case "deprecated":
            off = not any(at is not None and at.value for at in (old, new))
            words = "It says what holds without it." if off else "It still works."
            rule = "redundant-keyword" if off else "deprecated-changed"
            found.emit(rule, old, new, Verdicts() if off else TOLD_IN_HTTP, words)
        case "externalDocs":
            found.emit("external-docs-changed", old, new, TOLD_IN_HTTP, "Only people read it.")
        case "x-codeSamples":
            found.emit("code-samples-changed", old, new, TOLD_IN_HTTP, "Only people read it.")
        case "x-source":
            compare_source(found, old, new)
        case "callbacks":
            found.emit("callbacks-changed", old, new, offered(old, new), OFFERED)
        case _ if key.startswith("x-"):
            found.emit("extension-changed", old, new, TOLD_IN_HTTP, EXTENSION)
        case _:
            found.unjudged(old, new, f"no rule knows {key} of an operation")


def offered(old: At | None, new: At | None) -> Verdicts:
    """Return the verdicts on requests that the service makes itself; the client knows none."""
    if old is None:
        return Verdicts(COMPATIBLE, NONE, BREAKING)
    return Verdicts(BREAKING, NONE, COMPATIBLE if new is None else BREAKING)


def _module(at: At | None) -> str:
    return _snake(None if at is None else at.value)


def _snake(name: object) -> str:
    """Return a name as the generator writes it for a module or a folder."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", re.sub(r"\W", "_", str(name))).lower()


def _items(found: Collector) -> None:
    """Judge what a path says beside its operations."""
    old, new = (document.child(document.root, "paths") for document in (found.old, found.new))
    for path in {**old.value, **new.value}:
        sides = [
            document.follow(document.child(at, path)) if path in at.value else None
            for document, at in ((found.old, old), (found.new, new))
        ]
        if path.startswith("x-"):
            if stable(sides[0] and sides[0].value) != stable(sides[1] and sides[1].value):
                found.unjudged(sides[0], sides[1], f"no rule knows {path}")
            continue
        members = [
            dict(document.children(at)) if at is not None else {}
            for document, at in zip((found.old, found.new), sides, strict=True)
        ]
        for side, at in zip(sides, (old, new), strict=True):
            if side is not None and not is_object(side.value):
                found.unjudged(sides[0], sides[1], f"{at.pointer} has a path that is no object")
        for key in {**members[0], **members[1]}:
            before, after = members[0].get(key), members[1].get(key)
            if before is not None and after is not None and stable(before.value) == stable(after.value):
                continue
            if key in {"summary", "description"}:
                found.emit(f"{key}-changed", before, after, TOLD_IN_HTTP, "Only people read it.")
            elif key not in {*METHODS, "parameters", "servers", "$ref"}:
                if before is None or after is None or None not in sides:
                    found.unjudged(before, after, f"no rule knows {key} of a path")
            elif key in METHODS and not all(at is None or is_object(at.value) for at in (before, after)):
                found.unjudged(before, after, "an operation that is no object")
        if not members[0] and not members[1] and (sides[0] is None) != (sides[1] is None):
            found.emit("path-empty", sides[0], sides[1], Verdicts(), "No operation is there.", values=(None, path))
