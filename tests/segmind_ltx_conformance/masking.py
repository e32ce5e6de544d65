"""Find secrets in texts, in whatever form they are written, and mask values by the name that they stand under.

A closed list of bad names always lacks one. So a value is shown only if its name is known to be harmless; everything
else is masked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Final, cast

SECRET_NAME: Final = re.compile(r"(?i)key|token|secret|auth|cookie|sig|pass|session|credential|pin\b|otp")
"""Names whose values are secrets, wherever else they occur."""
SHAPES: Final = re.compile(
    r"\bSG_[0-9A-Za-z]{8,}"  # The vendor's own keys.
    r"|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"  # A JSON web token.
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bsk-[\w-]{16,}|\bgh[pousr]_\w{20,}|\bxox[a-z]-[\w-]{10,}"
    r"|(?<=Bearer )(?!\[)\S{6,}|(?<=Basic )(?!\[)[\w+/=]{6,}"
)
"""What keys and tokens of well-known services look like."""
NAMED_IN_TEXT: Final = re.compile(
    r"(?i)(?<![\w-])(?P<name>[\w.-]*(?:key|token|secret|auth|sig|signature|passw|password|session|credential)s?)"
    r"(?P<mark>[\"']?(?:=|\s*:\s*(?=\S*\d|\S{16}))[\"']?)(?P<value>(?!\[)[^\s\"'&;,<>)\]}]{4,})"
)
"""A name and a value in free text, such as ``password=hunter2``. After a colon, a plain word is taken for prose."""
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|-?\d[\d.eE+-]*', re.DOTALL)


@lru_cache(maxsize=256)
def forms_of(secret: str) -> re.Pattern[str]:
    r"""Return a pattern for a secret with each character raw, or escaped for JSON (``\u0053``), URLs or HTML."""
    return re.compile("".join(_forms_of_character(character) for character in secret))


def _forms_of_character(character: str) -> str:
    code = ord(character)
    forms = [
        rf"\\+(?i:u{code:04x})",
        "".join(rf"%(?i:{byte:02x})" for byte in character.encode()),
        rf"&#0*{code};",
        rf"&#[xX]0*(?i:{code:x});",
    ]
    escaped = json.dumps(character)[1:-1]
    if escaped != character:
        forms.append(re.escape(escaped))
    # The plain character comes last: a backslash is also how its own escape begins.
    forms.append(re.escape(character))
    named = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", " ": r"\+"}
    if character in named:
        forms.insert(0, named[character])
    return f"(?:{'|'.join(dict.fromkeys(forms))})"


def replace_secrets(text: str, labels: Mapping[str, str]) -> str:
    """Replace each secret by its label, the longest first, so that none is replaced inside a longer one."""
    for secret in sorted(labels, key=lambda one: (-len(one), one)):
        label = labels[secret]
        text = forms_of(secret).sub(lambda _, label=label: label, text)  # type: ignore[misc]
    return text


def mask_json(text: str, mask: Callable[[str | None, str], str]) -> str:
    """Return JSON text with ``mask(name, value)`` in place of each string, and of numbers under secret names.

    The rest of the text stays as it is, also if it is cut off or no JSON. ``name`` is that of the field around the
    value, or None if there is none.
    """
    parts: list[str] = []
    end = 0
    stack: list[tuple[str, str | None]] = []
    name: str | None = None
    for match in _TOKEN.finditer(text):
        part = match[0]
        if part in {"{", "["}:
            stack.append((part, name))
        elif part in {"}", "]"}:
            name = stack.pop()[1] if stack else None
        elif part == ",":
            if stack and stack[-1][0] == "[":
                name = stack[-1][1]
        elif part[0] == '"' and _is_name(text, match.end(), stack):
            name = _decoded(part)
        elif part != ":" and (part[0] == '"' or (name is not None and SECRET_NAME.search(name))):
            value = _decoded(part)
            if (masked := mask(name, value)) != value:
                parts += [text[end : match.start()], json.dumps(masked)]
                end = match.end()
    return "".join((*parts, text[end:]))


def _is_name(text: str, end: int, stack: list[tuple[str, str | None]]) -> bool:
    return bool(stack) and stack[-1][0] == "{" and re.match(r"\s*:", text[end : end + 64]) is not None


def _decoded(part: str) -> str:
    if part[0] != '"':
        return part
    try:
        return str(json.loads(part, strict=False))
    except ValueError:
        return part[1:-1]


def looks_like_json(text: str) -> bool:
    """Return whether a text begins as a JSON object or array."""
    return text.lstrip("\ufeff \t\r\n")[:1] in {"{", "["}


def names_in(schema: object) -> Iterator[str]:
    """Yield the names of all properties below a JSON schema."""
    if isinstance(schema, dict):
        given = cast("dict[str, object]", schema)
        properties = given.get("properties")
        if isinstance(properties, dict):
            yield from cast("dict[str, object]", properties)
        for value in given.values():
            yield from names_in(value)
    elif isinstance(schema, list):
        for value in cast("list[object]", schema):
            yield from names_in(value)
