"""Run the project's own generation on another document. Started as a script, in the generator's environment.

Arguments: the folder of regenerate.py, a folder to work in, the document as JSON, the name of the package.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path


def main() -> None:
    """Write the package."""
    scripts, folder, spec, name = sys.argv[1:]
    sys.path[:0] = [f"{folder}/loader", scripts, str(Path(scripts).parent)]
    regenerate = importlib.import_module("regenerate")
    contract = importlib.import_module("segmind_ltx_spec").contract_of(json.loads(Path(spec).read_text("utf-8")))
    try:
        regenerate.generate(Path(folder, name), contract)
    except regenerate.GenerationError as error:
        sys.exit(f"the generator said: {error}")


if __name__ == "__main__":
    main()
