"""Read and write a list of known failures: each is shown apart and does not fail the run, until it is mended.

[[known]]
clause = "ltx-2-pro.video.frames"     # an id or a glob
model = "ltx-2-pro"                   # if left out, every model
reason = "one frame is missing; ticket 1234"
until = 2027-01-31                    # if left out, until it is mended; after that day it fails the run again
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, cast

from attrs import evolve, frozen

from segmind_ltx_conformance.checks import Check, Judgement, Outcome
from segmind_ltx_spec import Contract, clauses_by_id

FIELDS: Final = frozenset({"clause", "model", "reason", "until"})
BROKEN: Final = (Outcome.FAILED, Outcome.WARNED)
HEAD: Final = """# Known failures of {target}, as of {day}. They are shown apart, and do not fail the run.
# Give each a reason. If one passes again, or matches nothing any more, the run fails until its entry is deleted.
"""
NO_REASON: Final = "to be explained"
"""What `written` puts where a person has to give the reason."""


class KnownError(ValueError):
    """The list of known failures cannot be used; the message says what to change."""


@frozen
class Entry:
    """A known failure. ``clause`` is an id or a glob; ``until`` is the last day on which it counts."""

    clause: str
    reason: str
    model: str | None = None
    until: date | None = None

    def matches(self, check: Check) -> bool:
        """Return whether a check is of this clause and model."""
        model = check.model or next((slug for slug in check.clause.models if check.id.startswith(f"{slug}.")), None)
        return fnmatchcase(check.clause.id, self.clause) and self.model in {None, model}

    def __str__(self) -> str:
        return self.clause + (f" of {self.model}" if self.model else "")


def read_known(path: Path, contract: Contract) -> tuple[Entry, ...]:
    """Read a list of known failures. Raises `KnownError`."""
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise KnownError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KnownError(f"{path}: not TOML: {error}") from None
    entries: object = table.get("known", [])
    if set(table) - {"known"} or not isinstance(entries, list):
        raise KnownError(f"{path}: write each failure as a table [[known]] with clause and reason")
    return tuple(
        _entry(entry, f"{path}: entry {number}", contract)
        for number, entry in enumerate(cast("list[object]", entries), 1)
    )


def _entry(given: object, place: str, contract: Contract) -> Entry:
    table = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    if unknown := sorted(set(table) - FIELDS):
        raise KnownError(f"{place}: unknown: {', '.join(unknown)}; there are {', '.join(sorted(FIELDS))}")
    for name in ("clause", "reason"):
        if not isinstance(table.get(name), str) or not table[name].strip():
            raise KnownError(f"{place}: {name} is missing: give a text that is not empty")
    model, until = table.get("model"), table.get("until")
    if model is not None and model not in contract.models:
        raise KnownError(f"{place}: no model is called {model}; there are {', '.join(contract.models)}")
    if until is not None and type(until) is not date:
        raise KnownError(f"{place}: until is {until!r}, but must be a day, such as 2027-01-31, without quotes")
    if not any(fnmatchcase(name, table["clause"]) for name in clauses_by_id(contract)):
        raise KnownError(f"{place}: no clause matches {table['clause']}; see --dry-run for the clauses")
    return Entry(table["clause"], table["reason"], model, until)


def apply(judgement: Judgement, entries: Sequence[Entry], today: date, *, whole: bool) -> Judgement:
    """Mark the known failures and what follows from them, and say which entries are stale.

    ``whole`` is false if only some clauses or models were selected: an entry for another one is not stale then.
    """
    valid = [entry for entry in entries if entry.until is None or today <= entry.until]
    causes = {check.id: entry for check in judgement.checks for entry in valid if _is_known(check, entry)}
    checks: list[Check] = []
    for check in judgement.checks:
        entry = causes.get(check.id) or (causes.get(check.cause or "") if check.outcome in BROKEN else None)
        if entry is None:
            checks.append(check)
        else:
            checks.append(evolve(check, outcome=Outcome.KNOWN, detail=f"known: {entry.reason}; {check.detail}"))
    return evolve(judgement, checks=tuple(checks), stale=tuple(_stale(judgement, entries, today, whole=whole)))


def _is_known(check: Check, entry: Entry) -> bool:
    return check.outcome in BROKEN and entry.matches(check)


def _stale(judgement: Judgement, entries: Sequence[Entry], today: date, *, whole: bool) -> Iterator[str]:
    for entry in entries:
        matching = [check for check in judgement.checks if entry.matches(check)]
        broken = any(check.outcome in {*BROKEN, Outcome.NOTED} for check in matching)
        if not matching:
            if whole:
                yield f"the known failure {entry} matches no check of this run: delete its entry"
        elif entry.until is not None and today > entry.until and broken:
            yield f"the known failure {entry} counted until {entry.until}, and it still fails"
        elif not broken and any(check.outcome is Outcome.PASSED for check in matching):
            yield f"the known failure {entry} passes: delete its entry"


def written(judgement: Judgement, target: str, today: date, earlier: Sequence[Entry] = ()) -> str:
    """Return a list of the failures of a run that follow from no other failure, with the reasons that are known."""
    lines = [HEAD.format(target=target, day=today)]
    broken = {check.id for check in judgement.having(Outcome.FAILED, Outcome.KNOWN)}
    for check in judgement.having(Outcome.FAILED, Outcome.KNOWN):
        if check.cause in broken:
            continue
        reason = next((entry.reason for entry in earlier if entry.matches(check)), f"{NO_REASON}: {check.detail}")
        fields: Mapping[str, str | None] = {"clause": check.clause.id, "model": check.model, "reason": reason}
        lines += ["[[known]]", *(f"{name} = {_quoted(value)}" for name, value in fields.items() if value), ""]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """Return a text as TOML. Control characters are left out: they come from the target."""
    kept = "".join(character for character in text if character.isprintable())[:300]
    escaped = kept.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
