"""Check the spec, write ``generated/segmind_ltx_api`` and the exports from it, and print what changed.

Run by ``nox -s regenerate``. If the spec is wrong, nothing changes, and a line for each problem names its place.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from generate.checked import read_checked, told_of_generator
from generate.exports import INIT, with_exports
from generate.regenerate import PACKAGE, ROOT, GenerationError, differences, generate


def main() -> int:
    """Replace the committed package. If the spec is wrong or the generator fails, change nothing and return 1."""
    with tempfile.TemporaryDirectory(dir=PACKAGE.parent) as scratch:
        fresh = Path(scratch, PACKAGE.name)
        try:
            generate(fresh, read_checked())
            before = INIT.read_text(encoding="utf-8")
            exports = with_exports(before, fresh)
        except (GenerationError, ValueError) as error:
            words = told_of_generator(error) if isinstance(error, GenerationError) else str(error)
            sys.stderr.write(f"{words}\nNothing was changed.\n")
            return 1
        changes = list(differences(PACKAGE, fresh))
        if changes:
            if PACKAGE.exists():
                PACKAGE.rename(Path(scratch, "replaced"))
            shutil.move(fresh, PACKAGE)
    if exports != before:
        _replace(INIT, exports)
        changes.append(f"changed  {INIT.relative_to(ROOT).as_posix()}")
    sys.stdout.write("\n".join([*changes, f"{len(changes)} files changed", ""]))
    return 0


def _replace(path: Path, text: str) -> None:
    """Write a file so that nobody sees half of it."""
    partial = path.with_suffix(".part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


if __name__ == "__main__":
    sys.exit(main())
