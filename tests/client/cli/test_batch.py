"""A file of requests through the ledger: nothing is paid for twice, whatever happens in between."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import segmind_ltx as ltx
from segmind_ltx._cli.commands import app
from segmind_ltx.ledger import Entry, Ledger
from segmind_ltx_sandbox import Behaviour, key_of
from segmind_ltx_sandbox.messages import ApiResponse, error
from segmind_ltx_sandbox.service.jobs import Job
from segmind_ltx_sandbox.testing import RunningSandbox, running_sandbox
from segmind_ltx_spec import Contract, Model

SMALL: dict[str, Any] = {"model": "ltx-2-19b-t2v", "width": 256, "height": 256, "num_frames": 4}
PRICE = 0.416


class Counting(Behaviour):
    """A service that says no to some prompts, and counts what it is asked for."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self.asked: list[str] = []

    def invalid(self, model: Model, payload: Mapping[str, Any]) -> ApiResponse | None:
        self.asked.append(payload["prompt"])
        return error("mine", 400, "not this one") if payload["prompt"] == "refuse" else super().invalid(model, payload)

    def accepted(self, job: Job, origin: str) -> ApiResponse:
        job.fails |= job.video_spec.prompt == "fail"
        return super().accepted(job, origin)


class Batch:
    """Runs ``segmind-ltx batch jobs.jsonl --out videos``, with these lines if they are given."""

    def __init__(self, sandbox: RunningSandbox, folder: Path) -> None:
        assert isinstance(sandbox.state.behaviour, Counting)
        self.sandbox, self.server, self.folder = sandbox, sandbox.state.behaviour, folder
        self.videos = folder / "videos"
        self.ledger = self.videos / "jobs.sqlite"

    def __call__(
        self, lines: Sequence[Mapping[str, Any]] | None, *more: str, key: str | None = None, **env: str
    ) -> Result:
        if lines is not None:
            text = "".join(json.dumps(line) + "\n" for line in lines)
            (self.folder / "jobs.jsonl").write_text(text, encoding="utf-8")
        return self.run("jobs.jsonl", "--out", "videos", *more, key=key, **env)

    def run(self, *words: str, key: str | None = None, stdin: str | None = None, **env: str) -> Result:
        keyed = {"SEGMIND_API_KEY": key or self.sandbox.key, "SEGMIND_BASE_URL": self.sandbox.base_url}
        env = {**keyed, "COLUMNS": "200", "TERMINAL_WIDTH": "200", **env}
        return CliRunner().invoke(app, ["batch", *words], env=env, input=stdin)

    @property
    def names(self) -> list[str]:
        return sorted(path.name for path in self.videos.glob("*.mp4"))

    @property
    def posts(self) -> int:
        return len(self.sandbox.state.jobs)

    def rows(self) -> list[Entry]:
        with closing(Ledger(self.ledger)) as ledger:
            return ledger.entries()

    def alter(self, change: str) -> None:
        with closing(sqlite3.connect(self.ledger, isolation_level=None)) as file:
            file.execute(f"UPDATE jobs SET {change}")  # noqa: S608 - the test's own


@pytest.fixture
def batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Batch]:
    many: Any = ltx.Client.generate_many

    def quick(self: ltx.Client, requests: Any, **options: Any) -> Any:
        return many(self, requests, poll_interval=0.02, **options)

    monkeypatch.setattr(ltx.Client, "generate_many", quick)
    monkeypatch.delenv("SEGMIND_LEDGER", raising=False)
    monkeypatch.chdir(tmp_path)
    with running_sandbox(speed=1000, behaviour=Counting) as sandbox:
        yield Batch(sandbox, tmp_path)


def lines(*prompts: str, **more: Any) -> list[dict[str, Any]]:
    return [{**SMALL, "prompt": prompt, **more} for prompt in prompts]


