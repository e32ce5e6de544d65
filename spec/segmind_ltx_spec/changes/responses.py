"""Rules for responses: their statuses, headers and links."""

from __future__ import annotations

from typing import Final

from segmind_ltx_spec.changes.collect import (
    BREAKING,
    BY_HAND,
    COMPATIBLE,
    INFORMATIONAL,
    NONE,
    TOLD_IN_HTTP,
    Collector,
    Flow,
    stable,
)
from segmind_ltx_spec.changes.document import At, Document, is_object
from segmind_ltx_spec.changes.effects import Use
from segmind_ltx_spec.changes.payloads import compare_content, member
from segmind_ltx_spec.changes.provenance import compare_source
from segmind_ltx_spec.changes.schemas import SchemaWalk
from segmind_ltx_spec.changes.texts import redundant
from segmind_ltx_spec.changes.verdicts import Verdicts

KNOWN_STATUSES: Final = frozenset({"400", "401", "403", "404", "406", "410", "422", "429"})
"""Statuses below 500 that hand-written code of the client tells apart; it takes every 5xx alike."""
DEFAULT: Final = "default"
"""Stands for every status that is not listed."""


def compare_responses(found: Collector, walk: SchemaWalk, old: At, new: At) -> None:
    """Judge statuses that came, went or were renamed, and each response that both versions have."""
    before, after = member(found.old, old, "responses"), member(found.new, new, "responses")
    if before is None or after is None:
        if before is not after:
            words = "What comes back is no longer said, or is said for the first time."
            found.emit("responses-changed", before, after, Verdicts(BREAKING, BREAKING, BREAKING), words)
        return
    gone = [status for status in before.value if status not in after.value]
    more = [status for status in after.value if status not in before.value]
    for status in [one for one in gone if one != DEFAULT]:
        one = found.old.child(before, status)
        named = [other for other in more if other != DEFAULT]
        same = [other for other in named if _target(found.new, after, other) == _target(found.old, before, status)]
        if not same and len(gone) == len(named) == 1 and named[0][0] == status[0]:
            same = named
        if same and same[0].upper() == f"{status[0]}XX":
            gone.remove(status)
            more.remove(same[0])
            words = f"{status} is one of several statuses now that are answered alike."
            known = DEFAULT in before.value and _target(found.old, before, DEFAULT) == _target(
                found.old, before, status
            )
            verdicts = TOLD_IN_HTTP if known else Verdicts(BREAKING, NONE, COMPATIBLE)
            found.emit(
                "status-widened", one, found.new.child(after, same[0]), verdicts, words, values=(status, same[0])
            )
        elif same:
            gone.remove(status)
            more.remove(same[0])
            words = f"What was answered with {status} is answered with {same[0]} now."
            verdicts = Verdicts(BREAKING, BY_HAND if status in KNOWN_STATUSES or status[0] == "2" else NONE, BREAKING)
            pair = one, found.new.child(after, same[0])
            found.emit("status-renamed", *pair, verdicts, words, values=(status, same[0]), upgrade=True)
            _response(found, walk, *pair, success=status.startswith("2"))
    _came_and_went(found, before, after, gone, more)
    for status in before.value:
        if status in after.value:
            one, other = found.old.child(before, status), found.new.child(after, status)
            _response(found, walk, one, other, success=status.startswith("2"))


def _came_and_went(found: Collector, before: At, after: At, gone: list[str], more: list[str]) -> None:
    for status in gone:
        at = found.old.child(before, status)
        if status.startswith("x-"):
            found.unjudged(at, None, f"no rule knows {status} of responses")
            continue
        success = status.startswith("2") and not any(one.startswith("2") for one in after.value)
        verdicts = Verdicts(BREAKING, BREAKING, BREAKING) if success else Verdicts(COMPATIBLE, NONE, BREAKING)
        words = f"{_said(status)} is no longer sent; a server of the old contract may send it."
        found.emit("status-removed", at, None, verdicts, words, values=(status, None))
    for status in more:
        at = found.new.child(after, status)
        if status.startswith("x-"):
            found.unjudged(None, at, f"no rule knows {status} of responses")
            continue
        if DEFAULT in before.value and _target(found.new, after, status) == _target(found.old, before, DEFAULT):
            words = f"{status} was among the other statuses before, with the same response; now it is named."
            found.emit("status-named", None, at, TOLD_IN_HTTP, words, values=(None, status))
            continue
        words = f"{_said(status)} may come, and callers of the old contract do not know what it means."
        verdicts, upgrade = Verdicts(BREAKING, NONE, COMPATIBLE), False
        if status[0] in "123" and not _understood(status, found.current):
            verdicts, upgrade = verdicts._replace(python=BY_HAND), True
            words += " The client takes such a response for a mistake."
        elif status[0] == "4" and not _understood(status, found.current):
            verdicts = verdicts._replace(python=BY_HAND)
            words += " The client has no exception for it there, and says that no document names it."
        found.emit("status-added", None, at, verdicts, words, values=(None, status), upgrade=upgrade)


def _understood(status: str, operation: str) -> bool:
    """Whether hand-written code knows what a status below 500 means for an operation, by its method and path."""
    post = operation.startswith("POST ")
    match status:
        case "200" | "201":
            return True
        case "202":
            return "/v1/" not in operation or not post
        case "410":
            return post  # A model that is retired; of a job it would be something else.
        case "422":
            return not post  # A job that FAILED.
        case _:
            return status in KNOWN_STATUSES


def _said(status: str) -> str:
    return "A status that is not listed" if status == DEFAULT else status


