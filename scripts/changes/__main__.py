"""Show the same changes of the contract to `spec diff`, oasdiff, optic and griffe, and write docs/spec-diff.md.

The changes are those of tests/spec/changes/cases, whose verdicts were reasoned out by hand. Exit status:
0 if `spec diff` is right about each; 1 if not; 2 if a tool cannot be had.
"""

from __future__ import annotations

import argparse
import copy
import importlib.util
import json
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

import _npm
from changes.page import Row, page
from changes.tools import griffe_on, install, oasdiff, optic, readable, versions
from segmind_ltx_spec import OPENAPI_PATH
from segmind_ltx_spec.changes import Document, compare, read_folder
from segmind_ltx_spec.changes.generator import GenerationRefusedError, PythonMissingError, package
from segmind_ltx_spec.changes.python_side import add_python
from segmind_ltx_spec.changes.sources import Source, markers_for

ROOT: Final = Path(__file__).resolve().parents[2]
CASES: Final = ROOT / "tests/spec/changes/conftest.py"
PAGE: Final = ROOT / "docs/spec-diff.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every case through every tool."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", action="append", help="only this case; the page is not written")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(arguments)
    try:
        install()
    except _npm.UnavailableError as error:
        print(error, file=sys.stderr)
        return 2
    cases = _cases()
    base = read_folder("old", OPENAPI_PATH.parent)
    chosen: list[dict[str, Any]] = [case for case in cases.cases() if not options.case or case["id"] in options.case]
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(options.workers) as pool:
        folder = Path(scratch)
        (folder / "old.json").write_text(json.dumps(readable(base.api)), encoding="utf-8")
        package(base, folder / "old")
        rows = list(pool.map(partial(_row, cases, base, folder), chosen))
    for row in rows:
        print(f"{row.name:28} {'right' if row.right else 'WRONG'} {row.ours} {row.oasdiff} {row.optic} {row.griffe}")
    if not options.case:
        PAGE.write_text(page(rows, versions()), encoding="utf-8")
        print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0 if all(row.right for row in rows) else 1


def _cases() -> Any:
    """The module beside the tests that reads the cases and applies them."""
    spec = importlib.util.spec_from_file_location("spec_diff_cases", CASES)
    assert spec is not None and spec.loader is not None  # noqa: PT018, S101 - it is a file of this repository
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _row(cases: Any, base: Document, folder: Path, case: dict[str, Any]) -> Row:
    api, written = copy.deepcopy(base.api), copy.deepcopy(base.written)
    cases.apply(api, written, case["edit"])
    new = Document("new", api, written)
    own = folder / case["id"]
    own.mkdir()
    (own / "new.json").write_text(json.dumps(readable(api)), encoding="utf-8")
    found = compare(base, new, markers_for(Source(new)))
    try:
        found = add_python(found, Source(base), Source(new))
        package(new, own)
        python = griffe_on(folder / "old", own)
    except (GenerationRefusedError, PythonMissingError):
        python = "not generated"
    except ImportError:
        python = "not loaded"
    pair = folder / "old.json", own / "new.json"
    ours = tuple(str(verdict) for verdict in found.verdicts)
    return Row(case["id"], tuple(case["verdicts"]), ours, oasdiff(*pair), optic(*pair), python)


if __name__ == "__main__":
    sys.exit(main())
