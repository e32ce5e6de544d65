"""An extension of griffe, which reads the code for the API reference: show the methods that make paid calls.

``Client`` assigns them twice: for type checkers a protocol with each model's parameters, else the method ``_submit``
under the name ``submit``. Griffe takes the first, which has no text.
"""

from __future__ import annotations

from typing import Any, Final

import griffe

CLASSES: Final = ("client.Client", "async_client.AsyncClient")
CALLS: Final = ("submit", "generate", "generate_blocking")


class PaidCalls(griffe.Extension):
    """Replace the attributes ``submit``, ``generate`` and ``generate_blocking`` by the methods behind them."""

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
