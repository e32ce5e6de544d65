"""A page against the contract: the five documents, changed copies of them, and copies that end early."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

from segmind_ltx_spec import load
from segmind_ltx_spec.__main__ import main
from segmind_ltx_spec.pages import PageText, parse_page
from segmind_ltx_spec.pages.check import Check, check_page

from .printing import NOTHING, Age, MadeUpModel, MadeUpRow, Style, page

DOCUMENTS = Path(__file__).resolve().parents[3].parent / "shared" / "documents"
NAMES = {path.name[:3]: path for path in sorted(DOCUMENTS.glob("*.txt"))} if DOCUMENTS.is_dir() else {}
needs_documents = pytest.mark.skipif(not NAMES, reason="the five documents are not here")

T2V, I2V, FAST, PRO, VIDEO = "ltx-2-19b-t2v", "ltx-2-19b-i2v", "ltx-2-fast", "ltx-2-pro", "ltx-video"
CHANGES = [
    # document, text, changed to, and the kind and place of each difference
    ("000", '"9:16"+3 more', '"9:16"+4 more', {("value-added", f"{VIDEO}.aspect_ratio")}),
    ("000", '"9:16"+3 more', '"9:16"+2 more', {("value-removed", f"{VIDEO}.aspect_ratio")}),
    ("000", '"4:5""5:4"', '"5:4"', {("value-removed", f"{VIDEO}.aspect_ratio")}),
    ("000", "225257negative", "225257289negative", {("value-added", f"{VIDEO}.length")}),
    ("000", "9797129", "12997129", {("default", f"{VIDEO}.length")}),
    ("000", "\n3Range: 1 - 20", "\n4Range: 1 - 20", {("default", f"{VIDEO}.cfg")}),
    ("000", "Range: 1 - 20image", "Range: 1 - 30image", {("range", f"{VIDEO}.cfg")}),
    ("000", "\nnulllength", "\nlength", {("null", f"{VIDEO}.image")}),
    ("000", "\n2357108steps", "\n2357109steps", {("default", f"{VIDEO}.seed")}),
    ("000", "lengthoptionalinteger", "lengthoptionalnumber", {("type", f"{VIDEO}.length")}),
    ("000", "seedoptionalinteger", "seedrequiredinteger", {("required", f"{VIDEO}.seed")}),
    ("000", "960" + "1024", "1024", {("value-removed", f"{VIDEO}.target_size")}),
    ("000", "Returns: Video", "Returns: Image", {("type", VIDEO)}),
    ("000", "Forbidden\nInsufficient permissions\n", "", {("error", "403")}),
    ("000", "ltx-videoParameters", "ltx-video-2Parameters", {("route", VIDEO)}),
    ("001", "Default: 24Range", "Default: 25Range", {("default", f"{T2V}.fps")}),
    ("001", "Range: 256 - 1280\nneg", "Range: 256 - 1920\nneg", {("range", f"{T2V}.height")}),
    ("001", "~102.69s", "~98.1s", {("latency", T2V)}),
    ("001", "~102.69s\n", "", {("latency", T2V)}),
    ("001", "~$0.416", "~$0.5", {("price", T2V)}),
    ("001", "~$0.416\n", "", {("price", T2V)}),
    ("001", "fpsoptional", "frame_rateoptional", {("added", f"{T2V}.frame_rate"), ("removed", f"{T2V}.fps")}),
    ("001", "406\n\nInsufficient", "402\n\nInsufficient", {("error", "402"), ("error", "406")}),
    ("001", "429\n\nRate Limited", "429\n\nSlow Down", {("error", "429")}),
    ("002", "\n8Allowed", "\n6Allowed", {("default", f"{FAST}.duration")}),
    ("002", "\n6810generate", "\n681012generate", {("value-added", f"{FAST}.duration")}),
    ("002", "\n6810generate", "\n68generate", {("value-removed", f"{FAST}.duration")}),
    ("002", '"1080p""2k"', '"720p""1080p""2k"', {("value-added", f"{FAST}.resolution")}),
    ("002", "Default:\ntruei", "Default:\nfalsei", {("default", f"{FAST}.generate_audio")}),
    ("002", "$0.300 - $2.00", "$0.350 - $2.00", {("price", FAST)}),
    ("002", "string (uri)", "string", {("type", f"{FAST}.image")}),
    ("003", "imageoptional", "imagerequired", {("required", f"{PRO}.image")}),
    ("003", "outputs.\n\n", "outputs.\n\nDefault: null\n", {("null", f"{PRO}.image")}),
    ("003", "POST /v2/ltx-2-pro · submit + poll\n", "", {("route", PRO)}),
    ("003", "GET /v2/requests/{id}/status", "GET /v2/jobs/{id}/status", {("route", PRO)}),
    ("003", ", status_url, response_url", ", status_url", {("route", PRO)}),
    ("003", "PROCESSINGRunning", "RUNNINGRunning", {("state", "PROCESSING"), ("state", "RUNNING")}),
    ("003", "FAILEDErr", "CANCELLEDBy the caller\nFAILEDErr", {("state", "CANCELLED")}),
    ("003", "COMPLETED or FAILED", "COMPLETED", {("state", PRO)}),
    ("003", "HTTP 422", "HTTP 409", {("status", "FAILED")}),
    ("003", "HTTP 404", "HTTP 410", {("status", "404")}),
    ("003", "1 hour", "24 hours", {("retention", PRO)}),
    ("003", "by polling the status endpoint", "with a webhook", {("unread", PRO)}),
    ("003", "~70.71s\n", "~70.71s\nRetired soon.\n", {("unread", PRO)}),
    ("004", "imagerequired", "imageoptional", {("required", f"{I2V}.image")}),
    ("004", "Default: 42\n", "", {("default", f"{I2V}.seed")}),
    ("004", 'Default: "blurry, ', 'Default: "', {("default", f"{I2V}.negative_prompt")}),
    ("004", "Range: 1 - 400", "", {("range", f"{I2V}.num_frames")}),
    ("004", "Default: 181Range", "Default: manyRange", {("unread", f"{I2V}.num_frames"), ("unread", I2V)}),
    ("004", "504\n\nTimeout", "503\n\nBusy\n\nLater\n\n504\n\nTimeout", {("error", "503")}),
]


def check(text: str) -> Check:
    return check_page(parse_page(PageText.of(text)))


def kinds(found: Check) -> set[tuple[str, str]]:
    return {(one.kind, one.of) for one in found.differences}


@needs_documents
@pytest.mark.parametrize("name", NAMES)
def test_document_does_not_differ(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The five documents say what the contract says; that a seed is an example is a choice that it declares."""
    assert main(["page", "check", "--json", str(NAMES[name])]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["differences"], found["cut"], found["unreadable"]) == ([], None, None)
    assert [one["of"] for one in found["choices"]] == ([f"{VIDEO}.seed"] if name == "000" else [])


