"""A page of any made-up model, printed in any layout, is read back as it was printed."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from segmind_ltx_spec.pages import PageText, parse_page

from .printing import NOTHING, Age, MadeUpModel, MadeUpRow, Style, page

NAMES = [
    "prompt", "seed", "length", "cfg", "image", "voice_1", "image_format", "base64", "true_cfg_scale", "null_text",
    "steps", "width", "model_2x", "more_detail", "last_frame_image", "fps", "guidance_scale", "style", "mode", "x",
]  # fmt: skip
DESCRIPTIONS = [
    None, "Number of steps.", "Between 512 and 2048 in multiples of 8", "Default 8 for most", "One of fast, slow or 7",
    "Use 'a', \"b\" or 3", "An optional string that is required at times.", "Seed (1 to 5)", "Quality: 0-100",
    "Is it true", "May be null", "Pick 5 seconds for previews, 10 for scenes", "Format of the output [png]",
    "Default: whatever suits", "Allowed values: two", "Range from 1 to 10",
    "Allowed values are shown below", "Ends with a number 42",
]  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(["", "low quality, blur", 'a "quoted" word', "C:\\temp", "one\ntwo", "16:9", "2k", "png", "null"]),
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], include_characters=" "), max_size=30),
)
RATIOS = ["1:1", "16:9", "9:16", "4:3", "3:4", "21:9", "9:21", "2:3", "3:2", "5:4", "4:5", "1:2", "2:1"]
INTEGERS = st.integers(-10, 10_000)
LISTS = [
    [5, 10], [6, 8, 10], [97, 129, 161, 193, 225, 257], [512, 640, 768, 896, 1024], [2, 4, 8], [14, 25], [1024],
    [1, 2, 3, 4], [1, 2, 4, 8, 16, 32], list(range(5, 70, 5)), list(range(3, 16)), [480, 720, 1080], [0, 1],
    [16000, 22050, 44100], [256, 512, 1024, 2048], [-1, 0, 1], [90, 180, 270], [24, 25, 30, 60], [5, 8, 10, 15, 20],
]  # fmt: skip
NUMBERS = st.one_of(INTEGERS, st.integers(1, 4000).map(lambda one: one / 100))


NOISE = [
    ("", ""),
    ("\n", "\r\n"),
    ("\n", " \n"),
    ("API", "\ufeffAPI"),
    ("optional", "\u200boptional"),
    (" - ", "\u00a0- "),
]


@st.composite
def rows(draw: st.DrawFn, name: str) -> MadeUpRow:
    kind = draw(st.sampled_from(["string", "string (uri)", "string[]", "integer", "number", "boolean"]))
    facts: dict[str, Any] = {"name": name, "type": kind, "required": draw(st.booleans())}
    facts["description"] = draw(st.sampled_from(DESCRIPTIONS))
    form = draw(st.sampled_from(["nothing", "default", "null", "range", "list"]))
    values: st.SearchStrategy[Any] = {
        "integer": INTEGERS,
        "number": NUMBERS,
        "boolean": st.booleans(),
        "string[]": st.just([]),
    }.get(kind, TEXTS)
    if form == "null":
        facts["default"] = None
    elif form == "default" or (form in {"range", "list"} and kind in {"boolean", "string[]", "string (uri)"}):
        facts["default"] = draw(values)
    elif form == "range" and kind in {"integer", "number"}:
        low, high = sorted(draw(st.lists(values, min_size=2, max_size=2, unique=True)))
        facts["between"] = (low, high)
        if draw(st.booleans()):
            facts["default"] = draw(st.sampled_from([low, high]))
    elif form == "list" and kind == "integer":
        facts["allowed"] = tuple(draw(st.sampled_from(LISTS)))
        facts["default"] = draw(st.sampled_from([*facts["allowed"][:10], *_none_or_null(facts["allowed"])]))
    elif form == "list" and kind == "number":
        facts["allowed"] = tuple(
            sorted(draw(st.sets(st.sampled_from([0.1, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 10]), min_size=2)))
        )
        facts["default"] = draw(st.sampled_from([*facts["allowed"], NOTHING]))
    elif form == "list" and kind == "string":
        facts["allowed"] = tuple(draw(st.lists(st.sampled_from(RATIOS), min_size=1, unique=True)))
        facts["default"] = draw(st.sampled_from([*facts["allowed"], NOTHING, None]))
        if len(facts["allowed"]) <= 10 and len(facts["allowed"]) > 1 and draw(st.booleans()):
            facts["value_labels"] = tuple(f"Choice {one}" for one in "abcdefghij"[: len(facts["allowed"])])
    return MadeUpRow(**facts)


def _none_or_null(values: tuple[Any, ...]) -> list[Any]:
    """A list of a single number has a default on every known page; without, it looks like one."""
    return [NOTHING, None] if len(values) > 1 else []


@st.composite
def models(draw: st.DrawFn) -> MadeUpModel:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=7, unique=True))
    made = tuple(draw(rows(name)) for name in names)
    sample: dict[str, Any] = {}
    for row in made:
        if draw(st.booleans()):
            known = [*row.shown, *([] if row.default is NOTHING else [row.default]), "other"]
            # A sample may differ from a default, but not from a list.
            known += [] if row.allowed else [7]
            sample[row.name] = draw(st.sampled_from(known))
    return MadeUpModel(rows=made, sample=sample)


@settings(max_examples=400, deadline=None)
@given(
    models(),
    st.sampled_from(["line", "flat", "spaced"]),
    st.sampled_from(["A", "B", "C"]),
    st.sampled_from([None, False]),
    st.booleans(),
    st.sampled_from(NOISE),
)
def test_page_is_read_back_as_printed(
    model: MadeUpModel, style: Style, age: Age, labels: bool | None, doubled: bool, noise: tuple[str, str]
) -> None:
    """No fact is wrong: it is read as printed, or the row is ambiguous and the printed facts are a candidate."""
    text = page(model, style, age, labels=labels, doubled=doubled).replace(*noise)
    read = parse_page(PageText.of(text))
    assert read.unreadable is None
    assert read.parameters is not None
    assert list(read.parameters) == [row.name for row in model.sorted_rows], text
    assert read.complete
    assert read.unread == ()
    for row in model.sorted_rows:
        seen = read.parameters[row.name]
        assert (seen.required, seen.type) == (row.required, row.type)
        if seen.state == "ambiguous":
            assert row.facts in [{**seen.facts, **candidate} for candidate in seen.candidates], text
        else:
            assert (seen.state, seen.facts) == ("read", row.facts), text
