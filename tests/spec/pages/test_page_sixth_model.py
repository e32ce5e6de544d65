"""From a page to a sixth model: fragment, answers, generated client, command line, sandbox and suite, with no Python.

Everything runs in a copy of the contract and of the generated package, in processes of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from attrs import frozen

from segmind_ltx_spec import OPENAPI_PATH, contract_of
from segmind_ltx_spec.__main__ import main

from .printing import MadeUpModel, MadeUpRow, page

pytest.importorskip("openapi_python_client", reason="the generator is not installed here")
pytest.importorskip("ruamel.yaml", reason="the extra spec is not installed here")

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "scripts"))

from generate import regenerate  # noqa: E402 - scripts are not installed

SLUG = "kite-1-fast"
MODEL = MadeUpModel(
    slug=SLUG,
    rows=(
        MadeUpRow("prompt", required=True),
        MadeUpRow("image", "string (uri)", default=None),
        MadeUpRow("duration", "integer", default=2, allowed=(2, 4, 8)),
        MadeUpRow("resolution", default="small", allowed=("small", "wide")),
        MadeUpRow("seed", "integer", default=42, between=(-1, 9999)),
        MadeUpRow("strength", "number", default=1, between=(0.5, 2)),
        MadeUpRow("with_audio", "boolean", default=True),
    ),
    sample={"prompt": "A kite", "duration": 2},
)
SOURCE = {"grade": "I", "note": "Made up for a test."}
ANSWERS: dict[str, Any] = {
    "x-model/price": {"usd_low": 0.1, "usd_high": 0.4},
    "x-model/video/size": {
        "rule": "table",
        "parameter": "resolution",
        "table": {"small": [320, 240], "wide": [480, 240]},
    },
    "x-model/video/frames": {"rule": "seconds", "parameter": "duration"},
    "x-model/video/fps": {"value": 8},
    "x-model/video/sound": {"parameter": "with_audio"},
    # "248" is 2, 4, 8 or 24, 8 and so on: a person looks at the page.
    "properties/duration": {"enum": [2, 4, 8], "default": 2},
}
PROGRAM = f"""
import json
import segmind_ltx as ltx
with ltx.Client() as client:
    job = client.submit(ltx.Kite1FastRequest(prompt="A kite", duration=4, resolution="wide"))
    job.wait(poll_interval=0.05).save("request.mp4")
    client.submit("{SLUG}", prompt="A kite", seed=-1).wait(poll_interval=0.05).save("call.mp4")
    client.generate_blocking("{SLUG}", prompt="A kite", image=None).save("blocking.mp4")
    refused = []
    for wrong in ({{"duration": 3}}, {{"seed": 10000}}, {{"strength": 0.4}}, {{"with_audio": "yes"}}, {{"sed": 1}}):
        try:
            client.submit("{SLUG}", prompt="A kite", **wrong)
        except ltx.ParameterError as error:
            refused.append(error.problems[0])
