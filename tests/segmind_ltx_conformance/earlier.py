"""Read the report of an earlier run: to try again what failed in it, or to compare it with a later one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

from attrs import frozen

from segmind_ltx_conformance.checks import Outcome
from segmind_ltx_conformance.report.document import VERSION
from segmind_ltx_conformance.report.text import one_line

REPORT: Final = "report.json"
BROKEN: Final = frozenset({Outcome.FAILED, Outcome.KNOWN})
AGAIN: Final = frozenset({Outcome.FAILED, Outcome.KNOWN, Outcome.INCONCLUSIVE, Outcome.ERROR})
"""The outcomes of the checks that ``--failed`` tries again."""


class ReportError(ValueError):
    """A report cannot be used; the message says why."""


@frozen
class Selection:
    """The clauses and models of the checks to try again."""

    clauses: tuple[str, ...]
    models: tuple[str, ...]


@frozen
class Difference:
    """The checks of two reports that differ, each with its outcome in both."""

    broken: tuple[str, ...]
    warned: tuple[str, ...]
    mended: tuple[str, ...]
    no_longer_tried: tuple[str, ...]
    newly_tried: tuple[str, ...]
    details: Mapping[str, str]

    @property
    def exit_status(self) -> int:
        """1 if something broke or was no longer tried, else 0."""
        return 1 if self.broken or self.no_longer_tried else 0

    def as_data(self) -> dict[str, Any]:
        """Return the difference as data."""
        names = ("broken", "warned", "mended", "no_longer_tried", "newly_tried")
        return {name: list(getattr(self, name)) for name in names}

    def lines(self) -> Iterator[str]:
        """Yield the difference line by line."""
        for heading, ids in (
            ("Newly broken", self.broken),
            ("Newly warned", self.warned),
            ("Mended", self.mended),
            ("No longer tried", self.no_longer_tried),
            ("Newly tried", self.newly_tried),
        ):
            if ids:
                yield f"{heading} ({len(ids)})"
            yield from (f"  {name}: {one_line(self.details[name], 300)}" for name in ids)
        if not (self.broken or self.warned or self.mended or self.no_longer_tried or self.newly_tried):
            yield "no difference"


def read_report(path: Path) -> dict[str, dict[str, Any]]:
    """Return the checks of a report by id; ``path`` may be the run's folder. Raises `ReportError`."""
    path = path / REPORT if path.is_dir() else path
    try:
        read: object = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReportError(f"{path}: {error.strerror}") from None
    except ValueError:
        raise ReportError(f"{path}: not JSON; give the report.json of a run") from None
    report = cast("dict[str, Any]", read) if isinstance(read, dict) else {}
    checks: list[Any] | None = report.get("checks")
    if report.get("version") != VERSION or not isinstance(checks, list):
        raise ReportError(f"{path}: no report.json of version {VERSION}; run the suite again to make one")
    found: dict[str, dict[str, Any]] = {}
    for entry in checks:
        check = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
        if not all(isinstance(check.get(name), str) for name in ("id", "clause", "outcome")):
            raise ReportError(f"{path}: a check in it has no id, clause or outcome")
        found[check["id"]] = check
    return found


def failed_in(path: Path) -> Selection:
    """Return what failed in a report, or had no result. Raises `ReportError`, also if nothing did."""
    checks = [check for check in read_report(path).values() if check["outcome"] in AGAIN]
    if not checks:
        raise ReportError(f"{path}: nothing failed in this run, so there is nothing to try again")
    models = {check.get("model") for check in checks}
    chosen = () if None in models else tuple(sorted(cast("set[str]", models)))
    return Selection(tuple(dict.fromkeys(check["clause"] for check in checks)), chosen)


def compare(old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]) -> Difference:
    """Compare the checks of two reports."""
    before = {name: str(check["outcome"]) for name, check in old.items()}
    after = {name: str(check["outcome"]) for name, check in new.items()}
    idle, warned = Outcome.NOT_EXERCISED, Outcome.WARNED
    names = list(dict.fromkeys((*before, *after)))
    details = {name: str({**old, **new}[name].get("detail", "")) for name in names}
    return Difference(
        tuple(name for name in names if after.get(name) in BROKEN and before.get(name) not in BROKEN),
        tuple(name for name in names if after.get(name) == warned and before.get(name) not in {warned, *BROKEN}),
        tuple(name for name in names if before.get(name) in {warned, *BROKEN} and after.get(name) == Outcome.PASSED),
        tuple(name for name in names if before.get(name, idle) != idle and after.get(name, idle) == idle),
        tuple(name for name in names if before.get(name, idle) == idle and after.get(name, idle) != idle),
        details,
    )
