"""The command line in a terminal: nothing is cut off, and what would be a mistake is found before money goes."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
from collections.abc import Generator
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from segmind_ltx import __main__ as main_module
from segmind_ltx import _install
from segmind_ltx._cli.jobs import _show  # pyright: ignore[reportPrivateUsage]
from segmind_ltx._cli.options import _text  # pyright: ignore[reportPrivateUsage]
from segmind_ltx._cli.output import err, for_people, out
from segmind_ltx._cli.printing import SafeLogHandler
from segmind_ltx._cli.tables import Column, fitting_table
from segmind_ltx.errors import ParameterError
from segmind_ltx.ledger import Entry
from segmind_ltx_api.contract import MODELS
from segmind_ltx_sandbox.service.scenarios import key_of
from segmind_ltx_sandbox.testing import RunningSandbox, running_sandbox
from support.cli import Cli

ID = "7c1f7a3e-6a0e-4d6d-9a39-0d7f3b0f2c11"
PRO = ("ltx-2-pro", "--prompt")


@pytest.fixture(scope="module")
def fast_sandbox() -> Generator[RunningSandbox]:
    with running_sandbox(speed=1000) as sandbox:
        yield sandbox


@pytest.fixture
def cli(fast_sandbox: RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.chdir(tmp_path)
    return Cli(fast_sandbox, tmp_path)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_table_never_cuts_an_id(width: int) -> None:
    """At any width the id is there whole; columns are left out, the least important first."""
    columns = [Column("when", 2), Column("id", 0), Column("cost", 3), Column("next step", 1, wraps=True)]
    rows = [("2026-11-26 10:00:00", ID, "0.3 USD", "fetch it within 59 min: --resume")]
    written = io.StringIO()
    Console(file=written, width=width).print(fitting_table("Paid calls", columns, rows, width))
    assert ID in written.getvalue()
    assert ("0.3 USD" in written.getvalue()) == (width >= 120)


@pytest.mark.parametrize("width", ["60", "80", "120"])
def test_help_names_every_option(cli: Cli, width: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 60 columns as well, help has each option's whole name, and the values of a list."""
    monkeypatch.setenv("COLUMNS", width)
    for slug, model in MODELS.items():
        text = cli("generate", slug, "-h").stdout
        assert all("--" + name.replace("_", "-") in text for name in model.parameters)
        assert "--out" in text
    assert "[1080p|2k|4k]" in cli("generate", "ltx-2-pro", "-h").stdout


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_models_are_never_cut(cli: Cli, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every parameter has its whole name in the list of models, and no text ends in dots."""
    monkeypatch.setattr(out, "_width", width)
    shown = cli("models")
    assert {name for model in MODELS.values() for name in model.parameters} <= set(shown.stdout.split())
    assert "…" not in shown.stdout
    assert max(map(len, re.findall("[│┃┏└].*", shown.stdout))) <= width


def test_empty_prompt_is_refused(cli: Cli) -> None:
    """A prompt without a word is refused before it is billed, unless it is meant."""
    before = cli.posts
    refused = cli("submit", *PRO, "  ")
    assert (refused.exit_code, "--allow-empty" in refused.stderr, cli.posts) == (2, True, before)
    assert cli("submit", *PRO, "  ", "--allow-empty").exit_code == 0


def test_prompt_from_a_file(cli: Cli) -> None:
    """``@FILE`` is a file's text, ``@@`` a text that begins with an @; a file that is not there is named."""
    (cli.folder / "p.txt").write_text("A kite over 海\n", encoding="utf-8")
    assert cli("submit", *PRO, "@p.txt").exit_code == 0
    assert _text("--prompt", "@p.txt") == "A kite over 海"
    assert _text("--prompt", "@@home") == "@home"
    missing = cli("submit", *PRO, "@nofile")
    assert (missing.exit_code, "--prompt @nofile cannot be read: No such file" in missing.stderr) == (2, True)


def test_prompt_from_standard_input(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """``-`` reads standard input; if that is closed, nothing is sent."""
    monkeypatch.setattr(sys, "stdin", None)
    before = cli.posts
    with pytest.raises(ParameterError, match="--prompt - cannot be read"):
        _text("--prompt", "-")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO("Ein Drachen — 凧\n".encode())))
    assert _text("--prompt", "-") == "Ein Drachen — 凧"
    assert cli.posts == before


def test_image_that_does_not_exist(cli: Cli) -> None:
    """A name of no file is told as such, not as a bad address."""
    done = cli("submit", "ltx-2-19b-i2v", "--prompt", "x", "--image", "nosuch.png")
    assert (done.exit_code, "--image nosuch.png: no such file" in done.stderr) == (2, True)


def test_estimate_comes_before_the_call(cli: Cli) -> None:
    """The price and the usual time are said first."""
    done = cli("submit", *PRO, "x")
    assert done.stderr.splitlines()[0] == "ltx-2-pro: 0.30 to 2.00 USD, usually 71 s"


def test_video_on_standard_output(cli: Cli) -> None:
    """``--out -`` writes the video and nothing else; with --json it is refused before anything is sent."""
    before = cli.posts
    both = cli("generate", *PRO, "x", "--out", "-", "--json")
    assert (both.exit_code, cli.posts) == (2, before)
    done = cli("generate", *PRO, "x", "-o", "-")
    assert (done.exit_code, done.stdout_bytes[4:8]) == (0, b"ftyp")


