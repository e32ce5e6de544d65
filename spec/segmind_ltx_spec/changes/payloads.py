"""Rules for request bodies and media types."""

from __future__ import annotations

from segmind_ltx_spec.changes.collect import (
    BREAKING,
    BY_HAND,
    COMPATIBLE,
    NONE,
    TOLD_IN_HTTP,
    Collector,
    Flow,
    stable,
)
from segmind_ltx_spec.changes.document import At, Document, is_object
from segmind_ltx_spec.changes.effects import Use
from segmind_ltx_spec.changes.provenance import compare_source
from segmind_ltx_spec.changes.schemas import SchemaWalk
from segmind_ltx_spec.changes.texts import redundant
from segmind_ltx_spec.changes.verdicts import Verdicts


def compare_body(found: Collector, walk: SchemaWalk, old: At, new: At) -> None:
    """Judge the request body of an operation."""
    before, after = member(found.old, old, "requestBody"), member(found.new, new, "requestBody")
    if before is None or after is None:
        if before is not after:
            required = after is not None and bool(after.value.get("required"))
            verdicts = Verdicts(BREAKING, BREAKING, BREAKING)
            if after is not None and not required:
                verdicts = Verdicts(COMPATIBLE, COMPATIBLE, BREAKING)
            rule = "body-added" if before is None else "body-removed"
            found.emit(rule, before, after, verdicts, "The operation takes a body, or no longer does.", upgrade=True)
        return
    for key, one, other in found.members(before, after):
        match key:
            case "content" if one is not None and other is not None:
                compare_content(found, walk, one, other, Use(Flow.REQUEST, request=True, top=True), success=False)
            case _ if one is not None and other is not None and stable(one.value) == stable(other.value):
                continue
            case "required":
                _body_required(found, one, other)
            case "description":
                found.emit("description-changed", one, other, TOLD_IN_HTTP, "Only people read it.")
            case "x-source":
                compare_source(found, one, other)
            case "content":
                words = "What the body may be is no longer said, or is said for the first time."
                found.emit("content-presence-changed", one, other, Verdicts(BREAKING, BREAKING, BREAKING), words)
            case _:
                found.unjudged(one, other, f"no rule knows {key} of a request body")


def _body_required(found: Collector, old: At | None, new: At | None) -> None:
    before, after = (at is not None and bool(at.value) for at in (old, new))
    if before == after:
        redundant(found, old, new)
    elif after:
        verdicts = Verdicts(BREAKING, BREAKING, BREAKING)
        found.emit("body-required", old, new, verdicts, "Calls without a body are refused.")
    else:
        verdicts = Verdicts(COMPATIBLE, COMPATIBLE, BREAKING)
        found.emit("body-optional", old, new, verdicts, "Calls without a body are accepted.")


def compare_content(found: Collector, walk: SchemaWalk, old: At, new: At, use: Use, *, success: bool) -> None:
    """Judge the media types, and the schema of each that both versions have."""
    if not is_object(old.value) or not is_object(new.value):
        if stable(old.value) != stable(new.value):
            found.unjudged(old, new, "the content is no object")
        return
    same = _same_types(old, new)
    gone = [name for name in old.value if name not in same]
    more = [name for name in new.value if name not in same.values()]
    response = use.flow is Flow.RESPONSE
    if len(gone) == len(more) == 1:
        pair = found.old.child(old, gone[0]), found.new.child(new, more[0])
        wider = more[0].endswith("/*") and gone[0].startswith(more[0][:-1])
        verdicts = Verdicts(BREAKING, BY_HAND if success else NONE if response else BREAKING, BREAKING)
        if wider:
            verdicts = verdicts._replace(server=COMPATIBLE) if response else Verdicts(COMPATIBLE, COMPATIBLE, BREAKING)
        words = f"{gone[0]} became {more[0]}."
        # The client reads an error of any type.
        upgrade = success or not (response or wider)
        found.emit("media-type-replaced", *pair, verdicts, words, values=(gone[0], more[0]), upgrade=upgrade)
        _media(found, walk, *pair, use)
    else:
        for name in gone:
            verdicts = Verdicts(COMPATIBLE, NONE, BREAKING) if response else Verdicts(BREAKING, BREAKING, COMPATIBLE)
            words = "Callers have one form less to understand." if response else "Bodies of this type are refused."
            at = found.old.child(old, name)
            found.emit("media-type-removed", at, None, verdicts, words, values=(name, None), upgrade=not response)
        for name in more:
            verdicts = Verdicts(COMPATIBLE, COMPATIBLE, BREAKING)
            if response:
                verdicts = Verdicts(BREAKING, BY_HAND if success else NONE, COMPATIBLE)
            words = (
                "Responses may come in a form that callers do not know." if response else "One more form is accepted."
            )
            at = found.new.child(new, name)
            found.emit("media-type-added", None, at, verdicts, words, values=(None, name))
    for name, other in same.items():
        pair = found.old.child(old, name), found.new.child(new, other)
        if name != other:
            found.emit("redundant-keyword", *pair, Verdicts(), "It is the same media type.", values=(name, other))
        _media(found, walk, *pair, use)


def _same_types(old: At, new: At) -> dict[str, str]:
    """Return the media types that both have, by name: capitals and the charset that JSON always has say nothing."""
    known = {_media_type(name): name for name in new.value}
    return {name: known[_media_type(name)] for name in old.value if _media_type(name) in known}


def _media_type(name: str) -> str:
    kind, *parameters = (part.strip().lower() for part in str(name).split(";"))
    if kind.endswith("json"):
        parameters = [one for one in parameters if one.replace('"', "") != "charset=utf-8"]
    return ";".join([kind, *sorted(parameters)])


def _only_bytes(schema: At | None, media: At) -> bool:
    """Whether a schema says of a body that is not JSON only that it is bytes, which holds without a schema too."""
    if schema is None or "json" in media.pointer.rpartition("/")[2]:
        return False
    return schema.value in ({"type": "string", "format": "binary"}, {}, True)


def _media(found: Collector, walk: SchemaWalk, old: At, new: At, use: Use) -> None:
    for key, one, other in found.members(old, new):
        if key == "schema":
            if one is not None and other is not None:
                walk.compare(one, other, use)
            elif _only_bytes(one or other, old):
                redundant(found, one, other)
            else:
                words = "The form of the body is no longer said, or is said for the first time."
                found.emit("schema-presence-changed", one, other, Verdicts(BREAKING, BREAKING, BREAKING), words)
        elif one is not None and other is not None and stable(one.value) == stable(other.value):
            continue
        elif key in {"example", "examples"}:
            _examples(found, one, other)
        elif key == "x-source":
            compare_source(found, one, other)
        else:
            found.unjudged(one, other, f"no rule knows {key} of a media type")


def _examples(found: Collector, old: At | None, new: At | None) -> None:
    """Judge examples by name, so that each edit has its own place."""
    if old is not None and new is not None and is_object(old.value) and is_object(new.value):
        for _, one, other in found.members(old, new):
            if one is None or other is None or stable(one.value) != stable(other.value):
                found.emit("example-changed", one, other, TOLD_IN_HTTP, "Only people read it.")
    else:
        found.emit("example-changed", old, new, TOLD_IN_HTTP, "Only people read it.")


def member(document: Document, at: At, key: str) -> At | None:
    """Return the object under a key, behind a reference; None if there is none."""
    found = document.follow(document.child(at, key)) if key in at.value else None
    return found if found is not None and is_object(found.value) else None
