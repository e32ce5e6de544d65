"""Change the client, mutant by mutant, and see whether a test notices. Run by ``nox -s mutation``.

The modules that decide on retries, polls and errors are changed in every way that mutmut knows, in a copy. All that is
written into the checkout is ``docs/mutation.md``. Patterns such as ``segmind_ltx._core.retry.*`` limit a run to the
mutants of these names, and write nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mutation import constants, page, plain_ids
from mutation.mutants import NOTICED, Mutant, between

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "mutation.md"
MODULES: Final = ("_retry", "_polling", "errors", "_answers", "_flows", "_download")
AT_LEAST: Final = 0.9

TESTS: Final = [
    *(f"tests/client/unit/test_{name}.py" for name in ("answers", "errors", "errors_words", "polling", "retry")),
    "tests/client/unit/test_polling_waits.py",
    "tests/client/wire",
]
FAST: Final = [
    *("-n", "0", "-p", "no:cacheprovider", "-p", "no:schemathesis"),
    # The async client runs the very same flows; and a traceback of rich is slow to make.
    *("-k", "not asyncio and not traceback"),
]


def main(patterns: list[str]) -> int:
    """Exit status 1 where fewer mutants than promised are noticed, 2 where they cannot be made or run."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch, "copy")
        _copy(copy)
        try:
            taken = constants.seconds_of_tests(copy, [*FAST, *TESTS])
            mutants = _in_functions(copy, patterns)
            if not patterns:
                mutants += constants.run(copy, MODULES, [*FAST, *TESTS], taken)
        except (subprocess.CalledProcessError, constants.UnfitError) as error:
            print(f"The mutants could not be run: {error}", file=sys.stderr)
            return 2
    if patterns:
        print("\n".join(page.lines_about(mutants)))
        return 0
    PAGE.write_text(page.written(MODULES, mutants, AT_LEAST), encoding="utf-8")
    share = page.share(mutants)
    print(page.table(MODULES, mutants))
    print(f"{share:.1%} of {len(mutants)} mutants are noticed; at least {AT_LEAST:.0%} are asked for. See {PAGE}")
    return 0 if share >= AT_LEAST else 1


def _copy(copy: Path) -> None:
    """What is changed and the tests that run, in the one layout in which mutmut finds a package."""
    shutil.copytree(ROOT / "overrides", copy / "src", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "tests" / "client" / "unit").mkdir(parents=True)
    for name in ["tests/conftest.py", "tests/client/unit/conftest.py", *TESTS]:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, copy / name)
    settings = {
        "source_paths": ["src"],
        "only_mutate": [f"src/segmind_ltx/{name}.py" for name in MODULES],
        "pytest_add_cli_args_test_selection": TESTS,
        "pytest_add_cli_args": [*FAST, *plain_ids.ARGUMENTS],
        # Where a mutant makes a loop endless, its memory grows with the log.
        "timeout_multiplier": 3.0,
        "timeout_constant": 5.0,
    }
    own = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    (copy / "pyproject.toml").write_text("\n".join([own, "[tool.mutmut]", *lines, ""]), encoding="utf-8")


def _in_functions(copy: Path, patterns: list[str]) -> list[Mutant]:
    """The mutants that mutmut makes: all but those outside of functions."""
    # Tests that fail or are not found look like a mutant noticed. With a pattern, mutmut first runs on the unchanged
    # modules all tests that it will name later, and gives up where one is not found.
    _mutmut(copy, "run", *(patterns or ["*"]), shown=True)
    late = [name for name, state in _states(copy) if state == "timeout"]
    if late:  # On a busy machine a test may merely be slow: once more, one at a time.
        _mutmut(copy, "run", "--max-children", "1", *late, shown=True)
    mutants: list[Mutant] = []
    for name, state in _states(copy):
        if state == "not checked":
            continue
        changed = "" if state in NOTICED else _mutmut(copy, "show", name)
        mutants.append(Mutant.of(name, state, *between(changed)))
    return mutants


def _states(copy: Path) -> Iterator[tuple[str, str]]:
    """The name of each mutant, and what came of it."""
    for line in _mutmut(copy, "results", "--all", "true").splitlines():
        name, _, state = line.strip().rpartition(": ")
        yield name, state


def _mutmut(copy: Path, *arguments: str, shown: bool = False) -> str:
    command = [str(Path(sys.executable).with_name("mutmut")), *arguments]
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "SEGMIND_"))}
    clean["PYTHONPATH"] = str(ROOT / "scripts")  # For the plugin.
    done = subprocess.run(
        command, cwd=copy, env=clean, stdout=None if shown else subprocess.PIPE, text=True, check=True
    )
    return done.stdout or ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