def test_one_model_with_its_price(cli: Cli) -> None:
    """``models MODEL --json`` has the price, the time and the parameters of that model alone."""
    facts = json.loads(cli("models", "ltx-2-pro", "--json").stdout)
    assert list(facts) == ["ltx-2-pro"]
    assert (facts["ltx-2-pro"]["usd_low"], facts["ltx-2-pro"]["usd_high"]) == (0.3, 2.0)
    unknown = cli("models", "ltx-2-por")
    assert (unknown.exit_code, "ltx-2-pro" in unknown.stderr) == (2, True)


@pytest.mark.parametrize(
    ("origin", "command"),
    [
        (None, "python -m pip install '.[cli]' in a checkout of the project"),
        ("{}", "python -m pip install '.[cli]' in a checkout of the project"),
        ("no json", "python -m pip install '.[cli]' in a checkout of the project"),
        ('{"url": "file:///home/a%20b/ltx", "dir_info": {}}', "python -m pip install '/home/a b/ltx[cli]'"),
        (
            '{"url": "file:///home/ltx", "dir_info": {"editable": true}}',
            "python -m pip install -e '/home/ltx[cli]'",
        ),
        (
            '{"url": "https://example.test/ltx", "vcs_info": {"vcs": "git"}}',
            "python -m pip install 'segmind-ltx[cli] @ git+https://example.test/ltx'",
        ),
        (
            '{"url": "https://example.test/a.whl", "archive_info": {}}',
            "python -m pip install 'segmind-ltx[cli] @ https://example.test/a.whl'",
        ),
    ],
)
def test_hint_says_how_it_was_installed(origin: str | None, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install is said by where this copy came from; no package index has it."""

    class Installed:
        def read_text(self, _: str) -> str | None:
            return origin

    def distribution(_: str) -> Installed:
        return Installed()

    monkeypatch.setattr(_install, "distribution", distribution)
    assert _install.install_command("cli") == command


def test_deadline_bounds_the_pauses_of_a_submit(cli: Cli) -> None:
    """With a rate limit that ends after the deadline, the command says so at once instead of waiting for it."""
    key = {"SEGMIND_API_KEY": key_of("rate_limited")}
    done = cli("generate", *PRO, "x", "--out", "a.mp4", "--timeout", "0.2", **key)
    assert done.exit_code == 1
    assert "retry in" not in done.stderr
    assert "429" in done.stderr


@pytest.mark.parametrize("width", [40, 80, 400])
def test_paid_calls_are_shown_whole(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that does not fit becomes lines: nothing that is known of a call is left out or broken."""
    file = f"/videos/of/today/ltx-2-pro-{ID}.mp4"
    entries = [
        Entry(1, "saved", "ltx-2-pro", {}, "", 0.0, ID, None, 0.3, file),
        Entry(2, "uncertain", "ltx-2-fast", {}, "", 0.0, None, None, None, None),
    ]
    written = io.StringIO()
    monkeypatch.setattr(out, "_width", width)
    monkeypatch.setattr(type(out), "file", written)
    _show(entries)
    lines = written.getvalue().splitlines()
    assert any(ID in line for line in lines)
    assert any(file in line for line in lines)
    assert all(word in written.getvalue() for word in ("0.30 USD", "uncertain", "ltx-2-fast", "a job may exist"))
    assert (lines[0] == "Paid calls") == (width == 400)


def test_log_lines_are_not_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of -v is one line, without blanks at its end, and in the words of a command line."""
    written = io.StringIO()
    monkeypatch.setattr(err, "_width", 40)
    monkeypatch.setattr(type(err), "file", written)
    message = f"POST https://api.example.test/v2/ltx-2-pro -> 200; later: client.job('{ID}').wait()"
    record = logging.LogRecord("segmind_ltx", logging.DEBUG, "", 0, message, None, None)
    SafeLogHandler(err, for_people).handle(record)
    said = f"POST https://api.example.test/v2/ltx-2-pro -> 200; later: segmind-ltx fetch {ID} --out video.mp4"
    assert written.getvalue() == f"DEBUG    {said}\n"
    noted = logging.makeLogRecord({"msg": "the command says it itself", "segmind_noted": True})
    SafeLogHandler(err, for_people).handle(noted)
    assert "itself" not in written.getvalue()


def test_messages_are_in_the_words_of_a_command_line() -> None:
    """Nothing of what a message advises is Python."""
    said = for_people(f"it goes on; take it up again with client.job('{ID}').wait()")
    assert said == f"it goes on; take it up again with segmind-ltx fetch {ID} --out video.mp4"
    assert "client.job" not in for_people(f"client.job('{ID}').result()", "the command below")


def test_interrupt_before_a_command_has_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the modules are imported is no traceback."""
    written = io.StringIO()

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(main_module, "_run", interrupted)
    monkeypatch.setattr(sys, "stderr", written)
    with pytest.raises(SystemExit) as caught:
        main_module.main()
    assert (caught.value.code, written.getvalue()) == (130, "interrupted\n")


def test_short_timeout_cuts_no_submit(cli: Cli) -> None:
    """A submit that is answered after the deadline is not given up: the id of the paid job is told."""
    cli.sandbox.next(slow=1)
    done = cli("generate", *PRO, "x", "--out", "b.mp4", "--timeout", "0.2")
    assert done.exit_code == 1
    assert f"segmind-ltx fetch {list(cli.sandbox.state.jobs)[-1].id} --out b.mp4" in done.stderr
