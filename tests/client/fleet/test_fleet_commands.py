"""The commands of a fleet: plan, list, settle, and what they say without the extra."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from segmind_ltx._cli.commands import app
from segmind_ltx._cli.fleet.jobs import follow
from segmind_ltx._fleet.rows import Rows
from segmind_ltx_sandbox.service.scenarios import VALID

from .conftest import BASE, LedgerUnderTest


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setenv("SEGMIND_API_KEY", VALID)
    monkeypatch.setenv("SEGMIND_BASE_URL", BASE)


def run(*arguments: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(app, list(arguments))


def requests_file(folder: Path, count: int) -> Path:
    """Write a file of requests."""
    path = folder / "jobs.jsonl"
    lines = [json.dumps({"model": "ltx-video", "prompt": f"a long prompt {n} {'x' * 80}"}) for n in range(count)]
    path.write_text("\n".join(lines))
    return path


@pytest.mark.postgres
def test_batch_is_planned_listed_and_settled(ledger: LedgerUnderTest, tmp_path: Path) -> None:
    """A planned batch is listed with its money and rate; an ambiguous row with its prompt, and settled with its id."""
    source, out = requests_file(tmp_path, 3), tmp_path / "videos"
    plan = ("batch", str(source), "--ledger", ledger.url, "--out", str(out), "--detach", "--max-cost", "5")
    assert run(*plan, "--rate", "10/60").exit_code == 0
    assert "0 planned, 3 there before" in run(*plan).output

    async def doubt(rows: Rows) -> None:
        await rows.begin(1, "a")
        await rows.begin(1, "b")

    ledger.with_rows(doubt)
    shown = run("jobs", "--ledger", ledger.url).output
    assert "a long prompt 0" in shown
    assert "x…" in shown
    assert "0.06 USD" in shown
    status = json.loads(run("jobs", "--ledger", ledger.url, "--json").stdout)
    assert status["batches"][0]["states"] == {"todo": 2, "uncertain": 1}
    assert (status["rate_count"], status["batches"][0]["budget"]) == (10, 5)
    assert run("jobs", "settle", "1", "--ledger", ledger.url).exit_code == 2
    assert run("jobs", "settle", "1", "--exists", "the-id", "--ledger", ledger.url).exit_code == 0
    assert ledger.query("SELECT request_id FROM jobs WHERE number = 1") == [("the-id",)]


@pytest.mark.postgres
def test_stopped_fleet_goes_on_when_resumed(ledger: LedgerUnderTest) -> None:
    """The list says why the submitting stopped, and --resume ends that."""
    ledger.with_rows(lambda rows: rows.stop("406: no credits"))
    assert "STOPPED" in run("jobs", "--ledger", ledger.url).output
    assert run("jobs", "--ledger", ledger.url, "--resume").exit_code == 0
    assert ledger.status().stopped is None


@pytest.mark.postgres
def test_file_that_exists_is_not_replaced(ledger: LedgerUnderTest, tmp_path: Path) -> None:
    """A name that is taken in the output folder is refused before anything is planned, except with --force."""
    source, out = requests_file(tmp_path, 2), tmp_path / "videos"
    out.mkdir()
    (out / "0001-ltx-video.mp4").write_bytes(b"mine")
    plan = ("batch", str(source), "--ledger", ledger.url, "--out", str(out), "--detach")
    refused = run(*plan)
    assert (refused.exit_code, "0001-ltx-video.mp4" in refused.output) == (2, True)
    assert ledger.query("SELECT count(*) FROM jobs") == [(0,)]
    assert run(*plan, "--force").exit_code == 0


@pytest.mark.postgres
def test_status_is_followed_until_it_is_done(ledger: LedgerUnderTest) -> None:
    """The live view ends with the last status."""
    status = ledger.status()
    assert follow(lambda: status, lambda _: True) is status


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("procrastinate", "a ledger in PostgreSQL needs procrastinate"),
        ("psycopg", "a ledger in PostgreSQL needs psycopg"),
        ("segmind_ltx._fleet.worker", "ModuleNotFoundError: import of segmind_ltx._fleet.worker"),
    ],
)
def test_missing_extra_is_named(missing: str, said: str) -> None:
    """Without the extra a command says what to install; another missing module is a fault of ours."""
    program = f"import sys; sys.modules[{missing!r}] = None; from segmind_ltx.__main__ import main; main()"
    command = [sys.executable, "-c", program, "jobs", "--ledger", "postgresql://nobody@127.0.0.1:9/none"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert said in ended.stderr
    assert ("[fleet]" in ended.stderr) == ("needs" in said)


@pytest.mark.parametrize("options", [["--rate", "1/1"], ["--detach"], ["--out", "s3://bucket/x"]])
def test_options_of_a_fleet_need_its_ledger(tmp_path: Path, options: list[str]) -> None:
    """On one machine, an option that only a fleet has is refused with what it needs."""
    result = run("batch", str(requests_file(tmp_path, 1)), "--out", str(tmp_path / "v"), *options)
    assert (result.exit_code, "--ledger postgresql://" in result.output) == (2, True)


def test_worker_needs_the_address_of_a_database(tmp_path: Path) -> None:
    """A worker refuses a ledger in a file."""
    result = run("worker", "--ledger", str(tmp_path / "jobs.sqlite"))
    assert (result.exit_code, "postgresql://user@host/database" in result.output) == (2, True)
