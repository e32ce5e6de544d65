"""The command ``segmind-ltx``; also ``python -m segmind_ltx``."""

from __future__ import annotations

import importlib.util
import sys

from segmind_ltx._install import install_command


def main() -> None:
    """Run the command line, or say which extra it needs (exit status 2)."""
    try:
        _run()
    except KeyboardInterrupt:  # While the modules are imported; afterwards each command says more.
        sys.stderr.write("interrupted\n")
        sys.exit(130)


def _run() -> None:
    missing = [name for name in ("typer", "rich") if importlib.util.find_spec(name) is None]
    if missing:
        sys.stderr.write(f"segmind-ltx needs {' and '.join(missing)}: {install_command('cli')}\n")
        sys.exit(2)
    from segmind_ltx._cli import commands  # Without the extra it cannot be imported.

    commands.main()


if __name__ == "__main__":
    main()
