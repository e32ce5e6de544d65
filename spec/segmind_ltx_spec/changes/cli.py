"""``segmind-ltx spec diff OLD NEW``: what a change of the contract means, for whom, and what is left to do by hand."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from attrs import evolve

from segmind_ltx_spec.changes.accepted import Entry, Outcome, accept, read_accepted
from segmind_ltx_spec.changes.comparison import Comparison, compare
from segmind_ltx_spec.changes.document import CannotCompareError
from segmind_ltx_spec.changes.generator import PythonMissingError
from segmind_ltx_spec.changes.python_side import add_python
from segmind_ltx_spec.changes.report import Report
from segmind_ltx_spec.changes.sources import Source, markers_for, read_source
from segmind_ltx_spec.changes.verdicts import Bump, bump_between

FINE, REFUSED, UNKNOWN = 0, 1, 2
"""Exit statuses: nothing to object to; a version, an entry or an unjudged place to repair; could not be compared."""

EPILOG: Final = """\
OLD and NEW are an openapi.yaml (with the clauses.yaml beside it), a folder that has both, or git:REVISION.

exit status: 0 if each version grew enough for what has changed; 1 if one did not, if a difference is claimed by no
rule, or if an accepted change did not happen; 2 if the two cannot be compared, or the Python side could not be."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare two versions of the contract, print what differs, and return the exit status."""
    options = parser().parse_args(arguments)
    try:
        old, new = read_source(options.old), read_source(options.new)
        entries = read_accepted(options.accept) if options.accept else []
        found = compare(old.document, new.document, markers_for(new))
        if options.python:
            found = _with_python(found, old, new)
    except CannotCompareError as error:
        sys.stderr.write(f"Cannot compare: {error}\n")
        return UNKNOWN
    outcome = accept(found, entries)
    refused = tuple(_refusals(outcome, old, new, options))
    report = Report(outcome, old, new, refused)
    text = {"text": report.text, "markdown": report.markdown, "json": report.json, "github": report.github}[
        options.format
    ]()
    sys.stdout.write(f"{text}\n")
    _summarize(report, options.format)
    if options.format == "json":
        sys.stderr.write("".join(f"{problem}\n" for problem in refused))
    if outcome.comparison.python_missing is not None:
        sys.stderr.write(f"The Python verdict is missing: {outcome.comparison.python_missing}\n")
        return UNKNOWN
    return REFUSED if refused else FINE


def parser() -> argparse.ArgumentParser:
    """Return the arguments of the command."""
    found = argparse.ArgumentParser(
        "segmind-ltx spec diff",
        description="Say what a change of the contract means, for whom, and what is left to do by hand.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    found.add_argument("old", metavar="OLD", help="the version before")
    found.add_argument("new", metavar="NEW", help="the version after")
    found.add_argument("--format", choices=["text", "markdown", "json", "github"], default="text")
    found.add_argument("--accept", type=Path, metavar="FILE", help="changes that were accepted, with reasons (YAML)")
    found.add_argument(
        "--no-python", dest="python", action="store_false", help="do not generate and compare the Python packages"
    )
    found.add_argument(
        "--no-versions", dest="versions", action="store_false", help="do not refuse a version that is too small"
    )
    found.add_argument(
        "--package-versions", nargs=2, metavar=("OLD", "NEW"), help="the versions of the Python package, if not in git"
    )
    return found


def _with_python(found: Comparison, old: Source, new: Source) -> Comparison:
    try:
        return add_python(found, old, new)
    except PythonMissingError as error:
        return evolve(found, python_missing=str(error))


def _refusals(outcome: Outcome, old: Source, new: Source, options: argparse.Namespace) -> Sequence[str]:
    """Say what stands in the way of exit status 0."""
    found = outcome.comparison
    problems = [f"Not judged: {one.pointer}: {one.why}" for one in found.unjudged]
    problems += [f"Stale: {_entry(one)} is accepted, but did not happen; remove the entry." for one in outcome.stale]
    if not options.versions:
        return problems
    needed = [("contract", found.contract_bump, found.old_version, found.new_version)]
    package = tuple(options.package_versions or (old.package_version, new.package_version))
    if None not in package:
        needed.append(("package", found.package_bump, str(package[0]), str(package[1])))
    for what, bump, before, after in needed:
        grew = bump_between(before, after)
        if grew is None and bump is not Bump.NONE:
            problems.append(f"The {what}'s version went from {before!r} to {after!r}; it needs a {bump} bump.")
        elif grew is not None and grew.rank > bump.rank:
            problems.append(f"The {what}'s version {after} is too small: after {before} this needs a {bump} bump.")
    return problems


def _entry(entry: Entry) -> str:
    return f"{entry.rule} at {entry.place}"


def _summarize(report: Report, form: str) -> None:
    """Write the step summary if this runs in a workflow of GitHub."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if form == "github" and summary:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(f"{report.markdown()}\n")


if __name__ == "__main__":
    sys.exit(main())
