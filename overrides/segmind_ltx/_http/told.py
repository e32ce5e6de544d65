"""Describe a call and its outcome in one line, for people who want to see what is sent."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from segmind_ltx._config import Secret
from segmind_ltx._core.effects import Call, NoResponse, Response
from segmind_ltx._http.failures import redact

LONGEST: Final = 400
"""Characters of a body."""
_LONG_TEXT: Final = re.compile(r'"((?!https?://)(?:[^"\\]|\\.){60,})"')


def describe_call(call: Call, reply: Response | NoResponse, seconds: float, key: Secret) -> str:
    """Return the call and its outcome without the key. Prompts and images are cut, and so is a signed address."""
    sent = "" if call.json is None else f" {_shortened(_json(call.json))}"
    # The query of an output's address may be a signature that opens it.
    path = call.path if call.sink is None else call.path.partition("?")[0]
    if isinstance(reply, NoResponse):
        came = f"{'no response' if reply.sent else 'not sent'}: {reply.reason}"
    elif call.sink is not None or not _is_text(reply.body):
        came = f"{reply.status}, {max(reply.size, len(reply.body))} bytes"
    else:
        came = f"{reply.status} {_shortened(reply.body.decode('utf-8', 'replace'))}"
    return redact(f"{call.method} {path}{sent} -> {came} ({seconds:.2f} s)", key)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _shortened(text: str) -> str:
    short = _LONG_TEXT.sub(lambda match: f'"{match[1][:10]}… ({len(match[1])} characters)"', text)
    return short if len(short) <= LONGEST else f"{short[:LONGEST]}… ({len(text)} characters)"


def _is_text(body: bytes) -> bool:
    return b"\0" not in body[:1024]
