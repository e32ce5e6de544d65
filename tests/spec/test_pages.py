"""Test the five models against a table that was copied from the pages by hand, not from the document."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import frozen

from segmind_ltx_spec import Contract

NOTHING = object()


@frozen
class Row:
    """A parameter as its page prints it."""

    type: str
    required: bool = False
    default: Any = NOTHING
    between: tuple[int, int] | None = None
    allowed: tuple[Any, ...] | None = None
    null: bool = False
    uri: bool = False


PROMPT = Row("string", required=True)
TEXT = Row("string")
AVOID_000 = "low quality, worst quality, deformed, distorted"
AVOID_004 = "blurry, low quality, still frame, frames, watermark, overlay, titles, has blurbox, has subtitles"
PRINTED_RATIOS = ("1:1", "1:2", "2:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16")
INFERRED_RATIOS = ("9:21", "16:9", "21:9")

PAGES: dict[str, dict[str, Row]] = {
    "ltx-video": {
        "prompt": PROMPT,
        "negative_prompt": Row("string", default=AVOID_000),
        "aspect_ratio": Row("string", default="3:2", allowed=PRINTED_RATIOS + INFERRED_RATIOS),
        "cfg": Row("number", default=3, between=(1, 20)),
        "image": Row("string", default=None, null=True, uri=True),
        "length": Row("integer", default=97, allowed=(97, 129, 161, 193, 225, 257)),
        "seed": Row("integer"),
        "steps": Row("integer", default=30, between=(1, 50)),
        "target_size": Row("integer", default=640, allowed=(512, 576, 640, 704, 768, 832, 896, 960, 1024)),
    },
    "ltx-2-19b-t2v": {
        "prompt": PROMPT,
        "fps": Row("integer", default=24, between=(1, 30)),
        "guidance_scale": Row("number", default=4, between=(1, 20)),
        "height": Row("integer", default=768, between=(256, 1280)),
        "negative_prompt": TEXT,
        "num_frames": Row("integer", default=161, between=(1, 400)),
        "seed": Row("integer", default=1234567890),
        "width": Row("integer", default=1024, between=(256, 1280)),
    },
    "ltx-2-fast": {
        "prompt": PROMPT,
        "duration": Row("integer", default=8, allowed=(6, 8, 10)),
        "generate_audio": Row("boolean", default=True),
        "image": Row("string", default=None, null=True, uri=True),
        "resolution": Row("string", default="2k", allowed=("1080p", "2k", "4k")),
    },
    "ltx-2-pro": {
        "prompt": PROMPT,
        "duration": Row("integer", default=6, allowed=(6, 8, 10)),
        "generate_audio": Row("boolean", default=True),
        "image": Row("string", uri=True),
        "resolution": Row("string", default="1080p", allowed=("1080p", "2k", "4k")),
    },
    "ltx-2-19b-i2v": {
        "image": Row("string", required=True, uri=True),
        "prompt": PROMPT,
        "fps": Row("integer", default=24, between=(1, 30)),
        "guidance_scale": Row("number", default=4, between=(1, 20)),
        "height": Row("integer", default=1280, between=(256, 1280)),
        "negative_prompt": Row("string", default=AVOID_004),
        "num_frames": Row("integer", default=181, between=(1, 400)),
        "seed": Row("integer", default=42),
        "width": Row("integer", default=720, between=(256, 1280)),
    },
}

# Seconds, then USD from and to, then the grade of the price.
COSTS = {
    "ltx-video": (55.02, 0.057, 0.057, "P"),
    "ltx-2-19b-t2v": (102.69, 0.416, 0.416, "D"),
    "ltx-2-fast": (46.54, 0.30, 2.00, "D"),
    "ltx-2-pro": (70.71, 0.30, 2.00, "I"),
    "ltx-2-19b-i2v": (108.89, 0.455, 0.455, "P"),
}


def test_models_are_the_five_pages(contract: Contract) -> None:
    """The contract has the models of the pages in x-documents; this file has a table for each."""
    named = {page.model for page in contract.pages.values()}
    assert named == set(PAGES), f"copy the table of each page into PAGES, COSTS by hand: {named ^ set(PAGES)}"
    assert set(PAGES) <= set(contract.models)


@pytest.mark.parametrize("slug", PAGES)
def test_model_has_parameters_of_page(contract: Contract, slug: str) -> None:
    """A model has the parameters of its page, all others are of other sources; it requires the same ones."""
    model = contract.models[slug]
    printed = {name for name, schema in model.parameters.items() if schema["x-source"]["grade"] == "D"}
    differing = printed ^ set(PAGES[slug])
    assert not differing, f"copy from the page into PAGES[{slug!r}], or grade P or I: {differing}"
    assert model.required & printed == {name for name, row in PAGES[slug].items() if row.required}


@pytest.mark.parametrize(("slug", "name"), [(slug, name) for slug, rows in PAGES.items() for name in rows])
def test_parameter_is_as_printed(contract: Contract, slug: str, name: str) -> None:
    """A parameter has the type, default and allowed values that its page prints."""
    row = PAGES[slug][name]
    expected: dict[str, Any] = {"type": [row.type, "null"] if row.null else row.type}
    if row.default is not NOTHING:
        expected["default"] = row.default
    if row.between:
        expected["minimum"], expected["maximum"] = row.between
    if row.allowed:
        expected["enum"] = list(row.allowed)
    if row.uri:
        expected["format"] = "uri"
    schema = contract.models[slug].parameters[name]
    stated = {key: value for key, value in schema.items() if key not in {"description", "examples", "x-source"}}
    assert stated == expected
    # True == 1 and 3 == 3.0 in Python, but not on the wire.
    assert {key: type(value) for key, value in stated.items()} == {key: type(value) for key, value in expected.items()}


@pytest.mark.parametrize("slug", COSTS)
def test_time_and_price(contract: Contract, slug: str) -> None:
    """A model has the usual time and the price of its page, with the grade of the price."""
    model = contract.models[slug]
    grade = model.schema["x-model"]["price"]["x-source"]["grade"]
    assert (model.seconds, model.usd_low, model.usd_high, grade) == COSTS[slug]


@pytest.mark.parametrize("slug", PAGES)
def test_routes_of_model(contract: Contract, slug: str) -> None:
    """Two of the pages name v2 (D); for the other models it is known from other pages (P)."""
    model = contract.models[slug]
    assert (model.v1, model.v2) == (f"/v1/{slug}", f"/v2/{slug}")
    assert model.v2_source.grade == ("D" if slug in {"ltx-2-pro", "ltx-2-19b-i2v"} else "P")


def test_statuses_of_each_operation(contract: Contract) -> None:
    """Every GET and every POST has the documented statuses, and no others."""
    named = {"400", "401", "403", "404", "406", "429", "500", "502", "504"}
    for path, method, operation in contract.operations():
        reading = {"401", "403", "404", "422", "429", "500", "502", "504", "200"}
        expected = reading if method == "get" else {"200", "410", *named}
        assert set(operation["responses"]) == {*expected, "default"}, path


def test_submit_requires_three_fields(contract: Contract) -> None:
    """The response to a submit requires an id and two URLs."""
    accepted = contract.at("#/components/responses/JobAccepted/content/application~1json/schema/required")
    assert accepted == ["request_id", "status_url", "response_url"]
