"""Read the profile of a target: its base URL, a key for each scenario, and the limits of a run."""

from __future__ import annotations

import codecs
import os
import tomllib
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

from attrs import field, fields_dict, frozen

from segmind_ltx_conformance.masking import replace_secrets

SCENARIOS: Final[Mapping[str, int | None]] = {
    "valid": None,
    "other": None,
    "forbidden": 403,
    "no_credits": 406,
    "rate_limited": 429,
    "server_error": 500,
    "bad_gateway": 502,
    "gateway_timeout": 504,
    "failing": None,
}
"""The scenarios that a target may have a key for, each with the status that refuses its key; None if the key works.

If a scenario has no key, its checks are reported as not exercised.
"""
SCENARIO_STATUS: Final = {name: status for name, status in SCENARIOS.items() if status is not None}
"""The scenarios whose key is refused. The key without credits is refused only for POSTs."""
KEY_VARIABLE: Final = "SEGMIND_LTX_KEY_"
"""The prefix of the environment variable that holds a scenario's key."""


class ProfileError(ValueError):
    """The profile cannot be used; the message says what to change. It never contains a key."""


@frozen
class Keys:
    """The keys by scenario. Its repr shows only the names of the scenarios."""

    _by_scenario: Mapping[str, str] = field(repr=False, factory=dict[str, str])

    @cached_property
    def _labels(self) -> Mapping[str, str]:
        """The label of each key."""
        return {key: f"[{scenario} key]" for scenario, key in self._by_scenario.items()}

    def __getitem__(self, scenario: str) -> str:
        return self._by_scenario[scenario]

    def __contains__(self, scenario: object) -> bool:
        return scenario in self._by_scenario

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_scenario)

    def redact(self, text: str) -> str:
        """Replace each key by its scenario's name, also if it is escaped for JSON, URLs or HTML."""
        return replace_secrets(text, self._labels)

    def redact_bytes(self, data: bytes) -> bytes:
        """Replace each key in bytes of any encoding: a key is ASCII."""
        text = data.decode("latin-1")
        redacted = self.redact(text)
        return data if redacted == text else redacted.encode("latin-1")

    def __repr__(self) -> str:
        return f"<keys: {', '.join(self) or 'none'}>"


@frozen
class Limits:
    """The limits of a run. Times are in seconds, money in USD."""

    max_jobs: int = 60
    max_cost: float = 5.0
    job_timeout: float = 600.0
    poll_interval: float = 2.0


@frozen
class Target:
    """The server to test.

    ``advance`` is the path of the clock control, if the target has one. ``picture`` is the URL of an image that the
    target can reach; None uses the contract's own example.
    """

    base_url: str
    keys: Keys
    limits: Limits = field(factory=Limits)
    advance: str | None = None
    picture: str | None = None
    require: Mapping[str, Any] = field(factory=dict[str, Any])
    """The table ``[require]`` as it stands there; see `segmind_ltx_conformance.requirements`."""


def read_target(path: Path, environment: Mapping[str, str] = os.environ) -> Target:
    """Read the profile at ``path``; environment variables override its keys. Raises `ProfileError`."""
    try:
        profile = tomllib.loads(_text(path.read_bytes()))
    except OSError as error:
        raise ProfileError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # The decoder's message may quote the line, and the line may contain a key.
        # Only the line number is safe; the exception has it since Python 3.14.
        line: object = getattr(error, "lineno", None)
        place = f"line {line}" if isinstance(line, int) else "its text"
        raise ProfileError(f"{path}: not TOML, see {place}") from None
    return target_of(profile, str(path), environment)


def _text(data: bytes) -> str:
    """Decode a text file; one from Windows may begin with a byte order mark."""
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if utf16 else "utf-8-sig")


def target_of(profile: Mapping[str, Any], source: str, environment: Mapping[str, str]) -> Target:
    """Check a parsed profile. Raises `ProfileError`; its message begins with ``source``."""
    _known(profile, {"base_url", "picture", "keys", "clock", "limits", "require"}, source)
    base_url = profile.get("base_url")
    if not isinstance(base_url, str) or urlsplit(base_url).scheme not in {"http", "https"}:
        raise ProfileError(f"{source}: base_url must be an http or https URL, such as http://127.0.0.1:8900")
    picture = profile.get("picture")
    if picture is not None and not (isinstance(picture, str) and urlsplit(picture).scheme in {"http", "https"}):
        raise ProfileError(f"{source}: picture must be an http or https URL")
    keys = _table(profile, "keys", source)
    _known(keys, set(SCENARIOS), f"{source}: [keys]")
    found = {scenario: environment.get(KEY_VARIABLE + scenario.upper()) or keys.get(scenario) for scenario in SCENARIOS}
    for scenario, key in found.items():
        if key is not None and not (isinstance(key, str) and key.isascii() and key.isprintable() and key.strip()):
            raise ProfileError(f"{source}: the key of {scenario} is not one that a header can carry")
    clock = _table(profile, "clock", source)
    _known(clock, {"advance"}, f"{source}: [clock]")
    advance = clock.get("advance")
    if advance is not None and not (isinstance(advance, str) and advance.startswith("/")):
        raise ProfileError(f"{source}: [clock] advance must be a path, such as /_control/advance")
    limits = _limits(_table(profile, "limits", source), source)
    keys_given = Keys({name: key for name, key in found.items() if key})
    return Target(base_url.rstrip("/"), keys_given, limits, advance, picture, _table(profile, "require", source))


def _limits(given: Mapping[str, Any], source: str) -> Limits:
    _known(given, set(fields_dict(Limits)), f"{source}: [limits]")
    for name, value in given.items():
        whole = name == "max_jobs"
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or not 0 <= value < 1e9:
            kind = "a whole number" if whole else "a number"
            raise ProfileError(f"{source}: [limits] {name} must be {kind} of 0 or more, not {value!r}")
    return Limits(**given)


def _table(profile: Mapping[str, Any], name: str, source: str) -> Mapping[str, Any]:
    table: object = profile.get(name, {})
    if not isinstance(table, dict):
        raise ProfileError(f"{source}: [{name}] must be a table")
    return cast("dict[str, Any]", table)


def _known(table: Mapping[str, Any], names: set[str], source: str) -> None:
    if unknown := sorted(set(table) - names):
        raise ProfileError(f"{source}: unknown: {', '.join(unknown)}; there are {', '.join(sorted(names))}")