@needs_documents
@pytest.mark.parametrize(("name", "old", "new", "expected"), CHANGES)
def test_changed_copy_differs(name: str, old: str, new: str, expected: set[tuple[str, str]]) -> None:
    """Each change of a document is found at its place, and nothing else is."""
    text = NAMES[name].read_text(encoding="utf-8")
    assert old in text
    found = check(text.replace(old, new, 1))
    assert kinds(found) == expected
    assert found.exit_status == 1


@needs_documents
@pytest.mark.parametrize("name", NAMES)
def test_cut_document_differs_in_nothing_else(name: str) -> None:
    """A copy that ends early is cut; what lies behind the cut was not removed."""
    text = NAMES[name].read_text(encoding="utf-8")
    for end in range(0, len(text), 11):
        found = check(text[:end])
        assert found.unreadable or {one.kind for one in found.differences} == {"cut"}, text[end - 60 : end]
        assert found.unreadable or found.cut is not None


SWAPS = [
    (r"(required|optional)(?=\n?(?:string|integer|number|boolean))", {"required": "optional", "optional": "required"}),
    (r"(?<=[a-z])(integer|number)(?=[A-Z\n])", {"integer": "number", "number": "integer"}),
    (r"(?<=\n)(integer|number)(?=\n)", {"integer": "number", "number": "integer"}),
    (r"Range: (\d+)", None),
    (r"Range: \d+ - (\d+)", None),
    (r"Default:\s(\d+)", None),
    (r'"([^"\n]+)"', None),
    (r"(?<=\n)~(\d+)", None),
    (r"(?<=\n)(4\d\d|5\d\d)(?=\n)", None),
]


