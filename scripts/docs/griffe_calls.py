"""An extension of griffe, which reads the code for the API reference.

It shows the methods that make paid calls. ``Client`` assigns them twice: for type checkers a protocol with each model's
parameters, else the method ``_submit`` under the name ``submit``. Griffe takes the first, which has no text.

It also turns the two colons before an example, which are reStructuredText, into one.
"""

from __future__ import annotations

import re
from typing import Any, Final

import griffe

CLASSES: Final = ("client.Client", "async_client.AsyncClient")
CALLS: Final = ("submit", "generate", "generate_blocking")


class SiteExtension(griffe.Extension):
    """Show the methods behind ``submit``, ``generate`` and ``generate_blocking``; make docstrings Markdown."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change a docstring, and drop labels that would be in every search result, once an object is read."""
        obj.labels -= {"class-attribute", "instance-attribute"}
        if obj.docstring is not None:
            obj.docstring.value = re.sub(r"::$", ":", obj.docstring.value, flags=re.MULTILINE)

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Change the two classes, once the package is read."""
        if pkg.name != "segmind_ltx":
            return
        for path in CLASSES:
            holder = pkg[path]
            for name in CALLS:
                method = holder.members.pop(f"_{name}")
                method.name = name
                holder.set_member(name, method)
