"""The commands: what they print where, how they end, and that nothing is paid for in vain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from segmind_ltx_api.contract import MODELS, Parameter
from segmind_ltx_sandbox import key_of
from support.cli import Cli

SMALL = ("--prompt", "x", "--width", "256", "--height", "256", "--num-frames", "4")


def _json(text: str) -> Any:
    """The one line of JSON that a stdout consists of."""
    assert text.count("\n") == 1
    return json.loads(text)


def test_generate_saves_and_names_the_file(cli: Cli) -> None:
    done = cli("generate", "ltx-2-19b-t2v", *SMALL, "--out", "a.mp4")
    assert (done.exit_code, Path("a.mp4").stat().st_size > 0) == (0, True)
    assert done.stdout.startswith("a.mp4 (")
    assert "submitted" in done.stderr


@pytest.mark.parametrize("more", [[], ["--sync"]])
def test_generate_with_json_prints_one_object_alone(cli: Cli, more: list[str]) -> None:
    done = cli("generate", "ltx-2-19b-t2v", *SMALL, "--out", "vidéo.mp4", "--json", *more)
    told = _json(done.stdout)
    assert done.exit_code == 0
    assert told["file"] == "vidéo.mp4"
    assert told["model"] == "ltx-2-19b-t2v"
    assert told["cost"] > 0
    assert done.stdout.isascii()  # Whatever the encoding of the pipe.
    assert Path("vidéo.mp4").exists()


@pytest.mark.parametrize("flag", [[], ["--json"]])
def test_an_existing_file_is_not_overwritten_and_nothing_is_submitted(cli: Cli, flag: list[str]) -> None:
    Path("a.mp4").write_bytes(b"mine")
    before = cli.posts
    done = cli("generate", "ltx-2-19b-t2v", *SMALL, "--out", "a.mp4", *flag)
    assert (done.exit_code, cli.posts, Path("a.mp4").read_bytes()) == (2, before, b"mine")
    assert "--force" in done.stderr
    if flag:
        assert _json(done.stdout)["error"]["type"] == "OutputExistsError"


def test_force_overwrites(cli: Cli) -> None:
    Path("a.mp4").write_bytes(b"mine")
    assert cli("generate", "ltx-2-19b-t2v", *SMALL, "--out", "a.mp4", "--force").exit_code == 0
    assert Path("a.mp4").read_bytes()[4:8] == b"ftyp"


@pytest.mark.parametrize("out", ["no/folder/a.mp4", "."])
def test_a_place_that_is_none_is_seen_before_anything_is_submitted(cli: Cli, out: str) -> None:
    before = cli.posts
    assert cli("generate", "ltx-2-19b-t2v", *SMALL, "--out", out).exit_code == 2
    assert cli.posts == before


WRONG = {
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


@pytest.mark.parametrize("case", WRONG)
def test_wrong_usage_is_2_and_pays_for_nothing(cli: Cli, case: str) -> None:
    before = cli.posts
    done = cli("generate", *WRONG[case], "--out", "a.mp4")
    assert (done.exit_code, cli.posts, done.stdout) == (2, before, "")
    assert done.stderr


def test_without_a_key_it_is_2_and_says_which_variable(cli: Cli) -> None:
    for command in (["submit", "ltx-2-19b-t2v", *SMALL], ["status", "a"], ["fetch", "a", "--out", "a.mp4"]):
        done = cli(*command, SEGMIND_API_KEY="")
        assert done.exit_code == 2
        assert "SEGMIND_API_KEY" in done.stderr


@pytest.mark.parametrize("name", ["forbidden", "no_credits"])
def test_a_refusal_is_1_with_the_services_words(cli: Cli, name: str) -> None:
    done = cli("submit", "ltx-2-19b-t2v", *SMALL, "--json", SEGMIND_API_KEY=key_of(name))
    told = _json(done.stdout)["error"]
    assert (done.exit_code, told["status"]) == (1, int(key_of(name)[-3:]))
    assert told["message"] in done.stderr
    assert key_of(name) not in done.stdout + done.stderr


def test_a_job_that_fails_is_1_with_its_id(cli: Cli) -> None:
    done = cli("generate", "ltx-2-19b-t2v", *SMALL, "--out", "a.mp4", "--json", SEGMIND_API_KEY=key_of("failing"))
    told = _json(done.stdout)["error"]
    assert (done.exit_code, told["type"]) == (1, "JobFailedError")
    assert told["request_id"]
    assert told["request_id"] in done.stderr
    assert not Path("a.mp4").exists()


def test_a_deadline_is_1_with_a_command_that_goes_on(cli: Cli) -> None:
    done = cli("generate", "ltx-2-19b-t2v", *SMALL, "--out", "my clip.mp4", "--timeout", "3")
    assert done.exit_code == 1
    assert "fetch" in done.stderr
    line = next(line for line in done.stderr.splitlines() if "segmind-ltx fetch" in line)
    assert line.strip().endswith("--out 'my clip.mp4'")
    request_id = line.split()[2]
    assert cli("fetch", request_id, "--out", "my clip.mp4").exit_code == 0
    assert Path("my clip.mp4").read_bytes()[4:8] == b"ftyp"


def test_submit_status_and_fetch_follow_each_other(cli: Cli) -> None:
    submitted = cli("submit", "ltx-2-19b-t2v", *SMALL)
    request_id = submitted.stdout.strip()
    assert submitted.exit_code == 0
    assert request_id in submitted.stderr  # In the command that fetches it.
    assert cli("status", request_id).stdout.strip() in {"QUEUED", "PROCESSING"}
    told = _json(cli("status", request_id, "--json").stdout)
    assert (told["request_id"], told["detail"]) == (request_id, None)
    fetched = cli("fetch", request_id, "--out", "a.mp4", "--json")
    assert _json(fetched.stdout)["request_id"] == request_id
    assert cli("status", request_id).stdout.strip() == "COMPLETED"
    assert _json(cli("submit", "ltx-2-19b-t2v", *SMALL, "--json").stdout)["model"] == "ltx-2-19b-t2v"


@pytest.mark.parametrize("command", [["status"], ["fetch", "--out", "a.mp4"]])
def test_an_id_that_nobody_knows_is_1_and_one_that_is_none_is_2(cli: Cli, command: list[str]) -> None:
    assert cli(command[0], "7c1f7a3e-6a0e-4d6d-9a39-0d7f3b0f2c11", *command[1:]).exit_code == 1
    assert cli(command[0], "..", *command[1:]).exit_code == 2


@pytest.mark.parametrize("slug", MODELS)
@pytest.mark.parametrize("command", ["generate", "submit"])
def test_help_names_each_parameter_with_its_limits(cli: Cli, command: str, slug: str) -> None:
    text = " ".join(cli(command, slug, "--help").stdout.replace("│", " ").split())
    for p in MODELS[slug].parameters.values():
        assert f"--{p.name.replace('_', '-')}" in text
        assert _limits(p) in text


def _limits(p: Parameter) -> str:
    if p.allowed:
        return "one of " + ", ".join(map(str, p.allowed))
    return f"{p.minimum:g} to {p.maximum:g}" if p.minimum is not None else p.name.replace("_", "-")


def test_models_lists_every_parameter_of_every_model(cli: Cli) -> None:
    told = _json(cli("models", "--json").stdout)
    assert {slug: {p["name"] for p in listed} for slug, listed in told.items()} == {
        slug: set(model.parameters) for slug, model in MODELS.items()
    }
    table = cli("models").stdout
    assert [slug for slug in MODELS if slug not in table] == []


def test_what_an_answer_says_is_no_markup(cli: Cli) -> None:
    done = cli("status", "[red]job")
    assert done.exit_code == 1
    assert "[red]job" in done.stderr


def test_the_version_is_printed(cli: Cli) -> None:
    assert cli("--version").stdout.startswith("segmind-ltx ")
