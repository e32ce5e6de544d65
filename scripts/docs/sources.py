"""Write the sources of the site into a folder: hand-written pages, and those made from contract, code and commands.

The folder mirrors the repository, so that the links between README, ARCHITECTURE and ``docs/`` lead to the same pages
here. Those files are included as snippets, so there is no second copy to keep.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from docs.api import TITLES, api_pages, members_of, public_names
from docs.api import page_of as page_of_name
from docs.clauses import SHARED, clause_pages
from docs.clauses import page_of as page_of_clause
from docs.commands import all_commands, command_page
from docs.http import SWAGGER, http_page, viewer_files
from docs.models import model_pages
from segmind_ltx_spec import Contract, clauses, load

ROOT: Final = Path(__file__).parents[2]
ASSETS: Final = Path(__file__).with_name("assets")
SANDBOX: Final = ROOT / "tests/segmind_ltx_sandbox"

INCLUDED: Final = {
    "index.md": "README.md",
    "ARCHITECTURE.md": "ARCHITECTURE.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "sandbox.md": "tests/segmind_ltx_sandbox/README.md",
}
"""Pages that are a file elsewhere in the repository."""

GUIDES: Final = {
    "first-video.md": "Your first video",
    "usage.md": "Using the client",
    "money.md": "Money",
    "errors.md": "Errors, and what they cost",
    "many-jobs.md": "Many jobs",
    "many-machines.md": "Many machines",
    "testing.md": "Testing your own program",
    "contract-tests.md": "Contract tests in CI",
    "conformance.md": "The conformance suite",
    "spec-changes.md": "Changing the contract",
}
"""The guides in ``docs/``, in their order, with short titles. One that is not there is left out."""

Nav = list[tuple[str, str]]


class Group(NamedTuple):
    """A group of the navigation: pages as title and path."""

    title: str
    pages: Nav


def write_sources(folder: Path, contract: Contract | None = None) -> list[Group]:
    """Write all sources into ``folder``, which is emptied first; return the navigation."""
    contract = contract or load()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copy(ROOT / "LICENSE", folder / "LICENSE")
    for page, file in INCLUDED.items():
        _write(folder / page, f'--8<-- "{file}"\n')
    generated = {
        "reference/cli.md": command_page(),
        "reference/http.md": http_page(contract),
        **{f"reference/python/{name}": text for name, text in api_pages().items()},
        **{f"models/{name}": text for name, text in model_pages(contract).items()},
        **{f"clauses/{name}": text for name, text in clause_pages(contract).items()},
        **viewer_files(contract),
    }
    for name, text in generated.items():
        _write(folder / name, text)
    _copy_assets(folder)
    groups = navigation(contract)
    _write(folder / "SUMMARY.md", _summary(groups))
    return groups


def _copy_assets(folder: Path) -> None:
    (folder / "assets").mkdir()
    shutil.copy(ASSETS / "site.css", folder / "assets")
    for name in ("viewer.js", "viewer.css"):
        shutil.copy(ASSETS / name, folder / "http" / name)
    shutil.copy(ASSETS / "iframe-worker/iframe-worker.js", folder / "assets")
    shutil.copy(ASSETS / "iframe-worker/LICENSE", folder / "assets/iframe-worker.LICENSE")
    (folder / "http/swagger-ui").mkdir()
    for name in SWAGGER:
        shutil.copy(SANDBOX / "static/swagger-ui" / name, folder / "http/swagger-ui")


def navigation(contract: Contract) -> list[Group]:
    """Return the groups of pages. A page of ``docs/`` that is not a guide is in the group of evidence."""
    here = sorted(path.name for path in (ROOT / "docs").glob("*.md"))
    guides = [(title, f"docs/{name}") for name, title in GUIDES.items() if name in here]
    others = [(_first_heading(ROOT / "docs" / name), f"docs/{name}") for name in here if name not in GUIDES]
    slugs = list(contract.models)
    return [
        Group("Guides", guides),
        Group("Models", [("All models", "models/index.md"), *((slug, f"models/{slug}.md") for slug in slugs)]),
        Group(
            "Reference",
            [("Python", "reference/python/index.md")]
            + [(title, f"reference/python/{page}.md") for page, title in TITLES.items()]
            + [("Command line", "reference/cli.md"), ("HTTP", "reference/http.md"), ("Sandbox server", "sandbox.md")],
        ),
        Group(
            "Clauses",
            [("All clauses", "clauses/index.md"), ("For all models", f"clauses/{SHARED}.md")]
            + [(slug, f"clauses/{slug}.md") for slug in slugs],
        ),
        Group("Evidence", others),
        Group(
            "Project", [(path[:-3].capitalize(), path) for path in INCLUDED if path.isupper() or path[:-3].isupper()]
        ),
    ]


def _first_heading(path: Path) -> str:
    found = re.search(r"^# (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1].partition(":")[0] if found else path.stem


def _summary(groups: list[Group]) -> str:
    lines = ["- [Overview](index.md)"]
    for group in groups:
        lines.append(f"- {group.title}")
        lines.extend(f"    - [{title}]({path})" for title, path in group.pages)
    return "\n".join(lines) + "\n"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def expected_anchors(contract: Contract | None = None) -> Iterator[tuple[str, str]]:
    """Yield page and anchor of each public name, command, model, parameter, operation and clause."""
    contract = contract or load()
    for name in public_names():
        page = f"reference/python/{page_of_name(name)}.html"
        yield from ((page, anchor) for anchor in (name, *members_of(name)))
    for command in all_commands():
        yield "reference/cli.html", command.anchor
    for _, _, operation in contract.operations():
        yield "reference/http.html", operation["operationId"]
    for model in contract.models.values():
        yield f"models/{model.slug}.html", model.slug
        yield from ((f"models/{model.slug}.html", name) for name in model.parameters)
    for clause in clauses(contract):
        yield f"clauses/{page_of_clause(clause)}.html", clause.id
