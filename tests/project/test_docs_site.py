"""The site: each public name, command, model and clause is on its page.

Zensical is not needed here; `nox -s docs` builds these pages and checks the result.
"""

from __future__ import annotations

import ast
import copy
import importlib
import pkgutil
import re
import shlex
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import typer

from segmind_ltx._cli.commands import app
from segmind_ltx._core.parameters import prepare
from segmind_ltx_spec import Contract, Model, clauses, contract_of, load, read_document

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from docs import api, commands, http, llms, models, sources, words  # noqa: E402 - scripts are not installed
from docs.__main__ import missing_anchors  # noqa: E402

MODELS = list(load().models.values())
NOT_PUBLIC = {"segmind_ltx_conformance.prober", "segmind_ltx_conformance.judge.statuses"}
"""Modules with a list of names for their own package."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources of the site."""
    folder = tmp_path_factory.mktemp("sources")
    sources.write_sources(folder)
    return folder


def test_sources_have_every_page_in_the_navigation(written: Path) -> None:
    """Every page is in the navigation, every entry of the navigation is a page, and llms.txt names them too."""
    groups = sources.navigation(load())
    linked = {path for _, pages in groups for _, path in pages}
    pages = {path.relative_to(written).as_posix() for path in written.rglob("*.md")}
    assert linked | {"index.md", "SUMMARY.md"} == pages


def test_readme_is_included_and_not_copied(written: Path) -> None:
    """README, ARCHITECTURE and CONTRIBUTING are snippets, so the site has no second copy of them."""
    for page in ("index.md", "ARCHITECTURE.md", "CONTRIBUTING.md"):
        assert (written / page).read_text() == f'--8<-- "{sources.INCLUDED[page]}"\n'


def test_clause_has_one_anchor(written: Path) -> None:
    """Each clause is a heading with its id, on one page alone."""
    pages = [path.read_text(encoding="utf-8") for path in (written / "clauses").glob("*.md")]
    found = Counter(anchor for text in pages for anchor in re.findall(r"\{ #(\S+) \.clause \}", text))
    assert found == Counter(clause.id for clause in clauses())


def test_name_is_on_its_page(written: Path) -> None:
    """Each public name of each public module is on one page of the reference."""
    pages = (written / "reference/python").glob("*.md")
    found = Counter(name for path in pages for name in re.findall(r"^::: (\S+)$", path.read_text(), re.MULTILINE))
    assert found == Counter(api.public_names())


@pytest.mark.parametrize(
    "package", ["segmind_ltx", "segmind_ltx_spec", "segmind_ltx_sandbox", "segmind_ltx_conformance"]
)
def test_module_with_names_is_public(package: str) -> None:
    """A module with ``__all__`` and no underscore in its path is in the reference."""
    home = importlib.import_module(package)
    names = {package} | {found.name for found in pkgutil.walk_packages(home.__path__, f"{package}.")}
    shown = {name for name in names if not re.search(r"\._|\.test_|__main__", name)}
    public = {name for name in shown if hasattr(importlib.import_module(name), "__all__")}
    assert public - api.MODULES.keys() <= NOT_PUBLIC


def test_reference_has_the_paid_calls() -> None:
    """The methods behind ``submit`` and its like have anchors, for both clients."""
    for client in ("Client", "AsyncClient"):
        assert {f"segmind_ltx.{client}.{call}" for call in ("submit", "generate", "generate_blocking")} <= {
            *api.members_of(f"segmind_ltx.{client}")
        }


def test_command_has_an_anchor(written: Path) -> None:
    """Each command, those of other packages and of each model too, is a heading."""
    page = (written / "reference/cli.md").read_text(encoding="utf-8")
    found = re.findall(r"^#+ .* \{ #(\S+) \}$", page, re.MULTILINE)
    assert found == [command.anchor for command in commands.all_commands()]
    assert {"segmind-ltx-generate-ltx-2-pro", "segmind-ltx-conformance-judge", "segmind-ltx-sandbox"} <= {*found}


def test_command_page_has_every_option(written: Path) -> None:
    """No option is left out of the table of its command."""
    page = (written / "reference/cli.md").read_text(encoding="utf-8")
    for command in commands.all_commands():
        section = page.partition(f"{{ #{command.anchor} }}")[2].partition("{ #")[0]
        for parameter in command.command.get_params(command.context):
            if parameter.param_type_name == "option":
                assert parameter.opts[0] in section, (command.name, parameter.opts)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.slug)
def test_model_page_has_the_facts(model: Model, written: Path) -> None:
    """The page has price, usual time, both routes, and each parameter with each of its clauses and its lines."""
    page = (written / f"models/{model.slug}.md").read_text(encoding="utf-8")
    assert all(fact in page for fact in (models.price_words(model), f"{model.seconds:g} s", model.v1, model.v2))
    assert all(f"### `{name}` {{ #{name} }}" in page for name in model.parameters)
    own = [clause for clause in clauses() if clause.models == (model.slug,)]
    assert {clause.id for clause in own if f"#{clause.id})" not in page} == {f"{model.slug}.body"}
    for clause in own:
        for claim in clause.claims if clause.kind == "payload" and not clause.id.endswith(".body") else ():
            words_of_lines = str(claim.first) if claim.first == claim.last else f"{claim.first} to {claim.last}"
            assert words_of_lines in page


