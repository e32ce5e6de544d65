"""Names of parameters that the generator, the client or the command line cannot take."""

from __future__ import annotations

import builtins
import keyword
import re
from typing import Final

_CLIENT: Final = frozenset({"model", "self", "timeout", "on_status", "path", "overwrite", "poll_interval"})
"""What the client's calls name themselves."""

_COMMAND_LINE: Final = frozenset({"force", "sync", "target", "out", "as_json", "json", "timeout", "help", "ctx"})
"""What the commands of each model name themselves."""

_BATCH: Final = frozenset({"model", "file"})
"""What a line of a batch names itself."""

_GENERATED: Final = frozenset({"additional_properties", "to_dict", "from_dict", "true", "false", "datetime"})
"""What the generated request types name themselves, or rename."""

_PLAIN: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")


def refusal(name: str) -> str | None:
    """Return why the client cannot be generated with a parameter of this name, or None if it can."""
    if name in {"model", "timeout", "on_status"}:
        return "a name that the client uses itself"
    return _not_kept(name)


def objection(name: str) -> str | None:
    """Return why a parameter should not have this name, or None: it is free in the client and the command line."""
    if words := _not_kept(name):
        return words
    users = [("client", _CLIENT), ("command line", _COMMAND_LINE), ("batch", _BATCH)]
    taken = [user for user, names in users if name in names]
    return f"a name that the {' and the '.join(taken)} uses itself" if taken else None


def _not_kept(name: str) -> str | None:
    if not _PLAIN.fullmatch(name):
        return "no lower-case Python name, so the generator would change it"
    if keyword.iskeyword(name):
        return "a keyword of Python"
    # The generator gives each of these an underscore at the end, but for `id`.
    if (hasattr(builtins, name) and name != "id") or name in _GENERATED:
        return "a name that the generator changes or uses itself"
    return None
