"""``python -m segmind_ltx_spec diff``: what it prints, and its exit statuses."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from segmind_ltx_spec import OPENAPI_PATH
from segmind_ltx_spec.__main__ import main
from segmind_ltx_spec.changes import cli

FOLDER = Path(OPENAPI_PATH).parent
SCHEMA = json.loads(Path(cli.__file__).with_name("schema.json").read_text(encoding="utf-8"))
KEY = ("name: x-api-key", "name: x-key")
STEPS = ("maximum: 50", "maximum: 60")


@pytest.fixture
def changed(tmp_path: Path) -> Any:
    """A copy of the contract's two files with replacements."""

    def make(*replacements: tuple[str, str], version: str | None = None, name: str = "new") -> str:
        folder = tmp_path / name
        folder.mkdir()
        for file in ("openapi.yaml", "clauses.yaml"):
            shutil.copy(FOLDER / file, folder)
        text = (folder / "openapi.yaml").read_text(encoding="utf-8")
        for old, new in (*replacements, *([("version: 0.1.0", f"version: {version}")] if version else [])):
            assert old in text
            text = text.replace(old, new)
        (folder / "openapi.yaml").write_text(text, encoding="utf-8")
        return str(folder)

    return make


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["diff", *arguments, "--no-python"])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_command_same_is_fine(capsys: pytest.CaptureFixture[str]) -> None:
    """A contract compared with itself ends with 0."""
    status, out, _ = run(capsys, str(FOLDER), str(FOLDER / "openapi.yaml"))
    assert status == 0
    assert "say the same" in out


@pytest.mark.parametrize(("version", "expected"), [(None, 1), ("0.1.1", 1), ("0.2.0", 1), ("1.0.0", 0), ("2.0.0", 0)])
def test_command_wants_a_major_bump(
    changed: Any, capsys: pytest.CaptureFixture[str], version: str | None, expected: int
) -> None:
    """A renamed key header needs a major version of the contract, from 0.1.0 as well."""
    status, out, _ = run(capsys, str(FOLDER), changed(KEY, version=version))
    assert status == expected
    assert ("too small" in out) == (expected == 1)


def test_command_wants_a_minor_bump(changed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A wider range needs a minor version; a patch is too small."""
    assert run(capsys, str(FOLDER), changed(STEPS, version="0.1.1", name="one"))[0] == 1
    assert run(capsys, str(FOLDER), changed(STEPS, version="0.2.0", name="two"))[0] == 0


def test_command_wants_a_package_bump(changed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Given the package's versions, one that is too small is refused as well."""
    new = changed(STEPS, version="0.2.0")
    assert run(capsys, str(FOLDER), new, "--package-versions", "0.1.0", "0.1.1")[0] == 1
    assert run(capsys, str(FOLDER), new, "--package-versions", "0.1.0", "0.2.0")[0] == 0


@pytest.mark.parametrize(
    "broken", ["openapi: [", "a: 1\na: 2\n", "- 1\n", "openapi: 3.1.0\n", "", "openapi: &a [*a]\n"]
)
def test_command_unreadable_is_not_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str], broken: str) -> None:
    """What is no OpenAPI document cannot be compared, on either side: 2, and nothing that reads as clean."""
    path = tmp_path / "openapi.yaml"
    path.write_text(broken, encoding="utf-8")
    for pair in ((str(FOLDER), str(path)), (str(path), str(FOLDER))):
        status, out, err = run(capsys, *pair)
        assert (status, out) == (2, "")
        assert err.startswith("Cannot compare: ")


def test_command_missing_is_not_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file, a folder or a revision that does not exist: 2."""
    for name in (str(tmp_path), str(tmp_path / "no.yaml"), "git:no-such-revision", "git:", "git:--help"):
        assert run(capsys, name, str(FOLDER))[0] == 2
        assert run(capsys, str(FOLDER), name)[0] == 2


def test_command_dangling_reference(changed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A reference that leads nowhere cannot be compared."""
    new = changed(("'#/components/responses/JobFailed'", "'#/components/responses/Nothing'"))
    assert run(capsys, str(FOLDER), new)[0] == 2