def test_source_is_said_in_words() -> None:
    """A source names the page by its model, and the lines."""
    clause = next(one for one in clauses() if one.id == "ltx-2-pro.duration.enum")
    said = words.source_words(load(), clause.documents, clause.claims, clause.note)
    assert said == "The page of ltx-2-pro, lines 47 to 54"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.slug)
def test_python_call_is_valid(model: Model) -> None:
    """The program on a model's page has a call that the client would send."""
    program = models.python_call(model, models.example_of(load(), model))
    calls = [node for node in ast.walk(ast.parse(program)) if isinstance(node, ast.Call)]
    (submit,) = [call for call in calls if ast.unparse(call.func) == "client.submit"]
    given = {keyword.arg: ast.literal_eval(keyword.value) for keyword in submit.keywords if keyword.arg}
    assert prepare(ast.literal_eval(submit.args[0]), given).model.slug == model.slug


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.slug)
def test_command_call_is_valid(model: Model) -> None:
    """The command on a model's page is one that the command line accepts."""
    example = models.example_of(load(), model)
    given = shlex.split(models.command(model, example).replace("\\\n", ""))
    root: Any = typer.main.get_command(app)
    command: Any = root.commands["generate"].commands[model.slug]
    assert given[:3] == ["segmind-ltx", "generate", model.slug]
    context = command.make_context(model.slug, given[3:])
    assert {name: context.params[f"parameter_{name}"] for name in example} == example


def test_further_model_has_its_pages() -> None:
    """A model that is added to the contract has a page and clauses without a change here."""
    assert {"ltx-9.md"} == models.model_pages(_with_a_sixth()).keys() - models.model_pages(load()).keys()
    assert ("clauses/ltx-9.html", "ltx-9.duration.enum") in {*sources.expected_anchors(_with_a_sixth())}


def _with_a_sixth() -> Contract:
    document = read_document()
    parts = document["components"]
    parts["schemas"]["Ltx9Request"] = copy.deepcopy(parts["schemas"]["Ltx2ProRequest"])
    parts["schemas"]["Ltx9Request"]["x-model"]["slug"] = "ltx-9"
    parts["requestBodies"]["Ltx9"] = copy.deepcopy(parts["requestBodies"]["Ltx2Pro"])
    media = parts["requestBodies"]["Ltx9"]["content"]["application/json"]
    media["schema"] = {"$ref": "#/components/schemas/Ltx9Request"}
    for version in ("v1", "v2"):
        path = copy.deepcopy(document["paths"][f"/{version}/ltx-2-pro"])
        path["post"]["requestBody"] = {"$ref": "#/components/requestBodies/Ltx9"}
        document["paths"][f"/{version}/ltx-9"] = path
    return contract_of(document)


def test_viewer_sends_nothing() -> None:
    """Swagger UI has no button that sends a request, and asks no other host for a verdict."""
    script = (sources.ASSETS / "viewer.js").read_text(encoding="utf-8")
    assert "supportedSubmitMethods: []," in script
    assert "validatorUrl: null," in script


def test_viewer_shows_sources_without_references() -> None:
    """The contract of the viewer has each source in a description, and no reference that a file could not follow."""
    shown = http.inlined(http.with_sources(load()))
    text = repr(shown)
    assert "'$ref'" not in text
    operation = shown["paths"]["/v2/ltx-2-pro"]["post"]
    assert operation["description"].endswith("*[D: The page of ltx-2-pro, lines 6 and 84.]*")
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema["properties"]["duration"]["description"].endswith("lines 47 to 54.]*")
    assert "The page of" not in repr(load().document)  # The contract itself is as it was.


def test_inlining_ends_at_a_circle() -> None:
    """A reference that leads to itself stays, so that inlining ends."""
    circle: dict[str, Any] = {"a": {"next": {"$ref": "#/a"}}}
    assert http.inlined(circle) == {"a": {"next": {"next": {"$ref": "#/a"}}}}


def test_missing_anchors_are_all_named() -> None:
    """A site without pages lacks the anchor of every name, command, model and clause."""
    missing = missing_anchors({})
    assert len(missing) == sum(1 for _ in sources.expected_anchors())
    assert "reference/python/clients.html: no anchor segmind_ltx.Client.submit" in missing


def test_llms_links_to_text(written: Path, tmp_path: Path) -> None:
    """The list for language models names every page, as Markdown if that has the text."""
    groups = sources.navigation(load())
    for _, pages in groups:
        for _, path in pages:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    llms.write_llms(groups, written, tmp_path)
    links = re.findall(r"\]\(([^)]+)\)", (tmp_path / "llms.txt").read_text())
    assert len(links) == 1 + sum(len(pages) for _, pages in groups)
    assert "reference/python/clients.html" in links
    assert [link for link in links if link.endswith(".md") and not (tmp_path / link).read_text().strip()] == []
    assert (tmp_path / "index.md").read_text() == (ROOT / "README.md").read_text()
