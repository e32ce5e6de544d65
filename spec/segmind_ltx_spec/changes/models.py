"""Rules for `x-model`: the name of a model, its price and usual time, and how a request determines its video."""

from __future__ import annotations

from typing import Final

from segmind_ltx_spec.changes.collect import (
    BEHAVIOURAL,
    BREAKING,
    INFORMATIONAL,
    NONE,
    TOLD,
    Collector,
    stable,
)
from segmind_ltx_spec.changes.document import At, is_object
from segmind_ltx_spec.changes.provenance import compare_source
from segmind_ltx_spec.changes.verdicts import Verdicts

ANOTHER_VIDEO: Final = Verdicts(BEHAVIOURAL, BEHAVIOURAL, BREAKING)


def compare_model(found: Collector, old: At | None, new: At | None) -> None:
    """Judge each part of a model's description."""
    if old is None or new is None:
        word = "added" if old is None else "removed"
        verdicts = Verdicts(NONE, BREAKING if new is None else INFORMATIONAL, NONE)
        found.emit(f"model-{word}", old, new, verdicts, "The client offers a model for each x-model.")
        return
    for key in {**old.value, **new.value}:
        before = found.old.child(old, key) if key in old.value else None
        after = found.new.child(new, key) if key in new.value else None
        if before is not None and after is not None and stable(before.value) == stable(after.value):
            continue
        match key:
            case "slug":
                words = "Programs name the model by its slug."
                found.emit("model-renamed", before, after, Verdicts(NONE, BREAKING, NONE), words)
            case "title" | "summary":
                found.emit(f"model-{key}-changed", before, after, TOLD, "Only people read it.")
            case "latency" | "price":
                _figure(found, before, after, key)
            case "video":
                _video(found, before, after)
            case "x-source":
                compare_source(found, before, after)
            case _:
                found.unjudged(before, after, f"no rule knows {key} of a model")


def _figure(found: Collector, old: At | None, new: At | None, key: str) -> None:
    """Judge a price or a usual time; what it comes from is another change."""
    known = {"latency": {"seconds"}, "price": {"usd_low", "usd_high"}}[key]
    words = {
        "latency": "The client polls about when a job is usually done.",
        "price": "The client and the batch's budget reckon with it.",
    }[key]
    if old is None or new is None or not is_object(old.value) or not is_object(new.value):
        found.emit(f"{key}-changed", old, new, TOLD, words)
        return
    for name in {**old.value, **new.value}:
        before = found.old.child(old, name) if name in old.value else None
        after = found.new.child(new, name) if name in new.value else None
        if before is not None and after is not None and stable(before.value) == stable(after.value):
            continue
        if name == "x-source":
            compare_source(found, before, after)
        elif name in known:
            found.emit(f"{key}-changed", before, after, TOLD, words)
        else:
            found.unjudged(before, after, f"no rule knows {name} of a model's {key}")


def _video(found: Collector, old: At | None, new: At | None) -> None:
    """Judge the rules by which a request determines its video: one change for each of size, frames, fps, sound."""
    if old is None or new is None or not is_object(old.value) or not is_object(new.value):
        found.emit("video-changed", old, new, ANOTHER_VIDEO, "Requests make other videos.")
        return
    for part in {**old.value, **new.value}:
        before = found.old.child(old, part) if part in old.value else None
        after = found.new.child(new, part) if part in new.value else None
        if before is not None and after is not None and stable(before.value) == stable(after.value):
            continue
        rules: list[object] = [None if at is None else _without_source(at) for at in (before, after)]
        if stable(rules[0]) != stable(rules[1]):
            words = f"The same request makes a video of another {part}, or so it is said."
            found.emit(f"video-{part}-changed", before, after, ANOTHER_VIDEO, words, values=(rules[0], rules[1]))
        if before is not None and after is not None:
            sources = [_source(found, at, side) for side, at in (("old", before), ("new", after))]
            if stable(sources[0] and sources[0].value) != stable(sources[1] and sources[1].value):
                compare_source(found, *sources)


def _without_source(at: At) -> object:
    return {key: value for key, value in at.value.items() if key != "x-source"} if is_object(at.value) else at.value


def _source(found: Collector, at: At, side: str) -> At | None:
    document = found.old if side == "old" else found.new
    return document.child(at, "x-source") if is_object(at.value) and "x-source" in at.value else None
