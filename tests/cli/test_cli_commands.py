"""What each command does, prints and ends with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import pytest

from segmind_ltx_api.contract import MODELS
from segmind_ltx_sandbox import testing
from segmind_ltx_sandbox.keys import SCENARIOS

from .conftest import Run

BOAT = ["--prompt", "A paper boat in a gutter."]
FAST = ["generate", "ltx-2-fast", *BOAT, "--out", "clip.mp4"]
KEYS = {scenario.name: scenario.key for scenario in SCENARIOS}


def jobs_of(sandbox: testing.RunningSandbox) -> int:
    return len(sandbox.state.jobs)


def test_generate_saves_the_video_that_was_asked_for(run: Run, tmp_path: Path) -> None:
    done = run(*FAST, "--duration", "6", "--resolution", "1080p", "--no-generate-audio")
    assert done.returncode == 0, done.stderr
    assert "clip.mp4" in done.stdout
    with av.open(str(tmp_path / "clip.mp4")) as container:
        video = container.streams.video[0]
        assert (video.width, video.height, video.frames) == (1920, 1080, 150)
        assert not container.streams.audio


def test_json_is_all_that_goes_to_standard_output(run: Run) -> None:
    done = run(*FAST, "--json")
    facts: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == 0
    assert (facts["model"], facts["file"]) == ("ltx-2-fast", "clip.mp4")
    assert facts["request_id"]
    assert facts["cost"] > 0


def test_the_blocking_call_saves_a_video_as_well(run: Run, tmp_path: Path) -> None:
    done = run("generate", "ltx-video", *BOAT, "--out", "clip.mp4", "--sync", "--json")
    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout)["seed"], int)
    assert (tmp_path / "clip.mp4").read_bytes()[4:8] == b"ftyp"


def test_an_existing_file_is_left_alone_and_nothing_is_paid(
    run: Run, tmp_path: Path, sandbox: testing.RunningSandbox
) -> None:
    (tmp_path / "clip.mp4").write_text("mine")
    before = jobs_of(sandbox)
    done = run(*FAST)
    assert done.returncode == 2
    assert "--force" in done.stderr
    assert (tmp_path / "clip.mp4").read_text() == "mine"
    assert jobs_of(sandbox) == before
    assert run(*FAST, "--force").returncode == 0
    assert (tmp_path / "clip.mp4").read_bytes() != b"mine"
    assert jobs_of(sandbox) == before + 1


def test_a_folder_that_is_not_there_is_told_before_anything_is_paid(run: Run, sandbox: testing.RunningSandbox) -> None:
    before = jobs_of(sandbox)
    done = run("generate", "ltx-2-fast", *BOAT, "--out", "no/such/clip.mp4")
    assert done.returncode == 2
    assert "no/such/clip.mp4" in done.stderr
    assert jobs_of(sandbox) == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--duration", "7"], "6, 8, 10"),
        (["--duration", "long"], "duration"),
        (["--resolution", "4K"], "4k"),
        (["--image", "picture.png"], "URI"),
        (["--lenght", "97"], "--lenght"),
    ],
)
def test_wrong_parameters_end_with_2_and_say_what_is_allowed(run: Run, arguments: list[str], told: str) -> None:
    done = run(*FAST, *arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_prompt_or_an_unknown_model_is_wrong_usage(run: Run) -> None:
    assert run("generate", "ltx-2-fast", "--out", "clip.mp4").returncode == 2
    assert run("generate", "ltx-3", *BOAT, "--out", "clip.mp4").returncode == 2


@pytest.mark.parametrize(
    ("scenario", "told"),
    [("forbidden", "403"), ("no_credits", "406"), ("failing", "failed"), ("unknown", "401")],
)
def test_what_the_service_refuses_ends_with_1(run: Run, scenario: str, told: str) -> None:
    done = run(*FAST, "--json", key=KEYS.get(scenario, "SG_ffffffffffffffff"))
    assert done.returncode == 1
    assert told in done.stderr
    assert told in json.loads(done.stdout)["error"]["message"]
    assert "SG_" not in done.stderr


def test_no_key_is_wrong_usage(run: Run) -> None:
    done = run(*FAST, key="")
    assert done.returncode == 2
    assert "SEGMIND_API_KEY" in done.stderr


def test_submit_prints_an_id_that_status_and_fetch_take(run: Run, tmp_path: Path) -> None:
    submitted = run("submit", "ltx-2-pro", *BOAT)
    request_id = submitted.stdout.strip()
    assert submitted.returncode == 0
    assert f"fetch {request_id}" in submitted.stderr
    assert run("fetch", request_id, "--out", "later.mp4").returncode == 0
    assert (tmp_path / "later.mp4").exists()
    assert run("status", request_id).stdout.strip() == "COMPLETED"
    assert json.loads(run("status", request_id, "--json").stdout)["state"] == "COMPLETED"


def test_an_unknown_id_ends_with_1_and_an_impossible_one_with_2(run: Run) -> None:
    assert run("status", "0b6f1a52-5c0e-4f39-9a55-8f5b1f0f7d11").returncode == 1
    assert run("status", "../../v1").returncode == 2


def test_models_lists_every_parameter(run: Run) -> None:
    printed, listed = run("models").stdout, json.loads(run("models", "--json").stdout)
    for slug, model in MODELS.items():
        assert slug in printed
        assert [parameter["name"] for parameter in listed[slug]] == list(model.parameters)
        for name in model.parameters:
            assert name in printed


@pytest.mark.parametrize("slug", MODELS)
def test_help_names_the_options_of_a_model_with_their_limits(run: Run, slug: str) -> None:
    text = " ".join(run("generate", slug, "--help").stdout.replace("│", " ").split())
    for parameter in MODELS[slug].parameters.values():
        assert f"--{parameter.name.replace('_', '-')}" in text
        if parameter.minimum is not None:
            assert f"{parameter.minimum:g} to {parameter.maximum:g}" in text
        for value in parameter.allowed:
            assert str(value) in text


def test_keys_of_the_sandbox_are_listed(run: Run) -> None:
    done = run("sandbox", "--keys")
    assert done.returncode == 0
    for key in KEYS.values():
        assert key in done.stdout
