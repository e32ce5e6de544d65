"""The pages of the API reference: which public name is on which page. mkdocstrings fills them in from the code."""

from __future__ import annotations

from importlib import import_module
from types import FunctionType
from typing import Any, Final, NamedTuple


class Module(NamedTuple):
    """A public module: what it is for, and its names if it has no ``__all__``."""

    about: str
    names: tuple[str, ...] = ()


MODULES: Final = {
    "segmind_ltx": Module("The client."),
    "segmind_ltx.ledger": Module("The rows of a ledger.", ("Entry",)),
    "segmind_ltx.compat": Module("The vendor's names over this client, for code written for `segmind` 1.x."),
    "segmind_ltx_sandbox": Module("The sandbox: an emulator of the API for tests."),
    "segmind_ltx_sandbox.testing": Module("A sandbox in a thread of a test.", ("running_sandbox", "RunningSandbox")),
    "segmind_ltx_sandbox.deviations": Module("Sandboxes that differ from the contract on purpose."),
    "segmind_ltx_spec": Module("The contract as objects: its models, sources and clauses."),
    "segmind_ltx_spec.changes": Module("What a change of the contract means, and for whom."),
    "segmind_ltx_spec.pages": Module("The reader of saved pages of the vendor."),
}
"""Every public module; the conformance suite has none, since it is used as a command and as a pytest plugin."""

NOTES: Final = {
    "clients": "Calls that make a video take a model's name and its parameters, or a request object; the page of each "
    "[model](../../models/index.md) has its parameters. Type checkers know them too.",
    "errors": "What each exception costs, and what to do: [errors](../../docs/errors.md).",
    "requests": "The type of each model's requests. The page of each [model](../../models/index.md) has the limits.",
    "sandbox": "How to use it in tests: [testing your own program](../../docs/testing.md).",
}
"""A first paragraph for some of the pages."""

OPTIONS: Final = {
    # All have the signature of the root.
    "errors": "\n    options:\n      merge_init_into_class: false",
    # Classes of attrs, whose attributes have names and types that say enough.
    "results": "\n    options:\n      show_if_no_docstring: true",
    "contract": "\n    options:\n      show_if_no_docstring: true",
}
"""Options of mkdocstrings for all names on a page."""

TITLES: Final = {
    "clients": "Clients and jobs",
    "results": "Results, ledger and options",
    "errors": "Exceptions",
    "requests": "Requests",
    "compat": "Compatibility",
    "sandbox": "Sandbox",
    "contract": "Contract",
}
"""The pages in their order, with their titles."""


def public_names() -> list[str]:
    """Return every public name with its module: ``segmind_ltx.Client``."""
    names = [f"{module}.{name}" for module, about in MODULES.items() for name in about.names or _exported(module)]
    return sorted(names, key=_order)


def members_of(name: str) -> list[str]:
    """Return the documented public methods and properties of a public class that it defines itself."""
    module, _, last = name.rpartition(".")
    held: Any = getattr(import_module(module), last)
    if not isinstance(held, type):
        return []
    members: dict[str, Any] = dict(vars(held))
    return [
        f"{name}.{member}"
        for member, value in members.items()
        if not member.startswith("_") and isinstance(value, FunctionType | property | classmethod) and value.__doc__
    ]


def _exported(module: str) -> list[str]:
    names: list[str] = import_module(module).__all__
    return names


def _order(name: str) -> tuple[int, bool, list[str], str]:
    """Sort by module, ``Client`` before ``AsyncClient``, and each exception after the one that it is a kind of."""
    module, _, last = name.rpartition(".")
    held: Any = getattr(import_module(module), last)
    ours = [one.__name__ for one in getattr(held, "__mro__", ()) if one.__module__.startswith("segmind_ltx")]
    above = ours[::-1] if last.endswith("Error") else []
    return list(MODULES).index(module), last.startswith("Async"), above, last


def page_of(name: str) -> str:
    """Return the page that a public name is on."""
    module, _, last = name.rpartition(".")
    if module.startswith("segmind_ltx_sandbox"):
        return "sandbox"
    if module.startswith("segmind_ltx_spec"):
        return "contract"
    if module == "segmind_ltx.compat":
        return "compat"
    if last.endswith("Error"):
        return "errors"
    if last.endswith("Request") and not last.startswith("Labelled"):
        return "requests"
    return "clients" if last.endswith(("Client", "Job")) else "results"


def api_pages() -> dict[str, str]:
    """Return the pages by file name."""
    names = public_names()
    pages = {f"{page}.md": _page(page, [one for one in names if page_of(one) == page]) for page in TITLES}
    return {"index.md": _index(names), **pages}


def _index(names: list[str]) -> str:
    parts = ["# Python reference"]
    for module, about in MODULES.items():
        own = [one for one in names if one.rpartition(".")[0] == module]
        links = ", ".join(f"[`{one.rpartition('.')[2]}`]({page_of(one)}.md#{one})" for one in own)
        parts.append(f"## `{module}`\n\n{about.about}\n\n{links}")
    return "\n\n".join(parts) + "\n"


def _page(page: str, names: list[str]) -> str:
    parts = [f"# {TITLES[page]}", *([NOTES[page]] if page in NOTES else [])]
    seen = ""
    for name in names:
        module = name.rpartition(".")[0]
        if module != seen:
            seen = module
            parts.append(f"From `{module}`. {MODULES[module].about}")
        parts.append(f"::: {name}{OPTIONS.get(page, '')}")
    return "\n\n".join(parts) + "\n"
