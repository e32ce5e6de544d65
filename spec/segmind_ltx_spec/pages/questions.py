"""What a page cannot say about a new model, as questions for a person.

Each names a place below the request schema. The loader refuses the schema as long as ``x-questions`` holds one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from segmind_ltx_spec.pages.page import Json, Page, PageParameter

_SOURCE = "and an x-source with its grade"


def questions(page: Page, parameters: Mapping[str, PageParameter]) -> list[Json]:
    """Return the open questions of a page as entries of ``x-questions``."""
    return [{"at": at, "ask": ask} for at, ask in _all(page, parameters)]


def _all(page: Page, parameters: Mapping[str, PageParameter]) -> Iterator[tuple[str, str]]:
    if page.latency_seconds is None:
        yield "x-model/latency", f"How many seconds does a job take as a rule? Write seconds {_SOURCE}."
    if page.price is None:
        yield "x-model/price", f"What does a job cost in USD? Write usd_low, usd_high {_SOURCE}."
    for part, known, rules in (
        ("size", _size(parameters), "sides (width, height), table (parameter, table) or mean-side"),
        ("frames", _frames(parameters), "frames (parameter) or seconds (parameter)"),
        ("fps", _first(parameters, "fps", "frame_rate", "frames_per_second"), "parameter or value"),
        ("sound", _first(parameters, "generate_audio", "audio", "with_audio"), "parameter, or value: true or false"),
    ):
        hint = f" Perhaps {known}." if known else ""
        yield f"x-model/video/{part}", f"What decides the video's {part}? Write a rule: {rules}, {_SOURCE}.{hint}"
    for name, row in parameters.items():
        place = f"properties/{name}"
        if row.state == "ambiguous":
            yield place, f"Line {row.line} can be read in several ways: {_choices(row)}. Which one is right?"
        elif row.state != "read":
            yield place, f"Line {row.line} could not be read to its end. What does the page print there?"
        if hidden := row.facts.get("allowed_not_shown"):
            yield (
                f"{place}/enum",
                f"The page hides {hidden} more values. Add them, and list them under x-source/inferred.",
            )
        if row.type in {"array", "object"}:
            yield place, f"The page does not say what the {row.type} holds. Write its items."


def _choices(row: PageParameter) -> str:
    return " or ".join(
        ", ".join(f"{key} {value!r}" for key, value in candidate.items()) for candidate in row.candidates[:5]
    )


def _size(parameters: Mapping[str, PageParameter]) -> str | None:
    if {"width", "height"} <= parameters.keys():
        return "{rule: sides, width: width, height: height}"
    named = _first(parameters, "resolution", "size", "aspect_ratio")
    return named and f"{{rule: table, {named[1:-1]}, table: {{…: [width, height]}}}}"


def _frames(parameters: Mapping[str, PageParameter]) -> str | None:
    frames = _first(parameters, "num_frames", "length", "frames", "video_length")
    seconds = _first(parameters, "duration", "seconds")
    named: Any = frames or seconds
    return named and f"{{rule: {'frames' if frames else 'seconds'}, {named[1:-1]}}}"


def _first(parameters: Mapping[str, PageParameter], *names: str) -> str | None:
    return next((f"{{parameter: {name}}}" for name in names if name in parameters), None)
