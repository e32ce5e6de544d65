"""Nothing unseen: every leaf of both files is edited, one at a time, and no edit may pass in silence."""

from __future__ import annotations

import copy
import os
import pickle
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from segmind_ltx_spec import OPENAPI_PATH
from segmind_ltx_spec.changes.comparison import compare
from segmind_ltx_spec.changes.document import CannotCompareError, Document, is_list, is_object, read_folder

FOLDER = Path(OPENAPI_PATH).parent
BASE = read_folder("old", FOLDER)

PICKLED = pickle.dumps({"api": BASE.api, "written": BASE.written})
"""For fast copies that keep what YAML anchors share."""

EDITS = ("changed", "deleted", "sibling added")


class Leaf(NamedTuple):
    """A value that is no object and no list (an empty one counts as a value), by file and path."""

    file: str
    path: tuple[Any, ...]

    @property
    def name(self) -> str:
        return f"{self.file}#/{'/'.join(map(str, self.path))}"


def leaves(value: Any, file: str, path: tuple[Any, ...], seen: set[int]) -> Iterator[Leaf]:
    """All leaves, those behind a YAML anchor once."""
    if not (is_object(value) or is_list(value)) or not value:
        yield Leaf(file, path)
        return
    if id(value) in seen:
        return
    seen.add(id(value))
    items: Iterable[tuple[Any, Any]] = value.items() if is_object(value) else enumerate(value)
    for key, item in items:
        yield from leaves(item, file, (*path, key), seen)


EVERY = [*leaves(BASE.api, "api", (), set()), *leaves(BASE.written, "written", (), set())]
ALL = EVERY if os.environ.get("SEGMIND_LTX_LEAVES") == "all" else EVERY[::24]
"""Every 24th leaf; all of them in `nox -s leaves`, which takes minutes."""


def other(value: Any) -> Any:
    """Another value of the same type."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value}x"
        case None:
            return "not null"
        case list():
            return [*value, "one"]
        case _:
            return {"x-one": 1}


def edited(leaf: Leaf, edit: str) -> Document:
    """The contract with one edit at one leaf."""
    sides = pickle.loads(PICKLED)  # noqa: S301 - our own
    parent: Any = sides[leaf.file]
    for key in leaf.path[:-1]:
        parent = parent[key]
    last = leaf.path[-1]
    if edit == "changed":
        parent[last] = other(parent[last])
    elif edit == "deleted":
        del parent[last]
    elif is_list(parent):
        parent.append(other(parent[last]))
    else:
        parent["zz-sibling"] = copy.deepcopy(parent[last])
    return Document("new", sides["api"], sides["written"])


def seen(leaf: Leaf, edit: str) -> str:
    """What came of an edit: claimed by rules, listed as unjudged, refused, or silence."""
    try:
        found = compare(BASE, edited(leaf, edit))
    except CannotCompareError:
        return "not comparable"
    if found.unjudged:
        return "unjudged"
    return "claimed" if found.changes else "silence"


@pytest.mark.parametrize("edit", EDITS)
def test_leaf_edit_is_seen(edit: str) -> None:
    """No edit of a single leaf passes in silence, and what is known is claimed by a rule."""
    came: dict[str, list[str]] = {}
    for leaf in ALL:
        came.setdefault(seen(leaf, edit), []).append(leaf.name)
    counts = Counter({word: len(names) for word, names in came.items()})
    assert len(EVERY) > 1000
    assert not came.get("silence"), (counts, came["silence"][:20])
    if edit != "sibling added":  # A new key that nobody knows is what "unjudged" is for.
        # The version of OpenAPI itself, and a parameter without a name: only a person can say what they mean.
        # An empty media type has nothing to change, so it gets a key that nobody knows.
        left = {
            "api#/openapi",
            "api#/components/parameters/RequestId/name",
            "api#/components/responses/VideoMade/content/video/mp4",
        }
        assert set(came.get("unjudged", [])) <= left, (counts, came["unjudged"][:20])
        # The edit of a reference leads nowhere; it ends with exit status 2.
        assert all(name.endswith("/$ref") for name in came.get("not comparable", [])), came["not comparable"][:20]
