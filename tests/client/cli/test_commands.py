"""The commands print results and errors, set the exit status, and submit nothing that is invalid."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from segmind_ltx_api.contract import MODELS, Parameter
from segmind_ltx_sandbox import key_of
from support.cli import Cli

SMALL = ("--prompt", "x", "--width", "256", "--height", "256", "--num-frames", "4")


def _json(text: str) -> Any:
    """Parse a stdout that is one line of JSON."""
    assert text.count("\n") == 1
    return json.loads(text)


def test_generate(cli: Cli) -> None:
    """The video is saved, and its file is printed."""
    done = cli("generate", "ltx-2-19b-t2v", *SMALL, "--out", "a.mp4")
    assert (done.exit_code, Path("a.mp4").stat().st_size > 0) == (0, True)
    assert done.stdout.startswith("a.mp4 (")
    assert "submitted" in done.stderr


@pytest.mark.parametrize("more", [[], ["--sync"]])
def test_generate_with_json(cli: Cli, more: list[str]) -> None:
    """With --json standard output is one ASCII object, whatever the file is called."""
    done = cli("generate", "ltx-2-19b-t2v", *SMALL, "--out", "vidéo.mp4", "--json", *more)
    result = _json(done.stdout)
    assert done.exit_code == 0
    assert result["file"] == "vidéo.mp4"
    assert result["model"] == "ltx-2-19b-t2v"
    assert result["cost"] > 0
    assert done.stdout.isascii()  # A pipe may have any encoding.
    assert Path("vidéo.mp4").exists()


@pytest.mark.parametrize("flag", [[], ["--json"]])
def test_generate_if_file_exists(cli: Cli, flag: list[str]) -> None:
    """An existing file is not changed, and nothing is submitted."""
    Path("a.mp4").write_bytes(b"mine")
    before = cli.posts
    done = cli("generate", "ltx-2-19b-t2v", *SMALL, "--out", "a.mp4", *flag)
    assert (done.exit_code, cli.posts, Path("a.mp4").read_bytes()) == (2, before, b"mine")
    assert "--force" in done.stderr
    if flag:
        assert _json(done.stdout)["error"]["type"] == "OutputExistsError"


def test_generate_with_force(cli: Cli) -> None:
    """With --force an existing file is replaced."""
    Path("a.mp4").write_bytes(b"mine")
    assert cli("generate", "ltx-2-19b-t2v", *SMALL, "--out", "a.mp4", "--force").exit_code == 0
    assert Path("a.mp4").read_bytes()[4:8] == b"ftyp"


INVALID = {
    "out of range": ["ltx-2-19b-t2v", "--prompt", "x", "--width", "255"],
    "not allowed": ["ltx-2-fast", "--prompt", "x", "--duration", "7"],
    "wrong type": ["ltx-2-fast", "--prompt", "x", "--duration", "six"],
    "no prompt": ["ltx-2-fast"],
    "no image": ["ltx-2-19b-i2v", "--prompt", "x"],
    "no URI": ["ltx-2-19b-i2v", "--prompt", "x", "--image", "a.png"],
    "no model": ["ltx-3", "--prompt", "x"],
    "no option": ["ltx-2-fast", "--promt", "x"],
    "no timeout": ["ltx-2-fast", "--prompt", "x", "--timeout", "nan"],
}


@pytest.mark.parametrize("case", INVALID)
def test_generate_invalid(cli: Cli, case: str) -> None:
    """Wrong usage ends with exit status 2, and nothing is submitted."""
    before = cli.posts
    done = cli("generate", *INVALID[case], "--out", "a.mp4")
    assert (done.exit_code, cli.posts, done.stdout) == (2, before, "")
    assert done.stderr


def test_commands_without_key(cli: Cli) -> None:
    """Without a key the exit status is 2, and the message names the variable."""
    for command in (["submit", "ltx-2-19b-t2v", *SMALL], ["status", "a"], ["fetch", "a", "--out", "a.mp4"]):
        done = cli(*command, SEGMIND_API_KEY="")
        assert done.exit_code == 2
        assert "SEGMIND_API_KEY" in done.stderr


@pytest.mark.parametrize("name", ["forbidden", "no_credits"])
def test_submit_refused(cli: Cli, name: str) -> None:
    """A refused submit ends with exit status 1 and the service's message, without the key."""
    done = cli("submit", "ltx-2-19b-t2v", *SMALL, "--json", SEGMIND_API_KEY=key_of(name))
    error = _json(done.stdout)["error"]
    assert (done.exit_code, error["status"]) == (1, int(key_of(name)[-3:]))
    assert error["message"] in done.stderr
    assert key_of(name) not in done.stdout + done.stderr


