"""Write the request types into the two marked regions of ``segmind_ltx/__init__.py``.

Type checkers and editors read exports only if they are written out. The names depend on the models, so they are
generated; the rest of the file is written by hand.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

INIT: Final = Path(__file__).resolve().parents[2] / "overrides" / "segmind_ltx" / "__init__.py"
_REGION: Final = re.compile(
    r"(?P<begin>^ *# generated (?P<name>imports|names): by `nox -s regenerate`\n)(?P<text>.*?)(?P<end>^ *# end\n)",
    re.MULTILINE | re.DOTALL,
)


class NoRegionError(ValueError):
    """The file lacks a region; the message says which."""


def with_exports(text: str, package: Path) -> str:
    """Return the text of ``__init__.py`` with the request types of the generated package at ``package``."""
    names = _sorted_names(package / "requests.py")
    regions = {
        "imports": "".join(f"    from segmind_ltx_api.requests import {name} as {name}\n" for name in names),
        "names": "".join(f'    "{name}",\n' for name in names),
    }
    if found := regions.keys() - {region["name"] for region in _REGION.finditer(text)}:
        raise NoRegionError(f"{INIT.name} has no region `# generated {' and '.join(sorted(found))}: …`; restore it")
    return _REGION.sub(lambda region: f"{region['begin']}{regions[region['name']]}{region['end']}", text)


def _sorted_names(path: Path) -> list[str]:
    """Return the names that a file imports, in the order that ruff gave them, which is that of ``__all__`` too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