def _target(document: Document, responses: At, status: str) -> str:
    response = document.child(responses, status)
    return str(response.value.get("$ref") or stable(response.value)) if is_object(response.value) else status


def _response(found: Collector, walk: SchemaWalk, old: At, new: At, *, success: bool) -> None:
    if found.same(old, new):
        return
    before, after = found.old.follow(old), found.new.follow(new)
    if not is_object(before.value) or not is_object(after.value):
        if stable(before.value) != stable(after.value):
            found.unjudged(before, after, "the response is no object")
        return
    if before.pointer != after.pointer and "$ref" in old.value and "$ref" in new.value:
        _moved(found, walk, (old, before), (new, after), success)
        return
    for key, one, other in found.members(before, after):
        match key:
            case "content" if one is not None and other is not None:
                compare_content(found, walk, one, other, Use(Flow.RESPONSE), success=success)
            case "headers":
                _headers(found, walk, one, other)
            case _ if one is not None and other is not None and stable(one.value) == stable(other.value):
                continue
            case "description":
                found.emit("description-changed", one, other, TOLD_IN_HTTP, "Only people read it.")
            case "links":
                verdicts = Verdicts(INFORMATIONAL, NONE, NONE)
                found.emit("links-changed", one, other, verdicts, "Tools that follow links find other ones.")
            case "x-source":
                compare_source(found, one, other)
            case "content":
                words = "The response has a body, or no longer has one."
                found.emit("content-presence-changed", one, other, Verdicts(BREAKING, BREAKING, BREAKING), words)
            case _:
                found.unjudged(one, other, f"no rule knows {key} of a response")


def _moved(found: Collector, walk: SchemaWalk, old: tuple[At, At], new: tuple[At, At], success: bool) -> None:
    """Judge a response that refers to another component now: one change, as bad as all that differs behind it."""
    inner = SchemaWalk(found.sub(), walk.renamed)
    apart = At({**old[1].value}, old[1].pointer), At({**new[1].value}, new[1].pointer)
    _response(inner.found, inner, *apart, success=success)
    verdicts = Verdicts()
    for change in inner.found.changes:
        verdicts = verdicts.worst_with(change.verdicts)
    for one in inner.found.differences:
        found.unjudged(old[0], new[0], f"behind the reference, at {one.pointer}: {one.why}")
    if verdicts != Verdicts():
        rules = sorted({change.rule for change in inner.found.changes})
        words = f"The reference leads elsewhere; behind it: {', '.join(rules)}."
        found.emit("reference-moved", old[0], new[0], verdicts, words)


def _headers(found: Collector, walk: SchemaWalk, old: At | None, new: At | None) -> None:
    """Judge the headers of a response. The generator drops them, so hand-written code alone reads them."""
    before = {name.lower(): at for name, at in found.old.children(old)} if old is not None else {}
    after = {name.lower(): at for name, at in found.new.children(new)} if new is not None else {}
    gone, more = [one for one in before if one not in after], [one for one in after if one not in before]
    if len(gone) == len(more) == 1 and _header_text(found.old, before[gone[0]]) == _header_text(
        found.new, after[more[0]]
    ):
        verdicts = Verdicts(BREAKING, BY_HAND, COMPATIBLE)
        pair = before[gone[0]], after[more[0]]
        words = "Callers that read it no longer find it, nor does the client."
        found.emit("header-renamed", *pair, verdicts, words, values=(gone[0], more[0]), upgrade=True)
        gone, more = [], []
    for name in gone:
        words = "Callers that read it no longer find it, nor does the client."
        verdicts = Verdicts(BREAKING, BY_HAND, COMPATIBLE)
        found.emit("header-removed", before[name], None, verdicts, words, values=(name, None), upgrade=True)
    for name in more:
        at = found.new.follow(after[name])
        verdicts = Verdicts(COMPATIBLE, NONE, BREAKING if at.value.get("required") else COMPATIBLE)
        found.emit("header-added", None, after[name], verdicts, "Callers may read more.", values=(None, name))
    for name, at in before.items():
        if name in after:
            if at.pointer.rpartition("/")[2] != after[name].pointer.rpartition("/")[2]:
                found.emit("redundant-keyword", at, after[name], Verdicts(), "Names of headers have no case.")
            _header(found, walk, found.old.follow(at), found.new.follow(after[name]))


def _header_text(document: Document, at: At) -> str:
    return stable(document.follow(at).value)


def _header(found: Collector, walk: SchemaWalk, old: At, new: At) -> None:
    for key, one, other in found.members(old, new):
        if key == "schema" and one is not None and other is not None:
            walk.compare(one, other, Use(Flow.RESPONSE, generated=False))
        elif one is not None and other is not None and stable(one.value) == stable(other.value):
            continue
        elif key == "schema":
            words = "What the header holds is no longer said, or is said for the first time."
            found.emit("header-form-changed", one, other, Verdicts(BREAKING, NONE, BREAKING), words)
        elif key == "required":
            required = [at is not None and bool(at.value) for at in (one, other)]
            if required[0] == required[1]:
                redundant(found, one, other)
            else:
                verdicts = Verdicts(COMPATIBLE, NONE, BREAKING) if required[1] else Verdicts(BREAKING, NONE, COMPATIBLE)
                word = "required" if required[1] else "optional"
                found.emit(f"header-{word}", one, other, verdicts, f"The header is {word} now.")
        elif key in {"description", "example", "examples", "deprecated"}:
            found.emit(f"{key.removesuffix('s')}-changed", one, other, TOLD_IN_HTTP, "Only people read it.")
        elif key == "x-source":
            compare_source(found, one, other)
        else:
            found.unjudged(one, other, f"no rule knows {key} of a header")