def told(done: Result) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The objects that it printed for each line, and the last one."""
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    return objects[:-1], objects[-1]["summary"]


def test_each_line_gets_its_video_and_the_same_again_pays_for_nothing(batch: Batch) -> None:
    given = [*lines("a", "b"), {"model": "ltx-video", "prompt": "c", "file": "Küste.mp4"}]
    done = batch(given)
    assert (done.exit_code, batch.posts) == (0, 3), done.output
    assert batch.names == ["0001-ltx-2-19b-t2v.mp4", "0002-ltx-2-19b-t2v.mp4", "Küste.mp4"]
    assert all(path.read_bytes()[4:8] == b"ftyp" for path in batch.videos.glob("*.mp4"))
    assert done.stdout == "3 saved, 0 failed, 0 uncertain; cost 0.89 USD\n"
    assert "[3/3]" in done.stderr
    assert [row.state for row in batch.rows()] == ["saved"] * 3
    again = batch(None)
    assert (again.exit_code, again.stdout, batch.posts, len(batch.server.asked)) == (0, done.stdout, 3, 3)
    longer = batch([*given, *lines("d")])
    assert (longer.exit_code, batch.posts, len(batch.names)) == (0, 4, 4)


def test_json_is_an_object_a_line_and_the_sums(batch: Batch) -> None:
    for _ in range(2):
        done = batch(lines("a", "b"), "--json")
        each, sums = told(done)
        assert sorted(one["line"] for one in each) == [1, 2]
        assert {one["state"] for one in each} == {"saved"}
        assert {Path(one["file"]).name for one in each} == set(batch.names)
        assert {one["request_id"] for one in each} == {job.id for job in batch.sandbox.state.jobs}
        assert (sums["saved"], sums["failed"], sums["cost"]) == (2, 0, pytest.approx(2 * PRICE))


def test_standard_input_comments_and_empty_lines(batch: Batch) -> None:
    text = "\ufeff# what I want\n\n" + json.dumps(lines("a")[0]) + "\r\n  \n"
    assert batch.run("-", "--out", "videos", stdin=text).exit_code == 0
    assert batch.names == ["0001-ltx-2-19b-t2v.mp4"]


def test_a_picture_on_this_machine_goes_along(batch: Batch) -> None:
    Path("boat.png").write_bytes(b"\x89PNG")
    given = {"model": "ltx-2-19b-i2v", "prompt": "boat.png", "image": "boat.png"}
    assert batch([given]).exit_code == 0
    assert batch.rows()[0].request == {"prompt": "boat.png", "image": "data:image/png;base64,iVBORw=="}


def test_one_line_that_fails_does_not_end_the_others_and_is_submitted_again(batch: Batch) -> None:
    done = batch(lines("a", "fail", "refuse", "b"), "--json")
    each, sums = told(done)
    assert done.exit_code == 1
    assert {one["line"]: one["state"] for one in each} == {1: "saved", 2: "failed", 3: "failed", 4: "saved"}
    assert {one["error"]["type"] for one in each if one["error"]} == {"JobFailedError", "BadRequestError"}
    assert sums["cost"] == pytest.approx(2 * PRICE)
    batch.server.asked.clear()
    assert batch(None).exit_code == 1
    assert sorted(batch.server.asked) == ["fail", "refuse"]


def test_equal_lines_are_as_many_videos(batch: Batch) -> None:
    assert batch(lines("a", "a", "a", "fail", "fail")).exit_code == 1
    assert (batch.posts, len(batch.names)) == (5, 3)
    assert batch(lines("a", "a", "a", "a")).exit_code == 0
    assert (batch.posts, len(batch.names)) == (6, 4)


def test_a_file_of_somebody_else_is_left_alone_and_nothing_is_sent(batch: Batch) -> None:
    batch.videos.mkdir()
    mine = batch.videos / "0002-ltx-2-19b-t2v.mp4"
    mine.write_bytes(b"mine")
    done = batch(lines("a", "b"), "--json")
    assert (done.exit_code, batch.posts, mine.read_bytes()) == (2, 0, b"mine")
    (problem,) = json.loads(done.stdout)["error"]["problems"]
    assert problem.startswith("line 2: ")
    assert batch(None, "--force").exit_code == 0
    assert mine.read_bytes()[4:8] == b"ftyp"


def test_the_ledger_is_no_place_for_a_video(batch: Batch) -> None:
    for name in ("jobs.sqlite", "jobs.sqlite-wal"):
        assert batch(lines("a", file=name), "--force").exit_code == 2
    assert batch.posts == 0


def died(batch: Batch, *prompts: str) -> list[str]:
    """An earlier run that died after its submits; gives the ids."""
    batch.videos.mkdir()
    with (
        closing(Ledger(batch.ledger, label="batch .")) as ledger,
        ltx.Client(batch.sandbox.key, batch.sandbox.base_url, ledger=ledger) as client,
    ):
        submit: Any = client.submit
        return [submit(line.pop("model"), **line).id for line in lines(*prompts)]


def test_what_an_earlier_run_paid_for_is_fetched(batch: Batch) -> None:
    ids = died(batch, "a", "b", "b")
    each, sums = told(batch(lines("b", "a", "b", "c"), "--json"))
    assert (batch.posts, sums["saved"]) == (4, 4)
    by_line = {one["line"]: one["request_id"] for one in each}
    assert by_line[2] == ids[0]
    assert {by_line[1], by_line[3]} == set(ids[1:])


def test_what_nobody_knows_of_is_submitted_again_only_on_demand(batch: Batch) -> None:
    died(batch, "a", "b", "c")
    batch.alter("state = 'sending', request_id = NULL WHERE number = 1")
    batch.alter("state = 'uncertain', request_id = NULL, detail = 'lost' WHERE number = 2")
    for _ in range(2):
        done = batch(lines("a", "b", "c"))
        assert (done.exit_code, batch.posts, len(batch.names)) == (1, 3, 1)
        assert "1 saved, 0 failed, 2 uncertain; cost 0.42 USD, and up to 0.83 USD in doubt" in done.stdout
        assert "--resubmit uncertain" in done.stderr
    each, _ = told(batch(None, "--resubmit", "uncertain", "--json"))
    assert sorted((one["line"], one["state"]) for one in each) == [(1, "saved"), (2, "saved"), (3, "saved")]
    assert (batch.posts, batch(None).exit_code) == (5, 0)


@pytest.mark.parametrize("hours", [0.5, 2])
def test_what_is_gone_is_made_anew_only_on_demand(batch: Batch, hours: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segmind_ltx._core.wait.MAX_REFUSED", 1)  # Else each is asked for three times, with pauses.
    died(batch, "a", "b")
    batch.alter(f"request_id = 'r' || number, begun = begun - {hours * 3600}")
    for _ in range(2):
        done = batch(lines("a", "b"))
        assert (done.exit_code, batch.posts, batch.names) == (1, 2, [])
        assert "2 gone" in done.stdout
        assert [row.state for row in batch.rows()] == ["gone", "gone"]
    each, _ = told(batch(None, "--resubmit", "gone", "--resubmit", "uncertain", "--json"))
    assert sorted((one["line"], one["state"]) for one in each) == [(1, "saved"), (2, "saved")]
    assert (batch.posts, len(batch.names)) == (4, 2)
    assert batch(None).exit_code == 0


def test_a_video_that_was_saved_just_before_the_end_is_known(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    note: Callable[..., None] = Ledger.update

    def killed(self: Ledger, request_id: str, state: str, **more: Any) -> None:
        if state != "saved":
            note(self, request_id, state, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "update", killed)
        assert batch(lines("a")).exit_code == 0
    batch.alter("request_id = 'unknown' WHERE state = 'completed'")
    assert batch(None).exit_code == 0
    assert len(batch.server.asked) == 1


def test_a_file_that_somebody_puts_there_meanwhile_is_not_taken_for_the_video(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    save: Callable[..., Path] = ltx.Video.save

    def late(self: ltx.Video, path: Path, **options: Any) -> Path:
        path.write_bytes(b"mine")
        return save(self, path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(ltx.Video, "save", late)
        assert batch(lines("a")).exit_code == 1
    assert batch(None).exit_code == 2
    assert [path.read_bytes() for path in batch.videos.glob("*.mp4")] == [b"mine"]
    assert (batch(None, "--force").exit_code, batch.posts) == (0, 1)


def test_a_video_that_is_not_there_any_more_is_fetched_again(batch: Batch) -> None:
    assert batch(lines("a")).exit_code == 0
    (batch.videos / batch.names[0]).unlink()
    assert batch(None).exit_code == 0
    assert (batch.posts, len(batch.names)) == (1, 1)


def test_another_order_and_another_place_pay_for_nothing(batch: Batch) -> None:
    assert batch(lines("a", "b")).exit_code == 0
    assert batch(lines("b", "a")).exit_code == 0
    batch.videos.rename(batch.folder / "moved")
    assert batch.run("jobs.jsonl", "--out", "moved").exit_code == 0
    inserted = batch.run("-", "--out", "moved", "--force", stdin="\n".join(map(json.dumps, lines("new", "a", "b"))))
    assert inserted.exit_code == 2
    assert "is the video of line" in inserted.stderr
    named = [*lines("new", file="new.mp4"), *lines("a", "b")]
    assert batch.run("-", "--out", "moved", stdin="\n".join(map(json.dumps, named))).exit_code == 0
    assert batch.posts == 3


def test_a_job_of_no_line_any_more_is_told_of(batch: Batch) -> None:
    (request_id,) = died(batch, "a")
    done = batch(lines("b"))
    assert done.exit_code == 0
    assert "jobs --resume" in done.stderr
    assert request_id in done.stderr


def test_another_batch_and_another_host_are_others(batch: Batch) -> None:
    shared = str(batch.folder / "all.sqlite")
    assert batch(lines("a"), SEGMIND_LEDGER=shared).exit_code == 0
    assert batch.run("jobs.jsonl", "--out", "second", "--ledger", shared).exit_code == 0
    assert batch.posts == 2
    with closing(sqlite3.connect(shared, isolation_level=None)) as file:
        file.execute("UPDATE jobs SET base_url = 'https://elsewhere.test'")
    done = batch.run("jobs.jsonl", "--out", "second", "--ledger", shared)
    assert (done.exit_code, batch.posts) == (2, 2)  # The file there is not known to be this line's.


def test_a_disk_that_fails_for_one_costs_nothing_but_another_run(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    save: Callable[..., Path] = ltx.Video.save

    def full(self: ltx.Video, path: Path, **options: Any) -> Path:
        if path.name.startswith("0002"):
            raise ltx.DownloadError("no space left", request_id=self.request_id)
        return save(self, path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(ltx.Video, "save", full)
        done = batch(lines("a", "b", "c"))
    assert (done.exit_code, len(batch.names)) == (1, 2)
    assert "no space left" in done.stderr
    assert done.stdout == "2 saved, 0 failed, 0 uncertain, 1 unfinished; cost 1.25 USD\n"
    assert batch(None).exit_code == 0
    assert (batch.posts, len(batch.names)) == (3, 3)


@pytest.mark.parametrize(("budget", "begun"), [("0", 0), ("0.415", 0), ("0.416", 1), ("1.3", 3), ("99", 5)])
def test_the_budget_is_kept_over_all_runs(batch: Batch, budget: str, begun: int) -> None:
    for _ in range(2):
        done = batch(lines(*"abcde"), "--max-cost", budget, "--json")
        _, sums = told(done)
        assert (done.exit_code, batch.posts) == (int(begun < 5), begun)
        assert (sums["saved"], sums["not_begun"]) == (begun, 5 - begun)
        assert sums["cost"] == pytest.approx(begun * PRICE)
        assert begun == 5 or "might exceed the budget" in done.stderr


def test_what_failed_costs_nothing_of_the_budget(batch: Batch) -> None:
    done = batch(lines("fail", "refuse", "fail", "a", "fail", "b", "c"), "--max-cost", "0.9", "--json")
    _, sums = told(done)
    assert (sums["failed"], sums["saved"], sums["not_begun"]) == (4, 2, 1)
    assert (sums["cost"], sums["in_doubt"]) == (pytest.approx(2 * PRICE), 0)


def test_what_was_cheaper_than_it_might_have_been_leaves_something_for_others(batch: Batch) -> None:
    # From 0.3 to 2 USD, so that of these never more than one may be in flight.
    given = [{"model": "ltx-2-fast", "prompt": prompt, "duration": 6} for prompt in "abcdefgh"]
    _, sums = told(batch(given, "--max-cost", "3", "--json"))
    assert 1 < sums["saved"] == batch.posts < 8
    assert 1 < sums["cost"] <= 3
    assert sums["cost"] + 2 > 3


def test_what_nobody_knows_of_counts_with_its_highest_price(batch: Batch) -> None:
    died(batch, "a")
    batch.alter("state = 'sending', request_id = NULL")
    assert batch(lines("a", "b", "c"), "--max-cost", "0.9").exit_code == 1
    assert (batch.posts, len(batch.names)) == (2, 1)


@pytest.mark.parametrize("amount", ["nan", "inf", "-1", "much"])
def test_an_amount_that_is_none_is_wrong_usage(batch: Batch, amount: str) -> None:
    assert batch(lines("a"), "--max-cost", amount).exit_code == 2
    assert batch.posts == 0


@pytest.mark.parametrize("name", ["forbidden", "no_credits"])
def test_where_none_can_work_the_rest_is_not_begun(batch: Batch, name: str) -> None:
    done = batch(lines(*"abcdefghijklmnopqrst"), "--concurrency", "2", "--json", key=key_of(name))
    _, sums = told(done)
    assert (done.exit_code, batch.posts) == (1, 0)
    assert 3 <= sums["failed"] <= 5
    assert sums["not_begun"] == 20 - sums["failed"]
    assert "in a row" in sums["stopped"]
    assert batch(None).exit_code == 0


def test_two_at_once_do_not_share_a_folder(batch: Batch) -> None:
    assert batch(lines("a")).exit_code == 0
    with closing(sqlite3.connect(batch.videos / ".batch.lock", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        done = batch(lines("a", "b"))
    assert (done.exit_code, batch.posts) == (2, 1)
    assert "another batch is at work" in done.stderr


def test_on_a_terminal_there_are_bars(batch: Batch) -> None:
    few = batch(lines("a", "fail"), FORCE_COLOR="1")
    assert "0001-ltx-2-19b-t2v.mp4 saved" in few.stderr
    many = batch(lines("a", "fail", *"bcdefghijklmnopqrstuv"), FORCE_COLOR="1")
    assert (many.exit_code, batch.posts) == (1, 24)
    assert "[23/23]" in many.stderr
    assert "fail" in many.stderr


def test_without_a_key_or_a_folder_nothing_is_made(batch: Batch) -> None:
    assert batch(lines("a"), SEGMIND_API_KEY="").exit_code == 2
    assert not batch.videos.exists()
    batch.videos.write_text("a file")
    assert batch(lines("a")).exit_code == 2
    assert batch.run("no-such.jsonl", "--out", "other").exit_code == 2
    assert batch.posts == 0