print(json.dumps(refused))
"""


@frozen
class Sixth:
    """A folder with the contract and the generated package of six models."""

    home: Path
    python_path: str

    def run(self, *command: str, status: int = 0, url: str = "") -> str:
        """Run a command of this project with six models, and return what it prints."""
        account = {"SEGMIND_API_KEY": "SG_0000000000000200", "SEGMIND_BASE_URL": url} if url else {}
        done = subprocess.run(
            [sys.executable, *command],
            cwd=self.home,
            env={**self.environment, **account},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == status, (command, done.stdout[-3000:], done.stderr[-3000:])
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which Python finds six models."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("SEGMIND_")}
        return {**kept, "PYTHONPATH": self.python_path, "PYTHONUTF8": "1", "COLUMNS": "200", "NO_COLOR": "1"}


@pytest.fixture(scope="module")
def sixth(tmp_path_factory: pytest.TempPathFactory) -> Sixth:
    """Write the fragment into a copy of the contract, answer its questions, and generate the client."""
    home = tmp_path_factory.mktemp("sixth")
    saved, merged = home / "kite.txt", home / "merged.yaml"
    saved.write_text(page(MODEL, "line", "C"), encoding="utf-8")
    assert main(["page", "fragment", str(saved), "--into", str(OPENAPI_PATH), "--out", str(merged)]) == 0
    document = yaml.safe_load(merged.read_text(encoding="utf-8"))
    _answer(document["components"]["schemas"]["Kite1FastRequest"])
    shutil.copytree(OPENAPI_PATH.parent, home / "spec/segmind_ltx_spec", ignore=shutil.ignore_patterns("__pycache__"))
    # JSON is YAML, and keeps the order.
    written = json.dumps(document, ensure_ascii=False, indent=1)
    (home / "spec/segmind_ltx_spec/openapi.yaml").write_text(written, encoding="utf-8")
    regenerate.generate(home / "generated/segmind_ltx_api", contract_of(document))
    # Before the checkout's own, which an editable installation adds at the end.
    folders = [home / "spec", home / "generated", ROOT / "overrides", ROOT / "tests"]
    return Sixth(home, os.pathsep.join(map(str, folders)))


def _answer(schema: dict[str, Any]) -> None:
    """Answer all questions, as a person would in an editor."""
    asked = [question["at"] for question in schema.pop("x-questions")]
    assert sorted(asked) == sorted(ANSWERS)
    for place, answer in ANSWERS.items():
        *above, last = place.split("/")
        node = schema
        for part in above:
            node = node[part]
        node[last] = {**(node[last] or {}), **answer}
        node[last].setdefault("x-source", SOURCE)


@pytest.fixture(scope="module")
def sandbox(sixth: Sixth) -> Iterator[str]:
    """Start the sandbox of six models as a program, and return its address."""
    command = [sys.executable, "-m", "segmind_ltx_sandbox", "--port", "0", "--speed", "100"]
    with subprocess.Popen(command, cwd=sixth.home, env=sixth.environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().split()[-1]
        finally:
            server.terminate()


def test_sixth_model_has_clauses(sixth: Sixth) -> None:
    """The contract derives its clauses, and a clean comparison says that there is more to call."""
    rows = json.loads(sixth.run("-m", "segmind_ltx_spec", "--json", "--model", SLUG))
    ids = {row["id"] for row in rows}
    assert {f"{SLUG}.{rule}" for rule in ("v1", "v2", "duration.enum", "image.null", "video.size")} <= ids
    old, new = str(OPENAPI_PATH.parent), "spec/segmind_ltx_spec"
    said = sixth.run("-m", "segmind_ltx_spec", "diff", old, new, "--no-python", "--no-versions", "--format", "json")
    report = json.loads(said)
    assert report["unjudged"] == []
    assert report["verdicts"] == {"http": "compatible", "python": "compatible", "server": "breaking"}
    added = [change["operations"] for change in report["changes"] if change["rule"] == "operation-added"]
    assert added == [[f"POST /v1/{SLUG}"], [f"POST /v2/{SLUG}"]]


def test_sixth_model_in_the_client(sixth: Sixth, sandbox: str) -> None:
    """Request object, calls and limits work against the sandbox that serves the same contract."""
    refused: list[str] = json.loads(sixth.run("-c", PROGRAM, url=sandbox))
    for name in ("request", "call", "blocking"):
        assert (sixth.home / f"{name}.mp4").stat().st_size > 1000
    assert [problem.split("=")[0] for problem in refused[:4]] == ["duration", "seed", "strength", "with_audio"]
    assert "did you mean 'seed'?" in refused[4]


def test_sixth_model_on_the_command_line(sixth: Sixth, sandbox: str) -> None:
    """The model is listed, has its options, and makes a video."""
    assert SLUG in sixth.run("-m", "segmind_ltx", "models")
    options = sixth.run("-m", "segmind_ltx", "generate", SLUG, "--help")
    assert all(word in options for word in ("--prompt", "--duration", "--resolution", "--seed", "--with-audio"))
    call = ["-m", "segmind_ltx", "generate", SLUG, "--prompt", "A kite", "--sync", "--out", "cli.mp4"]
    sixth.run(*call, "--duration", "2", url=sandbox)
    assert (sixth.home / "cli.mp4").stat().st_size > 1000
    sixth.run(*call, "--force", "--duration", "3", url=sandbox, status=2)


def test_sixth_model_conforms(sixth: Sixth, sandbox: str) -> None:
    """The suite tests its clauses against the sandbox, and finds all that it tested kept."""
    profile = (ROOT / "docs/targets/sandbox.toml").read_text(encoding="utf-8")
    (sixth.home / "target.toml").write_text(profile.replace("http://127.0.0.1:8900", sandbox), encoding="utf-8")
    said = sixth.run(
        "-m", "segmind_ltx_conformance", "--target", "target.toml", "--report", "out", "--model", SLUG, "--jobs", "4"
    )
    assert "conforms" in said
    checks = json.loads((sixth.home / "out/report.json").read_text(encoding="utf-8"))["checks"]
    outcomes = {one["clause"]: one["outcome"] for one in checks if one["clause"].startswith(f"{SLUG}.")}
    untested = {clause for clause, outcome in outcomes.items() if outcome != "passed"}
    # No video shows these two defaults.
    assert untested == {f"{SLUG}.image.default", f"{SLUG}.strength.default"}
    assert len(outcomes) > 40
