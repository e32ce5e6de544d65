"""Single traps of saved pages, pages that cannot be read, copies that end early, and the JSON of ``page read``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from segmind_ltx_spec.__main__ import main
from segmind_ltx_spec.pages import Page, PageText, parse_page, read_page
from segmind_ltx_spec.pages.numbers import splits

from .printing import MadeUpModel, MadeUpRow, Style, page

ROWS = (
    MadeUpRow("prompt", required=True, default='Say "hello"\nand go'),
    MadeUpRow("aspect_ratio", default="3:2", allowed=tuple(f"{one}:2" for one in range(1, 14))),
    MadeUpRow("base64", "boolean", default=False),
    MadeUpRow("image", "string (uri)", default=None),
    MadeUpRow("length", "integer", default=97, allowed=(97, 129, 161, 193, 225, 257)),
    MadeUpRow("seed", "integer", default=2357108),
    MadeUpRow("true_cfg_scale", "number", default=3.5, between=(-10, 10)),
    MadeUpRow("voice_1", default="anna and ben"),
)
MODEL = MadeUpModel(rows=ROWS, sample={"prompt": "A kite", "seed": 2357108, "length": 129})
HEAD = "Kite\n1import requests\n2url = 1\nAPI Endpoint\nPOST\nhttps://api.segmind.com/v1/kite\nParameters\n"


def read(text: str) -> Page:
    return parse_page(PageText.of(text))


def table(rows: str, tail: str = "Response Type\nReturns: Video\n") -> dict[str, Any]:
    """Read the rows of a page that has nothing else of interest."""
    parameters = read(HEAD + rows + tail).parameters
    assert parameters is not None
    return {name: row.json() for name, row in parameters.items()}


def test_json_of_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``page read --json`` prints the whole page, and a parameter has no key for what is not printed."""
    saved = tmp_path / "kite.txt"
    text = page(MODEL, "line", "C")
    saved.write_text(text, encoding="utf-8")
    assert main(["page", "read", "--json", str(saved)]) == 0
    found = json.loads(capsys.readouterr().out)
    parameters = found.pop("parameters")
    assert found == {
        "slug": "kite-1-fast",
        "layout": "line C",
        "latency_seconds": 12.5,
        "price": None,
        "v1": "/v1/kite-1-fast",
        "v2": "/v2/kite-1-fast",
        "returns": "Video",
        "complete": True,
        "table_complete": True,
        "errors": found["errors"],
        "states": ["QUEUED", "PROCESSING", "COMPLETED", "FAILED"],
        "retention": "1 hour",
        "unread": [],
        "unreadable": None,
    }
    assert [error["status"] for error in found["errors"]] == [400, 401, 403, 404, 406, 429, 500, 502, 504]
    assert parameters["aspect_ratio"] == {
        "required": False,
        "type": "string",
        "default": "3:2",
        "allowed": [f"{one}:2" for one in range(1, 11)],
        "allowed_not_shown": 3,
        "state": "read",
        "line": text.split("\n").index("aspect_ratiooptional") + 1,
    }


@pytest.mark.parametrize("style", ["line", "flat", "spaced"])
def test_page_without_labels_is_read(style: Style) -> None:
    """A copy that lost its labels says the same as one that kept them."""
    found = read(page(MODEL, style, "A")).parameters
    assert found is not None
    assert {name: row.facts for name, row in found.items()} == {row.name: row.facts for row in MODEL.sorted_rows}


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        ("aoptionalbooleanWords.\nDefault:\nfalseseedoptionalinteger", "seed"),
        ('aoptionalstringWords.\nAllowed values :\n"x"+3 morecfgoptionalnumber', "cfg"),
        ("aoptionalnumberWords.\nRange: 0 - 2voice_1optionalstring", "voice_1"),
        ('aoptionalstringWords.\nDefault:\n""image_formatoptionalstring', "image_format"),
        ("aoptionalintegerWords.\nRange: -10 - 10promptrequiredstring", "prompt"),
        ("aoptionalstringWords.\nDefault:\nnulllengthoptionalinteger", "length"),
        ("aoptionalstringWords.\ntrue_cfg_scaleoptionalnumber", "true_cfg_scale"),
    ],
)
def test_name_glued_to_a_value(rows: str, name: str) -> None:
    """A name ends what stands before it, and takes nothing of it."""
    assert list(table(rows)) == ["a", name]


def test_number_list_with_one_reading() -> None:
    """The lists of the known pages have exactly one reading that holds the default."""
    assert splits("97129161193225257", holding=97) == [(97, 129, 161, 193, 225, 257)]
    assert splits("6810", holding=6) == [(6, 8, 10)]
    assert splits("512576640704768832896960", holding=640) == [(512, 576, 640, 704, 768, 832, 896, 960)]
    assert splits("208") == [(208,)], "no number begins with a zero"
    assert splits("0.250.50.751", holding=1) == [(0.25, 0.5, 0.75, 1)]


def test_name_in_its_place_is_whole() -> None:
    """Rows are sorted, so a name that begins like a value is whole if only the whole is in its place."""
    row = "imageoptionalstring (uri)Words.\nnullable_maskoptionalstringWords.\n"
    assert list(table(row)) == ["image", "nullable_mask"]
    row = "imageoptionalstring (uri)Words.\nnulllengthoptionalinteger5"
    assert list(table(row)) == ["image", "length"]


