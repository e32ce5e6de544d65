"""Parse YAML with libyaml, if PyYAML was built with it: ten times faster than without."""

from __future__ import annotations

from typing import Any, Final

try:
    import yaml
except ImportError as missing:
    message = "the contract is YAML; to read it: python -m pip install '.[spec]' in a checkout"
    raise ImportError(message, name=missing.name) from None

LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Reads plain values alone, and never makes objects of classes that a document names."""


def parse_yaml(text: str) -> Any:
    """Return the value of a YAML document.

    Raises:
        yaml.YAMLError: It is not YAML; a ``MarkedYAMLError`` has the place.
    """
    return yaml.load(text, LOADER)  # noqa: S506 - the loader is a safe one