def changed(text: str, draw: random.Random) -> str:
    """Change one fact of a document, chosen by chance, below the sample or in the line of the latency."""
    start = text.index("API Endpoint")
    found = [
        (match, words)
        for pattern, words in SWAPS
        for match in re.finditer(pattern, text)
        if match.start() > start or "~" in pattern
    ]
    match, words = draw.choice(found)
    old = match[1]
    new = words[old] if words else str(int(old) + draw.randint(1, 9)) if old.isdigit() else f"{old}x"
    return text[: match.start(1)] + new + text[match.end(1) :]


@needs_documents
@pytest.mark.parametrize("name", NAMES)
def test_change_by_chance_differs(name: str) -> None:
    """Of 200 changes by chance none is overlooked, and each is found at one or two places."""
    text = NAMES[name].read_text(encoding="utf-8")
    draw = random.Random(f"pages {name}")  # noqa: S311 - a seed, so that each run draws the same
    for _ in range(200):
        copy = changed(text, draw)
        found = check(copy)
        assert found.unreadable is None
        assert 1 <= len(found.differences) <= 2, (kinds(found), copy)


def test_report_of_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder of saved pages becomes the text of an issue; a folder without differences says nothing."""
    (tmp_path / "same.txt").write_text(printed(FAST, "line", "C"), encoding="utf-8")
    assert main(["page", "report", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""
    other = printed(FAST, "line", "C").replace('"4k"', '"8k|<b>"')
    (tmp_path / "other.txt").write_text(other, encoding="utf-8")
    assert main(["page", "report", str(tmp_path)]) == 1
    text = capsys.readouterr().out
    assert '| value-added | ltx-2-fast.resolution |  | "8k\\|\\<b\\>" |' in text
    assert "- ltx-2-fast: route" in text
    (tmp_path / "third.txt").write_text("nothing", encoding="utf-8")
    assert main(["page", "report", str(tmp_path)]) == 2
    assert main(["page", "report", str(tmp_path / "missing")]) == 2


def printed(slug: str, style: Style, age: Age) -> str:
    """Print the page that the contract describes."""
    model = load().models[slug]
    rows: list[MadeUpRow] = []
    for name, schema in model.parameters.items():
        kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
        inferred = schema["x-source"].get("inferred", [])
        allowed = [one for one in schema.get("enum", []) if one not in inferred] + inferred
        rows.append(
            MadeUpRow(
                name,
                f"{kind} ({schema['format']})" if "format" in schema else kind,
                name in model.required,
                default=schema.get("default", schema.get("examples", [NOTHING])[0]),
                allowed=tuple(allowed) if allowed else None,
                between=(schema["minimum"], schema["maximum"]) if "minimum" in schema else None,
            )
        )
    sample = {row.name: row.default for row in rows if row.default is not NOTHING}
    price = f"${model.usd_low} - ${model.usd_high} per generation"
    made = MadeUpModel(slug, latency=f"~{model.seconds:g}s", price=price, rows=tuple(rows), sample=sample)
    return page(made, style, age)


@pytest.mark.parametrize("style", ["line", "flat", "spaced"])
@pytest.mark.parametrize("age", ["A", "B", "C"])
def test_contract_printed_does_not_differ(style: Style, age: Age) -> None:
    """A page that prints the contract differs in nothing, but that old pages lack the documented v2 route."""
    for slug in load().models:
        documented = load().models[slug].v2_source.grade == "D"
        expected = {("route", slug)} if documented and age != "C" else set[tuple[str, str]]()
        assert kinds(check(printed(slug, style, age))) == expected


def test_inferred_statement_is_confirmed() -> None:
    """A page that prints what the contract graded P or I confirms it, so that the grade could be raised."""
    found = {(one.kind, one.of, one.grade) for one in check(printed(VIDEO, "line", "B")).confirms}
    assert found == {("latency", VIDEO, "P"), ("price", VIDEO, "P")}
    found = {(one.kind, one.of, one.grade) for one in check(printed(FAST, "line", "C")).confirms}
    assert found == {("route", FAST, "P")}


def test_unknown_model_is_a_difference() -> None:
    """A page of a model that the contract does not have differs in that."""
    assert kinds(check(page(MadeUpModel(), "flat", "B"))) == {("model", "kite-1-fast")}
