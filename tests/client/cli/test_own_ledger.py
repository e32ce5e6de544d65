"""The ledger that the command line keeps by itself, and what ``-v`` shows."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

from segmind_ltx._cli.state import default_ledger, known_ids
from segmind_ltx.ledger import read_entries
from segmind_ltx_sandbox.testing import running_sandbox
from support.cli import Cli

SMALL = ("ltx-2-19b-t2v", "--width", "256", "--height", "256", "--num-frames", "4")
PROMPT = "a kite rises above a very long coast, " * 5


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Cli]:
    """Run commands in a folder of their own, with a folder for the state of programs beside it."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    with running_sandbox(speed=1000) as sandbox:
        made = Cli(sandbox, tmp_path / "work")
        monkeypatch.setenv("XDG_STATE_HOME", made.env["XDG_STATE_HOME"])
        yield made


def test_paid_call_is_recorded(cli: Cli) -> None:
    """A submit is a row of the ledger; `jobs` lists it without an option, and saving names the file."""
    done = cli("submit", *SMALL, "--prompt", PROMPT)
    request_id = done.stdout.strip()
    assert [(one.request_id, one.state) for one in read_entries(default_ledger())] == [(request_id, "accepted")]
    assert [row["request_id"] for row in json.loads(cli("jobs", "--json").stdout)] == [request_id]
    assert known_ids() == [request_id]
    assert cli("fetch", request_id, "--out", "a.mp4").exit_code == 0
    (entry,) = read_entries(default_ledger())
    assert (entry.state, entry.file) == ("saved", str(cli.folder / "a.mp4"))


def test_no_ledger_records_nothing(cli: Cli, tmp_path: Path) -> None:
    """``--no-ledger`` keeps none, also if SEGMIND_LEDGER names one."""
    named = tmp_path / "named.sqlite"
    assert cli("submit", *SMALL, "--prompt", "x", "--no-ledger", SEGMIND_LEDGER=str(named)).exit_code == 0
    assert not named.exists()
    assert not default_ledger().exists()
    assert cli("jobs").exit_code == 2


def test_named_ledger_comes_first(cli: Cli, tmp_path: Path) -> None:
    """If SEGMIND_LEDGER names a ledger, that one is used, and no other is made."""
    named = tmp_path / "named.sqlite"
    assert cli("submit", *SMALL, "--prompt", "x", SEGMIND_LEDGER=str(named)).exit_code == 0
    assert len(read_entries(named)) == 1
    assert not default_ledger().exists()


@pytest.mark.parametrize("trouble", ["a file in the way", "no database"])
def test_ledger_that_cannot_be_kept(cli: Cli, trouble: str) -> None:
    """If the default ledger cannot be kept, that is said, and the job is made; nobody asked for the ledger."""
    state = Path(cli.env["XDG_STATE_HOME"])
    if trouble == "a file in the way":
        state.write_text("")
    else:
        default_ledger().parent.mkdir(parents=True)
        default_ledger().write_text("this is no database, and longer than a header of one would be " * 20)
    done = cli("submit", *SMALL, "--prompt", "x")
    assert (done.exit_code, cli.posts) == (0, 1)
    assert "no ledger is kept" in done.stderr
    assert "--no-ledger" in done.stderr
    assert known_ids() == []


def test_file_name_that_is_no_text(cli: Cli) -> None:
    """A file whose name has bytes that are no UTF-8 is recorded, with escapes; the video is saved."""
    done = cli("generate", *SMALL, "--prompt", "x", "--out", "a\udcff.mp4")
    assert done.exit_code == 0, done.stderr
    (entry,) = read_entries(default_ledger())
    assert (entry.state, entry.file) == ("saved", str(cli.folder / "a\\xff.mp4"))


def test_verbose_shows_requests_and_answers(cli: Cli) -> None:
    """``-v`` shows each call with its outcome; a prompt is cut, and neither the key nor the video is there."""
    shown = said_by(cli, "generate", *SMALL, "--prompt", PROMPT, "--out", "a.mp4", "-v")
    assert f'POST /v2/ltx-2-19b-t2v {{"prompt": "a kite ris… ({len(PROMPT)} characters)", "width": 256' in shown
    assert shown.count(" -> 200") >= 3
    assert "bytes (" in shown
    assert cli.sandbox.key not in shown
    assert " -> " not in said_by(cli, "generate", *SMALL, "--prompt", PROMPT, "--out", "b.mp4")


def said_by(cli: Cli, *arguments: str) -> str:
    """Run a command in a process, whose log nobody else has set up. Return its standard error with single spaces."""
    with cli.process(*arguments) as process:
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 0, said
    return " ".join(said.split())


def test_upload_before_the_submit(cli: Cli) -> None:
    """``--upload`` sends an image file to the store first, and its address with the job; without it, a data URI."""
    (cli.folder / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(60))
    job = ("submit", "ltx-2-19b-i2v", "--prompt", "x", "--image", "photo.png")
    assert cli(*job, "--upload").exit_code == 0
    assert cli(*job).exit_code == 0
    uploaded, whole = [entry.request["image"] for entry in read_entries(default_ledger())]
    assert uploaded.startswith(f"{cli.sandbox.base_url}/assets/")
    assert httpx.get(uploaded).content == (cli.folder / "photo.png").read_bytes()
    assert whole.startswith("data:image/png;base64,")


def test_upload_waits_for_valid_parameters(cli: Cli) -> None:
    """A call that would be refused uploads nothing."""
    (cli.folder / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(60))
    done = cli("submit", "ltx-2-19b-i2v", "--prompt", "x", "--image", "photo.png", "--upload", "--fps", "31")
    assert done.exit_code == 2
    assert not httpx.get(f"{cli.sandbox.base_url}/_control/requests").json()["requests"]
