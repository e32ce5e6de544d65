"""``python -m segmind_ltx_spec``: print the clauses of the contract, read a saved page, or compare two versions."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence

from attrs import asdict

from segmind_ltx_spec.changes import cli as changes_cli
from segmind_ltx_spec.clauses import Clause, clauses
from segmind_ltx_spec.pages import cli as pages_cli


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the first argument names: ``page``, ``diff``, or ``clauses``, which is also the default."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    commands: dict[str, Callable[[Sequence[str]], int]] = {
        "clauses": list_clauses,
        "diff": changes_cli.main,
        "page": pages_cli.main,
    }
    if given and given[0] in commands:
        return commands[given[0]](given[1:])
    return list_clauses(given)


def list_clauses(arguments: Sequence[str]) -> int:
    """Print a table of the clauses, or JSON; exit status 1 if nothing is left after filtering."""
    options = clauses_parser().parse_args(arguments)
    chosen = [
        clause
        for clause in clauses()
        if options.grade in {None, clause.grade} and (options.model is None or options.model in clause.models)
    ]
    text = json.dumps([asdict(clause) for clause in chosen], indent=2) if options.json else _table(chosen)
    sys.stdout.write(f"{text}\n")
    return 0 if chosen else 1


def clauses_parser() -> argparse.ArgumentParser:
    """Return the arguments of `list_clauses`."""
    found = argparse.ArgumentParser("segmind-ltx spec clauses", description="Print the clauses of the contract.")
    found.add_argument("--json", action="store_true", help="print a JSON list")
    found.add_argument("--grade", choices=["D", "P", "I"], help="only this grade")
    found.add_argument("--model", help="only what concerns this model, e.g. ltx-2-pro")
    return found


def _table(chosen: Sequence[Clause]) -> str:
    width = max((len(clause.id) for clause in chosen), default=0)
    lines = [f"{clause.id:{width}}  {clause.grade}  {clause.statement}" for clause in chosen]
    return "\n".join([*lines, f"{len(chosen)} clauses"])


if __name__ == "__main__":
    sys.exit(main())
