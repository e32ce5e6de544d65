"""The sample on a page: which parameters it sends, with which values.

A sample differs from the table now and then, so it decides nothing. It is evidence of the place at which a glued name
begins, and of the way to split a run of digits.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

_PAIR: Final = re.compile(r'^ *\d* *"(\w+)": ?', re.MULTILINE)
_KEYWORD: Final = re.compile(r"^ *\d+ *(\w+)=(?=[\"\d\-\[TFN])", re.MULTILINE)
_PYTHON: Final = re.compile(r"\b(True|False|None)\b")
_JSON_WORDS: Final = {"True": "true", "False": "false", "None": "null"}
_URL: Final = re.compile(r"https://api\.segmind\.com/v1/([\w./-]+)")
_CALL: Final = re.compile(r'(?:submit_async|segmind\.run|run|chat)\(\s*(?:\d+ *)?"([\w.-]+)"')


def sample_values(code: str) -> dict[str, Any]:
    """Return the values that a sample sends, by parameter."""
    found: dict[str, Any] = {}
    for pattern in (_KEYWORD, _PAIR):
        for pair in pattern.finditer(code):
            line = code[pair.end() :].partition("\n")[0].rstrip(", ")
            try:
                found[pair[1]] = json.loads(line)
            except ValueError:
                word = _PYTHON.fullmatch(line)
                if word:
                    found[pair[1]] = json.loads(_JSON_WORDS[word[1]])
                else:
                    found.setdefault(pair[1], ...)
    return found


def sample_slugs(code: str) -> tuple[str, ...]:
    """Return the models that a sample calls, each once."""
    slugs = [found[1].rpartition("/")[2] for found in _URL.finditer(code)]
    slugs += [found[1] for found in _CALL.finditer(code)]
    return tuple(dict.fromkeys(slug for slug in slugs if slug != "requests"))