def test_command_takes_what_the_loader_refuses(changed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A v2 route that is gone is no contract for the loader, and is compared all the same."""
    new = changed(("  /v2/ltx-2-fast:\n", "  /v3/ltx-2-fast:\n"))
    status, out, _ = run(capsys, str(FOLDER), new)
    assert status == 1
    assert "path-renamed" in out


def test_command_without_clauses_is_not_clean(changed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """If one version has no clauses.yaml its statements are not compared, which is said and fails."""
    new = changed()
    (Path(new) / "clauses.yaml").unlink()
    for pair in ((str(FOLDER), new), (new, str(FOLDER))):
        status, out, _ = run(capsys, *pair)
        assert status == 1
        assert "has no clauses.yaml" in out


def test_command_json_has_its_schema(changed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON form keeps to the schema that ships, and says the verdicts and the bumps."""
    Draft202012Validator.check_schema(SCHEMA)
    _, out, _ = run(
        capsys, str(FOLDER), changed(KEY, STEPS, ("openapi: 3.1.0", "zz-new: 1\nopenapi: 3.1.0")), "--format", "json"
    )
    report = json.loads(out)
    assert list(Draft202012Validator(SCHEMA).iter_errors(report)) == []  # pyright: ignore[reportUnknownMemberType]
    assert report["verdicts"] == {"http": "breaking", "python": "by-hand", "server": "breaking"}
    assert report["bump"] == {"contract": "major", "package": "minor"}
    assert [one["pointer"] for one in report["unjudged"]] == ["#/zz-new"]
    (renamed,) = [one for one in report["changes"] if one["rule"] == "key-renamed"]
    assert renamed["clause"] == "auth.key-in-header"
    assert len(renamed["operations"]) == 13


def test_command_github_names_lines(
    changed: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Annotations carry the line in the new file, and the step summary is written."""
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    new = changed(STEPS)
    _, out, _ = run(capsys, str(FOLDER), new, "--format", "github")
    lines = Path(new, "openapi.yaml").read_text(encoding="utf-8").splitlines()
    (line,) = [number for number, text in enumerate(lines, 1) if text.strip() == "maximum: 60"]
    assert f"openapi.yaml,line={line},title=maximum-raised::" in out
    assert "### Breaking" in summary.read_text(encoding="utf-8")


def test_command_markdown_is_a_fragment(changed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The fragment has a heading for each kind, worst first."""
    _, out, _ = run(
        capsys,
        str(FOLDER),
        changed(KEY, ("Names the errors without their numbers;", "Names no numbers of errors;")),
        "--format",
        "markdown",
    )
    assert out.index("### Breaking") < out.index("### For information")
    assert "`x-api-key` → `x-key`" in out


def test_command_accepts_what_was_accepted(changed: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """An accepted change counts no more; an entry with another value, or for what did not happen, fails."""
    new = changed(STEPS)
    entry = {
        "rule": "maximum-raised",
        "place": "#/components/schemas/LtxVideoRequest/properties/steps/maximum",
        "old": 50,
        "new": 60,
        "reason": "The vendor announced it.",
    }
    file = tmp_path / "accepted.yaml"
    file.write_text(json.dumps({"accepted": [entry]}), encoding="utf-8")
    assert run(capsys, str(FOLDER), new, "--accept", str(file))[0] == 0
    assert run(capsys, str(FOLDER), str(FOLDER), "--accept", str(file))[0] == 1
    file.write_text(json.dumps({"accepted": [{**entry, "new": 70}]}), encoding="utf-8")
    status, out, _ = run(capsys, str(FOLDER), new, "--accept", str(file))
    assert status == 1
    assert "Stale" in out
    for wrong in ({**entry, "reason": " "}, {key: entry[key] for key in ("rule", "place")}, "maximum-raised"):
        file.write_text(json.dumps({"accepted": [wrong]}), encoding="utf-8")
        assert run(capsys, str(FOLDER), new, "--accept", str(file))[0] == 2


def test_command_reads_revisions(tmp_path: Path, changed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """``git:REVISION`` reads both files of a commit, and the package's version and markers beside them."""
    old, new = changed(name="old"), changed(KEY, version="1.0.0")
    root = tmp_path / "repository"
    target, client = root / "spec/segmind_ltx_spec", root / "overrides/segmind_ltx"
    client.mkdir(parents=True)
    target.mkdir(parents=True)

    def git(*arguments: str) -> None:
        names = ("-c", "user.name=n", "-c", "user.email=e@example.com")
        subprocess.run(["git", *names, *arguments], cwd=root, check=True, capture_output=True)

    git("init", "--quiet")
    for folder, version in ((old, "0.1.0"), (new, "0.2.0")):
        shutil.copytree(folder, target, dirs_exist_ok=True)
        (client / "__init__.py").write_text(f'__version__ = "{version}"\n', encoding="utf-8")
        (client / "driver.py").write_text("\n\nname = 'x'  # contract: auth.key-in-header\n", encoding="utf-8")
        git("add", "--all")
        git("commit", "--quiet", "-m", version)
    monkeypatch.chdir(root)
    assert main(["diff", "git:HEAD~1", "git:HEAD", "--no-python", "--format", "json"]) == 0
    assert main(["diff", "git:HEAD", "git:HEAD~1", "--no-python"]) == 1


def test_command_names_marked_lines(
    tmp_path: Path, changed: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A moved statement names the file and line of each marker."""
    (tmp_path / "segmind_ltx").mkdir()
    (tmp_path / "segmind_ltx/driver.py").write_text(
        "a = 1\n# contract: auth.key-in-header\n\nb = 2\n", encoding="utf-8"
    )
    monkeypatch.setattr("segmind_ltx_spec.changes.sources.hand_written_folder", lambda: tmp_path / "segmind_ltx")
    _, out, _ = run(capsys, str(FOLDER), changed(KEY), "--format", "json")
    (change,) = json.loads(out)["changes"]
    assert [(place["file"].endswith("driver.py"), place["line"]) for place in change["by_hand"]] == [(True, 4)]