@pytest.mark.parametrize(
    ("default", "run", "right"), [("2", "248", [2, 4, 8]), ("null", "468", [4, 6, 8]), (None, "510", [5, 10])]
)
def test_number_list_with_several_readings(default: str | None, run: str, right: list[int]) -> None:
    """A list that can be split in several ways is ambiguous; the reader never takes the likeliest."""
    labels = f"Default: {default}\n" if default else ""
    row = table(f"scaleoptional\ninteger\n\nWords.\n\n{labels}Allowed values :\n{run}\n")["scale"]
    assert row["state"] == "ambiguous"
    assert "allowed" not in row
    assert {"allowed": right} in row["candidates"]
    assert len(row["candidates"]) > 1


def test_label_that_cannot_be_read_is_told() -> None:
    """Values that are none leave the row unreadable, and the line is listed."""
    found = read(HEAD + "aoptional\ninteger\n\nWords.\n\nDefault: a hundred\n\nResponse Type\n\nReturns: Video\n")
    assert found.parameters is not None
    assert found.parameters["a"].state == "unreadable"
    assert [one.text for one in found.unread] == ["Default: a hundred"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("<html><body>Not here</body></html>", "not a page of a model"),
        ("POST/v1/kite\n1const axios = 1;\nAttributes\n\n\npromptstr *\n\nWords\n", "Attributes"),
        (HEAD.replace("/v1/kite", "/workflows/67c6b3b9"), "workflow"),
        (HEAD.replace("segmind.com", "example.com"), "example.com"),
        (f"{HEAD}messagesrequired\nobject[]\n\nWords.\n\nArray items:\nrolerequired\nstring\n", "chat"),
        (f"{HEAD}messagesrequiredobject[]Words.\nrolerequiredstringWords.\nResponse Type\nReturns: Text\n", "nested"),
        (f"{HEAD}promptrequired\nstring\n\nWords.\n\nResponse Format\n\n{{}}\n", "response format"),
        (f"{HEAD}xoptionalstringA.\nxoptionalstringB.\nResponse Type\nReturns: Video\n", "same name"),
        (f"{HEAD}| prompt | string |\nResponse Type\nReturns: Video\n", "no row"),
        ("Kite\n1import requests\n2import json\n", "before the endpoint"),
        (HEAD.partition("Parameters")[0], "before the parameters"),
    ],
)
def test_page_that_cannot_be_read(text: str, reason: str) -> None:
    """A page of another kind, or one whose layout cannot be trusted, has a reason and no parameters."""
    found = read(text)
    assert found.unreadable is not None
    assert reason in found.unreadable
    assert found.json()["parameters"] is None


def test_file_that_is_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is missing or binary ends with 2, like every page that cannot be read."""
    saved = tmp_path / "page.bin"
    saved.write_bytes(b"\xff\xfe\x00\xd8 no text")
    assert main(["page", "read", str(saved)]) == 2
    assert main(["page", "check", str(tmp_path / "missing.txt")]) == 2
    assert capsys.readouterr().out.count("not read:") == 2


@pytest.mark.parametrize("style", ["line", "flat", "spaced"])
@pytest.mark.parametrize("age", ["A", "B", "C"])
def test_cut_page_says_nothing_false(style: Style, age: Any) -> None:
    """Wherever a copy ends, what it says of a parameter is what the whole page says."""
    whole = page(MODEL, style, age)
    complete = read(whole)
    assert complete.parameters is not None
    for end in range(0, len(whole), 7):
        found = read(whole[:end])
        assert not found.complete
        for name, row in (found.parameters or {}).items():
            expected = complete.parameters[name]
            if row.state == "cut":
                assert not found.table_complete
                assert row.facts.items() <= expected.facts.items()
                assert row.type in {None, expected.type}
            else:
                assert (row.facts, row.candidates) == (expected.facts, expected.candidates), whole[end - 80 : end]


def test_byte_order_mark_and_line_ends(tmp_path: Path) -> None:
    """The bytes of a saved page may have a byte order mark, CRLF and no-break blanks, or be UTF-16."""
    text = page(MODEL, "line", "B").replace("\n", "\r\n").replace("Default: ", "Default:\u00a0")
    plain = read(page(MODEL, "line", "B")).json()
    for encoding in ("utf-8-sig", "utf-16"):
        saved = tmp_path / f"{encoding}.txt"
        saved.write_bytes(text.encode(encoding))
        assert read_page(saved).json() == plain


def test_row_of_an_unknown_type_is_told() -> None:
    """A row of a type that nobody knows gives its values to no other row: that row cannot be read, and says so."""
    found = read(HEAD + 'aoptionalstringA.\nboptionalcolourB.\nDefault:\n"red"Response Type\nReturns: Video\n')
    assert found.parameters is not None
    assert {name: (row.state, row.facts) for name, row in found.parameters.items()} == {"a": ("unreadable", {})}
    assert [one.text for one in found.unread] == ["boptionalcolourB.", "Default:", '"red"']
    line = read(HEAD + 'aoptional\nstring\n\nA.\n\nboptional\ncolour (hex)\n\nB.\n\nDefault: "red"\n\nResponse Type\n')
    assert line.parameters is not None
    assert {name: row.type for name, row in line.parameters.items()} == {"a": "string", "b": "colour (hex)"}


def test_queue_section_that_lost_its_lines() -> None:
    """Routes, states, statuses and retention are read even if a copy glued the section together."""
    text = page(MODEL, "line", "C")
    start, end = text.index("Asynchronous requests"), text.index("Common Error Codes")
    glued = text[start:end].replace("\n  • ", "").replace("\n", "")
    found = read(f"{text[:start].rstrip()}{glued}{text[end:]}")
    assert found.queue == read(text).queue
    assert found.unread == ()
