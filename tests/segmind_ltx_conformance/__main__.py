"""Run ``python -m segmind_ltx_conformance``, the same command as ``segmind-ltx conformance``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command; if a package is missing, name the extra to install and exit with 2."""
    try:
        from segmind_ltx_conformance.cli import conformance
    except ImportError as error:
        sys.stderr.write(f"conformance needs {error.name}: python -m pip install '.[conformance]' in a checkout\n")
        sys.exit(2)
    conformance(prog_name="python -m segmind_ltx_conformance")


if __name__ == "__main__":
    main()
