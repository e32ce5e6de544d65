"""Fail if the committed ``generated/segmind_ltx_api``, or the exports of ``segmind_ltx``, differ from new ones.

Run by ``nox -s drift``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from generate.checked import BadContractError, read_checked, told_of_generator
from generate.exports import INIT, NoRegionError, with_exports
from generate.regenerate import PACKAGE, GenerationError, differences, generate


def main() -> int:
    """Return 1 if a file differs, and print a line for each."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch, PACKAGE.name)
        try:
            generate(fresh, read_checked())
        except (BadContractError, GenerationError) as error:
            print(told_of_generator(error) if isinstance(error, GenerationError) else error, file=sys.stderr)
            return 1
        found = list(differences(PACKAGE, fresh))
        text = INIT.read_text(encoding="utf-8")
        try:
            found += [f"changed  {INIT.name}: its exports"] if with_exports(text, fresh) != text else []
        except NoRegionError as error:
            found.append(str(error))
    if found:
        print("\n".join(found), file=sys.stderr)
        print(
            "The generated code differs from what the spec gives. Run `nox -s regenerate` and commit.", file=sys.stderr
        )
        return 1
    print("generated/ is up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
