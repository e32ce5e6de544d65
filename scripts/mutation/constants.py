"""Run the mutants outside of functions: constants, tables, defaults of classes.

mutmut makes these changes but does not run them. It switches between mutants while a program runs, which is too late
for anything that an import fixes. So this module writes each of them out as a whole module, and runs the tests on it
in a process of its own.
"""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

import libcst
from mutmut.mutation.file_mutation import create_mutations

from mutation.mutants import Mutant, between
from mutation.operators import leave_strings_out

WORKERS = os.cpu_count() or 2


class UnfitError(Exception):
    """The tests fail on the unchanged package, or pass although it cannot be imported."""


class _Change(NamedTuple):
    module: str
    source: str
    diff: str


class _Workplace(NamedTuple):
    """A copy of the package that one worker changes."""

    folder: Path
    tests: Path
    arguments: list[str]

    def run(self, change: _Change | None, timeout: float | None = None) -> str:
        """Run the tests on a change, and return the state of the mutant: survived, killed or timeout."""
        # PYTHONPATH comes before any other folder, also before that of an editable install.
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(self.folder), os.environ.get("PYTHONPATH", "")])}
        command = [sys.executable, "-m", "pytest", "-x", "-q", *self.arguments]
        if change is None:
            return _state(subprocess.run(command, cwd=self.tests, env=env, check=False).returncode)
        env["PYTHONDONTWRITEBYTECODE"] = "1"  # The next change may have the same length and the same second.
        path = self.folder / "segmind_ltx" / path_of(change.module)
        original = path.read_text(encoding="utf-8")
        path.write_text(change.source, encoding="utf-8")
        try:
            done = subprocess.run(command, cwd=self.tests, env=env, capture_output=True, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            return "timeout"
        finally:
            path.write_text(original, encoding="utf-8")
        return _state(done.returncode)


def _state(status: int) -> str:
    return "survived" if status == 0 else "killed"


def path_of(module: str) -> str:
    """Return the path of a module below the package."""
    return f"{module.replace('.', '/')}.py"


def run(copy: Path, modules: Sequence[str], arguments: list[str], seconds: float) -> list[Mutant]:
    """Run all of them in copies of ``copy``. ``seconds`` is how long the tests take on the unchanged package."""
    leave_strings_out()
    with chdir(copy):  # mutmut reads its settings from there.
        changes = [change for module in modules for change in _changes(Path("src/segmind_ltx"), module)]
    free: SimpleQueue[_Workplace] = SimpleQueue()
    for number in range(WORKERS):
        shutil.copytree(copy / "src", copy / f"worker-{number}")
        free.put(_Workplace(copy / f"worker-{number}", copy, arguments))
    print(f"Running {len(changes)} mutants outside of functions")
    states: list[str] = []

    def run_one(change: _Change) -> Mutant:
        workplace = free.get()
        try:
            state = workplace.run(change, 5 * WORKERS * seconds + 10)
        finally:
            free.put(workplace)
        states.append(state)
        print(f"\r{len(states)}/{len(changes)}  {states.count('survived')} survived", end="", flush=True)
        return Mutant(change.module, "(module)", state, *between(change.diff))

    with ThreadPoolExecutor(WORKERS) as pool:
        mutants = list(pool.map(run_one, changes))
    print()
    return mutants


def seconds_of_tests(copy: Path, arguments: list[str]) -> float:
    """Return how long the tests take on the unchanged package.

    Raise `UnfitError` if they fail, or if they pass on a package that cannot be imported: they see another one then.
    """
    workplace = _Workplace(copy / "src", copy, arguments)
    begun = time.monotonic()
    if workplace.run(None) != "survived":
        raise UnfitError("the tests fail on the unchanged package")
    seconds = time.monotonic() - begun
    if workplace.run(_Change("_core.retry", "raise ImportError", "")) != "killed":
        raise UnfitError("the tests pass whatever is changed: they see another copy of the package")
    return seconds


def _changes(folder: Path, module: str) -> Iterator[_Change]:
    path = folder / path_of(module)
    source = path.read_text(encoding="utf-8")
    tree, mutations, _, _ = create_mutations(str(path), source)
    for mutation in mutations:
        if isinstance(mutation.contained_by_top_level_function, libcst.FunctionDef):
            continue
        changed = tree.deep_replace(mutation.original_node, mutation.mutated_node)
        text = changed.code if isinstance(changed, libcst.Module) else source
        diff = "\n".join(difflib.unified_diff(source.splitlines(), text.splitlines(), n=0, lineterm=""))
        yield _Change(module, text, diff)
