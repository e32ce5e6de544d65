"""Fail where the committed ``generated/segmind_ltx_api`` is not what the spec gives. Run by ``nox -s drift``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from generate.regenerate import PACKAGE, GenerationError, differences, generate
from segmind_ltx_spec import contract_of, read_document


def main() -> int:
    """Exit status 1 where anything differs, with a line for each file."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch, PACKAGE.name)
        try:
            generate(fresh, contract_of(read_document()))
        except GenerationError as error:
            print(f"The generator said:\n{error}", file=sys.stderr)
            return 1
        found = list(differences(PACKAGE, fresh))
    if found:
        print("\n".join(found), file=sys.stderr)
        print("generated/ is not what the spec gives; run `nox -s regenerate` and commit.", file=sys.stderr)
        return 1
    print("generated/ is what the spec gives")
    return 0


if __name__ == "__main__":
    sys.exit(main())