def test_generate_failing(cli: Cli) -> None:
    """A failed job ends with exit status 1 and its id, and leaves no file."""
    done = cli("generate", "ltx-2-19b-t2v", *SMALL, "--out", "a.mp4", "--json", SEGMIND_API_KEY=key_of("failing"))
    error = _json(done.stdout)["error"]
    assert (done.exit_code, error["type"]) == (1, "JobFailedError")
    assert error["request_id"]
    assert error["request_id"] in done.stderr
    assert not Path("a.mp4").exists()


def test_generate_after_timeout(cli: Cli) -> None:
    """After a timeout the exit status is 1, and the printed command fetches the video."""
    done = cli("generate", "ltx-2-19b-t2v", *SMALL, "--out", "my clip.mp4", "--timeout", "3")
    assert done.exit_code == 1
    command = next(line for line in done.stderr.splitlines() if "segmind-ltx fetch" in line)
    assert cli(*shlex.split(command)[1:]).exit_code == 0
    assert Path("my clip.mp4").read_bytes()[4:8] == b"ftyp"


def test_submit_status_fetch(cli: Cli) -> None:
    """A job can be submitted, asked for its status and fetched, in words and in JSON."""
    submitted = cli("submit", "ltx-2-19b-t2v", *SMALL)
    request_id = submitted.stdout.strip()
    assert submitted.exit_code == 0
    assert request_id in submitted.stderr  # The command that fetches it.
    assert cli("status", request_id).stdout.strip() in {"QUEUED", "PROCESSING"}
    status = _json(cli("status", request_id, "--json").stdout)
    assert (status["request_id"], status["detail"]) == (request_id, None)
    fetched = cli("fetch", request_id, "--out", "a.mp4", "--json")
    assert _json(fetched.stdout)["request_id"] == request_id
    assert cli("status", request_id).stdout.strip() == "COMPLETED"
    assert _json(cli("submit", "ltx-2-19b-t2v", *SMALL, "--json").stdout)["model"] == "ltx-2-19b-t2v"


@pytest.mark.parametrize("command", [["status"], ["fetch", "--out", "a.mp4"]])
def test_id_unknown_or_invalid(cli: Cli, command: list[str]) -> None:
    """An unknown id ends with exit status 1, an invalid one with 2."""
    assert cli(command[0], "7c1f7a3e-6a0e-4d6d-9a39-0d7f3b0f2c11", *command[1:]).exit_code == 1
    assert cli(command[0], "..", *command[1:]).exit_code == 2


@pytest.mark.parametrize(("command", "slug"), [*(("generate", slug) for slug in MODELS), ("submit", "ltx-2-pro")])
def test_help_of_model(cli: Cli, command: str, slug: str) -> None:
    """The help of a model has every parameter with its allowed values."""
    text = " ".join(cli(command, slug, "--help").stdout.replace("│", " ").split())
    for p in MODELS[slug].parameters.values():
        assert f"--{p.name.replace('_', '-')}" in text
        assert _limits(p) in text


def _limits(p: Parameter) -> str:
    return p.limits if p.limits and not p.uri else p.name.replace("_", "-")


def test_models(cli: Cli) -> None:
    """Every model is listed, with every parameter in JSON."""
    models = _json(cli("models", "--json").stdout)
    assert {slug: {p["name"] for p in listed["parameters"]} for slug, listed in models.items()} == {
        slug: set(model.parameters) for slug, model in MODELS.items()
    }
    table = cli("models").stdout
    assert [slug for slug in MODELS if slug not in table] == []


def test_markup_in_response(cli: Cli) -> None:
    """Brackets in the service's response are printed unchanged."""
    done = cli("status", "[red]job")
    assert done.exit_code == 1
    assert "[red]job" in done.stderr


def test_version(cli: Cli) -> None:
    """--version prints the version."""
    assert cli("--version").stdout.startswith("segmind-ltx ")
