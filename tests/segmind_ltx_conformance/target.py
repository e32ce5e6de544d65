"""The profile of a target: where it is, with which keys it plays which scenario, and what a run may spend."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote, quote_plus, urlsplit

from attrs import field, fields_dict, frozen

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

The checks of a scenario without a key are reported as not exercised.
"""
SCENARIO_STATUS: Final = {name: status for name, status in SCENARIOS.items() if status is not None}
"""The scenarios whose key is refused. Without credits only POSTs are."""
KEY_VARIABLE: Final = "SEGMIND_LTX_KEY_"
"""Before a scenario's name in capitals: the environment variable that holds its key."""


class ProfileError(ValueError):
    """The profile cannot be used; the message says what to change. No key is ever in it."""


@frozen
class Keys:
    """The keys by scenario. It shows the names alone."""

    _by_scenario: Mapping[str, str] = field(repr=False, factory=dict[str, str])

    @cached_property
    def _forms(self) -> tuple[tuple[str, str], ...]:
        """Each way to write a key, with its scenario."""
        found = {
            (form, scenario)
            for scenario, key in self._by_scenario.items()
            for form in (key, quote(key), quote(key, safe=""), quote_plus(key), json.dumps(key)[1:-1])
        }
        # The longest first, so that a key which begins like another one is not left half.
        return tuple(sorted(found, key=lambda pair: (-len(pair[0]), pair)))

    def __getitem__(self, scenario: str) -> str:
        return self._by_scenario[scenario]

    def __contains__(self, scenario: object) -> bool:
        return scenario in self._by_scenario

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_scenario)

    def redact(self, text: str) -> str:
        """The text with each key as its scenario's name, also where the key stands as in a URL or in JSON."""
        for form, scenario in self._forms:
            text = text.replace(form, f"[{scenario} key]")
        return text

    def redact_bytes(self, data: bytes) -> bytes:
        """The same for bytes, whatever their encoding: a key is ASCII."""
        for form, scenario in self._forms:
            data = data.replace(form.encode("ascii"), f"[{scenario} key]".encode())
        return data

    def __repr__(self) -> str:
        return f"<keys: {', '.join(self) or 'none'}>"


@frozen
class Limits:
    """What a run may do. Times in seconds, money in USD."""

    max_jobs: int = 60
    max_cost: float = 5.0
    job_timeout: float = 600.0
    poll_interval: float = 2.0


@frozen
class Target:
    """A server to be judged.

    ``advance`` is the path of the lever that moves its clock, where it has one; ``picture`` is the location of a
    picture that it can reach, where the contract's own example will not do.
    """

    base_url: str
    keys: Keys
    limits: Limits = field(factory=Limits)
    advance: str | None = None
    picture: str | None = None


def read_target(path: Path, environment: Mapping[str, str] = os.environ) -> Target:
    """The profile at ``path``; keys may come from the environment instead. Raises `ProfileError`."""
    try:
        profile = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProfileError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # A decoder's message may quote the line, and the line may hold a key.
        # The line's number alone is safe; Python has told it apart from the message since 3.14.
        line: object = getattr(error, "lineno", None)
        place = f"line {line}" if isinstance(line, int) else "its text"
        raise ProfileError(f"{path}: not TOML, see {place}") from None
    return target_of(profile, str(path), environment)


def target_of(profile: Mapping[str, Any], where: str, environment: Mapping[str, str]) -> Target:
    """A parsed profile. Raises `ProfileError`, with ``where`` in it."""
    _known(profile, {"base_url", "picture", "keys", "clock", "limits"}, where)
    base_url = profile.get("base_url")
    if not isinstance(base_url, str) or urlsplit(base_url).scheme not in {"http", "https"}:
        raise ProfileError(f"{where}: base_url must be an http or https URL, such as http://127.0.0.1:8900")
    picture = profile.get("picture")
    if picture is not None and not (isinstance(picture, str) and urlsplit(picture).scheme in {"http", "https"}):
        raise ProfileError(f"{where}: picture must be an http or https URL")
    keys = _table(profile, "keys", where)
    _known(keys, set(SCENARIOS), f"{where}: [keys]")
    found = {scenario: environment.get(KEY_VARIABLE + scenario.upper()) or keys.get(scenario) for scenario in SCENARIOS}
    for scenario, key in found.items():
        if key is not None and not (isinstance(key, str) and key.isascii() and key.isprintable() and key.strip()):
            raise ProfileError(f"{where}: the key of {scenario} is not one that a header can carry")
    clock = _table(profile, "clock", where)
    _known(clock, {"advance"}, f"{where}: [clock]")
    advance = clock.get("advance")
    if advance is not None and not (isinstance(advance, str) and advance.startswith("/")):
        raise ProfileError(f"{where}: [clock] advance must be a path, such as /_control/advance")
    limits = _limits(_table(profile, "limits", where), where)
    held = Keys({name: key for name, key in found.items() if key})
    return Target(base_url.rstrip("/"), held, limits, advance, picture)


def _limits(given: Mapping[str, Any], where: str) -> Limits:
    _known(given, set(fields_dict(Limits)), f"{where}: [limits]")
    for name, value in given.items():
        whole = name == "max_jobs"
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or not 0 <= value < 1e9:
            kind = "a whole number" if whole else "a number"
            raise ProfileError(f"{where}: [limits] {name} must be {kind} of 0 or more, not {value!r}")
    return Limits(**given)


def _table(profile: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    table: object = profile.get(name, {})
    if not isinstance(table, dict):
        raise ProfileError(f"{where}: [{name}] must be a table")
    return cast("dict[str, Any]", table)


def _known(table: Mapping[str, Any], names: set[str], where: str) -> None:
    if unknown := sorted(set(table) - names):
        raise ProfileError(f"{where}: unknown: {', '.join(unknown)}; there are {', '.join(sorted(names))}")
