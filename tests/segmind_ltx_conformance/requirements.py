"""What a run has to show before its verdict counts: keys that work, clauses that were tested, a share of the checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final, cast

from attrs import evolve, frozen

from segmind_ltx_conformance.checks import BROKEN, Check, Judgement, Outcome
from segmind_ltx_conformance.recording import Exchange, Recording
from segmind_ltx_conformance.target import KEY_VARIABLE, SCENARIO_STATUS, SCENARIOS
from segmind_ltx_spec import Contract, clauses_by_id

NOTHING: Final = "none"
"""The value of ``--require`` that takes away every requirement, also that of a working key."""
NAMES: Final = ("keys", "clauses", "min_exercised")
REFUSED: Final = frozenset({401, 403})
VALID: Final = "valid"
"""The scenario of the key that works."""


class RequirementError(ValueError):
    """A requirement cannot be used; the message says what to change."""


@frozen
class Requirements:
    """What a run has to show. ``min_exercised`` is a share of the selected checks, from 0 to 1."""

    keys: tuple[str, ...] = ("valid",)
    clauses: tuple[str, ...] = ()
    min_exercised: float = 0.0


NO_REQUIREMENTS: Final = Requirements(keys=())


def requirements_of(table: Mapping[str, Any], source: str) -> Requirements:
    """Check the table ``[require]`` of a profile. Raises `RequirementError`; its message begins with ``source``."""
    if unknown := sorted(set(table) - set(NAMES)):
        raise RequirementError(f"{source}: unknown: {', '.join(unknown)}; there are {', '.join(NAMES)}")
    found = Requirements()
    for name, value in table.items():
        if name == "min_exercised":
            found = evolve(found, min_exercised=_share(value, source))
            continue
        texts = cast("list[object]", value) if isinstance(value, list) else [None]
        if not all(isinstance(text, str) and text for text in texts):
            raise RequirementError(f"{source}: {name} must be a list of texts, not {value!r}")
        found = _with(found, name, _checked(name, cast("list[str]", texts), source))
    return found


def with_options(given: Requirements, options: Sequence[str]) -> Requirements:
    """Return the requirements with those of ``--require``, each NAME=VALUE or none. Raises `RequirementError`."""
    found = given
    for option in options:
        name, equals, value = option.partition("=")
        if option == NOTHING:
            found = NO_REQUIREMENTS
        elif not equals or name not in NAMES or not value:
            raise RequirementError(
                f"--require {option}: give keys=NAME, clauses=GLOB or min_exercised=SHARE, such as min_exercised=0.9, "
                f"or {NOTHING}"
            )
        elif name == "min_exercised":
            found = evolve(found, min_exercised=_share(_number(value), "--require"))
        else:
            more = _checked(name, value.split(","), "--require")
            earlier = found.keys if name == "keys" else found.clauses
            found = _with(found, name, tuple(dict.fromkeys((*earlier, *more))))
    return found


def unmet(
    required: Requirements, recording: Recording, judgement: Judgement, contract: Contract, keys: Iterable[str] = ()
) -> Iterator[str]:
    """Say what a run was required to show and did not. ``keys`` are the scenarios that the profile has a key for."""
    given = {*keys, *(exchange.key for exchange in recording.exchanges if exchange.key)}
    for name in required.keys:
        if name not in given:
            yield (
                f"no key for {name}: set {KEY_VARIABLE}{name.upper()} or {name} in [keys] of the profile; without keys "
                f"on purpose: --require {NOTHING}"
            )
        elif not _works(name, recording.exchanges):
            yield f"the key for {name} does not work: {_answers(name, recording.exchanges)}"
    for pattern in required.clauses:
        matching = [check for check in judgement.checks if _matches(check.clause.id, pattern)]
        if not matching:
            known = any(_matches(name, pattern) for name in clauses_by_id(contract))
            why = "was not selected" if known else "matches no clause"
            yield f"the required clause {pattern} {why}"
        for check in matching:
            if check.outcome is Outcome.NOT_EXERCISED:
                yield f"the required clause {check.id} was not exercised: {check.detail}"
    total = len(judgement.checks)
    if total and judgement.tried / total < required.min_exercised:
        yield (
            f"{judgement.tried} of {total} checks were tried, {judgement.tried / total:.0%}; at least "
            f"{required.min_exercised:.0%} are required"
        )


def without_blame(judgement: Judgement, recording: Recording) -> Judgement:
    """Return a judgement in which a key that does not work blames no clause: it shows nothing about the target."""
    if not is_refused(VALID, recording.exchanges):
        return judgement
    own = {index for index, exchange in enumerate(recording.exchanges) if exchange.key == VALID}
    why = f"the key for {VALID} does not work: {_answers(VALID, recording.exchanges)}"

    def shown(check: Check) -> Check:
        blamed = check.outcome in BROKEN.values() and own & set(check.exchanges)
        return evolve(check, outcome=Outcome.INCONCLUSIVE, detail=why, cause=None) if blamed else check

    return evolve(judgement, checks=tuple(map(shown, judgement.checks)))


def _with(found: Requirements, name: str, texts: tuple[str, ...]) -> Requirements:
    return evolve(found, keys=texts) if name == "keys" else evolve(found, clauses=texts)


def _works(name: str, exchanges: Iterable[Exchange]) -> bool:
    """Whether a key does what its scenario says, in the responses to POSTs if there were any."""
    own = [exchange for exchange in exchanges if exchange.key == name and exchange.status]
    posts = [exchange for exchange in own if exchange.method == "POST"] or own
    if name in SCENARIO_STATUS:
        return any(exchange.status == SCENARIO_STATUS[name] for exchange in posts)
    return any(exchange.status not in REFUSED for exchange in posts)


def is_refused(name: str, exchanges: Iterable[Exchange]) -> bool:
    """Whether every response to what was sent with a key refuses the key."""
    statuses = {exchange.status for exchange in exchanges if exchange.key == name and exchange.status}
    return bool(statuses) and statuses <= REFUSED


def _answers(name: str, exchanges: Iterable[Exchange]) -> str:
    own = [exchange for exchange in exchanges if exchange.key == name]
    if not own:
        return "nothing was sent with it"
    statuses = sorted({exchange.status for exchange in own if exchange.status})
    if not statuses:
        return "no response came to what was sent with it"
    return f"the responses were {', '.join(map(str, statuses))}"


def _checked(name: str, texts: Sequence[str], source: str) -> tuple[str, ...]:
    if name == "keys" and (unknown := [text for text in texts if text not in SCENARIOS]):
        raise RequirementError(f"{source}: no key is called {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    if name == "clauses" and (unmatched := [text for text in texts if not any(_matches(c, text) for c in _known())]):
        raise RequirementError(f"{source}: no clause matches {', '.join(unmatched)}; see --dry-run for the clauses")
    return tuple(texts)


def _known() -> Iterable[str]:
    return clauses_by_id()


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern)


def _number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def _share(value: object, source: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise RequirementError(f"{source}: min_exercised must be a share from 0 to 1, such as 0.9, not {value!r}")
    return float(value)
