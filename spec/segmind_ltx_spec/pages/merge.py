"""Write a new model into a copy of openapi.yaml, and keep its comments and order."""

from __future__ import annotations

import io
from typing import Any, cast

from segmind_ltx_spec.pages.fragment import Fragment

try:
    # Only this command needs it, so it is not among what the contract itself needs.
    from ruamel.yaml import YAML
except ImportError:
    YAML = None  # type: ignore[assignment,misc]

MISSING = "to write into a YAML file and keep its comments: python -m pip install '.[spec]' in a checkout"


class MergeError(Exception):
    """The fragment cannot be written into the document; the message says why."""


def merged(text: str, fragment: Fragment) -> str:
    """Return the document ``text`` with the parts of ``fragment`` in it. Raises `MergeError` without ruamel.yaml."""
    if YAML is None:
        raise MergeError(MISSING)
    yaml = cast("Any", YAML())
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.add_representer(type(None), _null)
    document = yaml.load(text)
    _add(document["x-documents"], fragment.documents)
    for path, item in fragment.paths.items():
        version = path.split("/")[1]
        siblings = [known for known in document["paths"] if known.startswith(f"/{version}/") and "{" not in known]
        # The same object, not a copy: the file says once which responses all models share.
        item["post"]["responses"] = document["paths"][siblings[0]]["post"]["responses"]
        _insert(document["paths"], siblings[-1], path, item)
    components = document["components"]
    bodies, schemas = components["requestBodies"], components["schemas"]
    _insert(bodies, list(bodies)[-1], fragment.body_name, fragment.body)
    models = [name for name, schema in schemas.items() if "x-model" in schema]
    _insert(schemas, models[-1], fragment.schema_name, fragment.schema)
    out = io.StringIO()
    yaml.dump(document, out)
    return out.getvalue()


def _add(mapping: Any, entries: dict[str, Any]) -> None:
    for key, value in entries.items():
        _insert(mapping, list(mapping)[-1], key, value)


def _insert(mapping: Any, after: str, key: str, value: Any) -> None:
    mapping.insert(list(mapping).index(after) + 1, key, value)


def _null(representer: Any, _: None) -> Any:
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")
