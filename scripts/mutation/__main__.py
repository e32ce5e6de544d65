"""Change the client, one mutant at a time, and see if a test fails. Run by ``nox -s mutation``.

mutmut changes the modules that decide on money, retries, polls and errors, and those that perform their effects, in a
copy of the checkout; strings stay as they are. The session writes ``docs/mutation.md`` and nothing else. Patterns such
as ``segmind_ltx._core.retry.*`` limit a run to the mutants with these names; it prints the result and writes no page.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import _page
from mutation import constants, page, plain_ids
from mutation.mutants import NOTICED, Mutant, between

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "mutation.md"
MODULES: Final = (
    *(
        f"_core.{name}"
        for name in ("retry", "polling", "answers", "api_errors", "submit", "wait", "download", "reads", "request_ids")
    ),
    "errors",
    "ledger",
    "_http.attempt",
    "_http.base_driver",
    "_http.driver",
    "_http.reader",
    "_many.scheduler",
)
AT_LEAST: Final = 0.9

TESTS: Final = ["tests/client/unit", "tests/client/wire"]
SHARED: Final = ["tests/conftest.py", "tests/client/conftest.py", "tests/support"]
"""What the tests import, if it is there."""
FAST: Final = [
    *("-n", "0", "-p", "no:cacheprovider", "-p", "no:schemathesis"),
    # The async client runs the very same flows; and rich takes long to print a traceback.
    *("-k", "not asyncio and not traceback"),
]


def main(patterns: Sequence[str]) -> int:
    """Return 1 if fewer mutants than required are noticed, 2 if the mutants cannot be made or run."""
    modules = [name for name in MODULES if not patterns or _is_meant(name, patterns)]
    if not modules:
        print(f"No module fits {', '.join(patterns)}. The modules are: {', '.join(MODULES)}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch, "copy")
        _copy(copy, modules)
        try:
            seconds = constants.seconds_of_tests(copy, [*FAST, *TESTS])
            mutants = _in_functions(copy, patterns)
            if not patterns:
                mutants += constants.run(copy, modules, [*FAST, *TESTS], seconds)
        except (subprocess.CalledProcessError, constants.UnfitError) as error:
            print(f"The mutants could not be run: {error}", file=sys.stderr)
            return 2
    print(page.table(modules, mutants))
    if patterns:
        print("\n".join(page.survivors(mutants)))
        return 0
    _page.write(PAGE, page.page(modules, mutants, AT_LEAST))
    share = page.share(mutants)
    print(f"{share:.1%} of {len(mutants)} mutants are noticed; at least {AT_LEAST:.0%} are required. See {PAGE}")
    return 0 if share >= AT_LEAST else 1


def _is_meant(module: str, patterns: Sequence[str]) -> bool:
    """Return if a pattern for names of mutants can fit one of this module."""
    name = f"segmind_ltx.{module}"
    return any(pattern.startswith(f"{name}.") or fnmatchcase(f"{name}.x", pattern) for pattern in patterns)


def _copy(copy: Path, modules: Sequence[str]) -> None:
    """Copy the package and the tests, in the one layout in which mutmut finds a package."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "overrides", copy / "src", ignore=ignore)
    for name in (name for name in [*SHARED, *TESTS] if (ROOT / name).exists()):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=ignore)
        else:
            shutil.copy(ROOT / name, copy / name)
    settings = {
        "source_paths": ["src"],
        "only_mutate": [f"src/segmind_ltx/{constants.path_of(name)}" for name in modules],
        "pytest_add_cli_args_test_selection": TESTS,
        "pytest_add_cli_args": [*FAST, *plain_ids.ARGUMENTS],
        # If a mutant makes a loop endless, its log fills the memory; so it is stopped early.
        "timeout_multiplier": 3.0,
        "timeout_constant": 5.0,
    }
    own = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    (copy / "pyproject.toml").write_text("\n".join([own, "[tool.mutmut]", *lines, ""]), encoding="utf-8")


def _in_functions(copy: Path, patterns: Sequence[str]) -> list[Mutant]:
    """Run the mutants that mutmut itself can run: all that are inside a function."""
    # If a test fails or is not found, the mutant counts as noticed. So mutmut first runs, on the unchanged modules, all
    # tests that it will name later; but only if it is given a pattern.
    _mutmut(copy, "run", *(patterns or ["*"]), shown=True)
    late = [name for name, state in _states(copy) if state == "timeout"]
    if late:  # On a busy machine a test may merely be slow: run these again, one at a time.
        _mutmut(copy, "run", "--max-children", "1", *late, shown=True)
    mutants: list[Mutant] = []
    for name, state in _states(copy):
        if state == "not checked":
            continue
        diff = "" if state in NOTICED else _mutmut(copy, "show", name)
        mutants.append(Mutant.of(name, state, *between(diff)))
    return mutants


def _states(copy: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and the state of each mutant."""
    for line in _mutmut(copy, "results", "--all", "true").splitlines():
        name, _, state = line.strip().rpartition(": ")
        yield name, state


def _mutmut(copy: Path, *arguments: str, shown: bool = False) -> str:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "SEGMIND_"))}
    # All but `overrides`, of which mutmut has its own copy.
    clean["PYTHONPATH"] = os.pathsep.join(str(ROOT / name) for name in ("scripts", "generated", "spec"))
    command = [sys.executable, "-m", "mutation.operators", *arguments]
    done = subprocess.run(
        command, cwd=copy, env=clean, stdout=None if shown else subprocess.PIPE, text=True, check=True
    )
    return done.stdout or ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
