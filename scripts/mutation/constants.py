"""Mutants outside of functions: constants, tables, defaults of classes. mutmut has the changes, but does not run them.

It switches between mutants while a program runs, which is too late for what an import fixes. So each of these is
written out as a whole module, and the tests are run on it in a process of their own.
"""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

import libcst
from mutmut.mutation.file_mutation import create_mutations

from mutation.mutants import Mutant, between

WORKERS = os.cpu_count() or 2


class UnfitError(Exception):
    """The tests do not pass as things are, or pass whatever is changed."""


class _Change(NamedTuple):
    module: str
    source: str
    diff: str


class _Bench(NamedTuple):
    """A copy of the package that one worker changes."""

    folder: Path
    tests: Path
    arguments: list[str]

    def run(self, change: _Change | None, timeout: float | None = None) -> str:
        """What the tests say of a change: survived, killed or timeout."""
        # The path comes before any other, an editable install's included.
        env = {**os.environ, "PYTHONPATH": str(self.folder)}
        command = [sys.executable, "-m", "pytest", "-x", "-q", *self.arguments]
        if change is None:
            return _said(subprocess.run(command, cwd=self.tests, env=env, check=False).returncode)
        env["PYTHONDONTWRITEBYTECODE"] = "1"  # The next change may have the same length and second.
        path = self.folder / "segmind_ltx" / f"{change.module}.py"
        original = path.read_text(encoding="utf-8")
        path.write_text(change.source, encoding="utf-8")
        try:
            done = subprocess.run(command, cwd=self.tests, env=env, capture_output=True, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            return "timeout"
        finally:
            path.write_text(original, encoding="utf-8")
        return _said(done.returncode)


def _said(status: int) -> str:
    return "survived" if status == 0 else "killed"


def run(copy: Path, modules: tuple[str, ...], arguments: list[str], taken: float) -> list[Mutant]:
    """Run all of them in copies of ``copy``, and say what came of each. The tests take so many seconds otherwise."""
    with chdir(copy):  # mutmut reads its settings from there.
        changes = [change for module in modules for change in _changes(Path("src/segmind_ltx"), module)]
    free: SimpleQueue[_Bench] = SimpleQueue()
    for number in range(WORKERS):
        shutil.copytree(copy / "src", copy / f"bench-{number}")
        free.put(_Bench(copy / f"bench-{number}", copy, arguments))
    print(f"Running {len(changes)} mutants outside of functions")
    states: list[str] = []

    def one(change: _Change) -> Mutant:
        bench = free.get()
        try:
            state = bench.run(change, 5 * WORKERS * taken + 10)
        finally:
            free.put(bench)
        states.append(state)
        print(f"\r{len(states)}/{len(changes)}  {states.count('survived')} survived", end="", flush=True)
        return Mutant(change.module, "(module)", state, *between(change.diff))

    with ThreadPoolExecutor(WORKERS) as pool:
        mutants = list(pool.map(one, changes))
    print()
    return mutants


def seconds_of_tests(copy: Path, arguments: list[str]) -> float:
    """How long the tests take where nothing is changed. Raises `UnfitError` where they fail, or see another package."""
    bench = _Bench(copy / "src", copy, arguments)
    begun = time.monotonic()
    if bench.run(None) != "survived":
        raise UnfitError("the tests fail as things are")
    taken = time.monotonic() - begun
    if bench.run(_Change("_retry", "raise ImportError", "")) != "killed":
        raise UnfitError("the tests pass whatever is changed: they see another copy of the package")
    return taken


def _changes(folder: Path, module: str) -> Iterator[_Change]:
    path = folder / f"{module}.py"
    source = path.read_text(encoding="utf-8")
    tree, mutations, _, _ = create_mutations(str(path), source)
    for mutation in mutations:
        inside = mutation.contained_by_top_level_function
        if isinstance(inside, libcst.FunctionDef):
            continue
        changed = tree.deep_replace(mutation.original_node, mutation.mutated_node)
        text = changed.code if isinstance(changed, libcst.Module) else source
        diff = "\n".join(difflib.unified_diff(source.splitlines(), text.splitlines(), n=0, lineterm=""))
        yield _Change(module, text, diff)
