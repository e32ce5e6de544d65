"""The sentences of derived clauses: what a keyword of a schema, or a rule under ``x-model.video``, says in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from segmind_ltx_spec.contract import SpecError

TYPES: Final = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}

KEYWORDS: Final = {
    "const": "is always {}",
    "default": "is {} if it is left out",
    "enum": "is one of {}",
    "exclusiveMaximum": "is less than {}",
    "exclusiveMinimum": "is more than {}",
    "format": "has the form of a {}",
    "maxLength": "has a length of at most {}",
    "maximum": "is at most {}",
    "minLength": "has a length of at least {}",
    "minimum": "is at least {}",
    "multipleOf": "is a multiple of {}",
    "pattern": "matches {}",
}


def phrase(keyword: str, value: Any) -> str:
    """Put a keyword into words: ``phrase("minimum", 1)`` is "is at least 1"."""
    if keyword == "type":
        names: list[str] = [value] if isinstance(value, str) else value
        return f"is {' or '.join(TYPES[name] for name in names)}"
    return KEYWORDS.get(keyword, f"has {keyword} {{}}").format(value if keyword == "format" else text(value))


def text(value: Any) -> str:
    """Return a JSON value as it stands in a sentence: ``[6, 8]`` is "6, 8"."""
    return json.dumps(value, ensure_ascii=False).strip("[]")


def video_rule(part: str, rule: Mapping[str, Any]) -> str:
    """What a rule under ``x-model.video`` says of the video. Raises `SpecError` on a rule that is not known."""
    match part, rule:
        case "size", {"rule": "sides", "width": width, "height": height}:
            return f"the video is {width} pixels wide and {height} pixels high"
        case "size", {"rule": "table", "parameter": name, "table": table}:
            words = (f"{word} is {width}x{height}" for word, (width, height) in table.items())
            return f"the size of the video follows from {name}: {', '.join(words)}"
        case "size", {"rule": "mean-side", "side": side, "ratio": ratio, "multiple_of": step}:
            return f"the sides of the video are as {ratio}, their mean is {side}, and each is a multiple of {step}"
        case "frames", {"rule": "frames", "parameter": name}:
            return f"the video has {name} frames"
        case "frames", {"rule": "seconds", "parameter": name}:
            return f"the video lasts {name} seconds"
        case "fps", {"parameter": value} | {"value": value}:
            return f"the video has {value} frames a second"
        case "sound", {"parameter": name}:
            return f"the video has sound if {name} is true, and no sound if it is false"
        case "sound", {"value": bool() as value}:
            return f"the video has {'sound' if value else 'no sound'}"
        case _:
            raise SpecError(f"x-model.video.{part}: a rule without words, {dict(rule)!r}")
