"""Values and names of saved pages that read like something else: never a confident wrong fact."""

from __future__ import annotations

from typing import Any

import pytest

from segmind_ltx_spec.pages import Page, PageText, parse_page

HEAD = "Kite\nMakes something.\n1import requests\n2data = {\n3}\nAPI Endpoint\nPOST\nhttps://api.segmind.com/v1/kite\nParameters\n"
TAIL = "Response Type\nReturns: Video\nCommon Error Codes\nErrors.\n504\nTimeout\nRequest timed out\n"


def read(rows: str, *, sample: str = "", tail: str = TAIL) -> Page:
    return parse_page(PageText.of(HEAD.replace("{\n3}", f"{{{sample}\n3}}") + rows + tail))


def facts(page: Page, name: str) -> Any:
    """The printed facts of a parameter: its state, and its candidates or its values."""
    assert page.parameters is not None, page.unreadable
    row = page.parameters[name]
    return (row.state, [*row.candidates]) if row.candidates else (row.state, row.facts)


@pytest.mark.parametrize(
    ("row", "allowed"),
    [
        ('720p HD"720p"\n1080p Full HD"1080p"', ["720p", "1080p"]),
        ('5 seconds"5"\n10 seconds"10"', ["5", "10"]),
        ('2K (2048)"2k"\n4K (4096)"4k"', ["2k", "4k"]),
        ('true color"full"\nplain"plain"', ["full", "plain"]),
        ('-3 dB"low"\n0 dB"none"', ["low", "none"]),
        ('16:9 wide"16:9"\n1:1 square"1:1"', ["16:9", "1:1"]),
    ],
)
def test_label_that_begins_like_a_value(row: str, allowed: list[str]) -> None:
    """The name of a value is no value, although it begins with a number or a word that could be one."""
    labelled = f"qualityoptional\nstring\n\nQuality\n\nAllowed values :\n{row}\n\n"
    assert facts(read(labelled), "quality") == ("read", {"allowed": allowed})


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        ("promptrequired\nstring\n\nPrompt\n\n3d_modeoptional\nboolean\n\nMode\n\nDefault: false\n\n", "3d_mode"),
        ('styleoptional\nstring\n\nStyle\n\nDefault: "x"\n\n4k_outputoptional\nboolean\n\nOutput\n\n', "4k_output"),
        ("promptrequiredstringPrompt\n3d_modeoptionalbooleanMode\nDefault:\nfalse", "3d_mode"),
        ("promptrequired\nstring\n\nPrompt\n\nconfig.scaleoptional\nnumber\n\nScale\n\nDefault: 1\n\n", "config.scale"),
        ("promptrequired\nstring\n\nPrompt\n\ngrößeoptional\nnumber\n\nSize\n\nDefault: 1\n\n", "größe"),
        ("\nprompt\nrequired\nstring\n\nPrompt\n\nis_required\noptional\nboolean\n\nSo\n\n", "is_required"),
        ("lroptionalnumberRate\nDefault:\n1e-7max_seedoptionalintegerSeed\nDefault:\n5", "max_seed"),
    ],
)
def test_name_is_whole(rows: str, name: str) -> None:
    """A name keeps its digits, parts and letters if nothing in front of it can be a value."""
    page = read(rows)
    assert name in (page.parameters or {}), page
    assert len(page.parameters or {}) == 2


@pytest.mark.parametrize(
    ("run", "sample", "right"),
    [
        ("1110100", "", {"default": 1, "allowed": [1, 10, 100]}),
        ("441000", "", {"default": 4, "allowed": [4, 1000]}),
        ("30510153060120", '"n": 60', {"default": 30, "allowed": [5, 10, 15, 30, 60, 120]}),
        ("112", '"n": 1', {"default": 112}),
        ("448", '"n": 4', {"default": 448}),
    ],
)
def test_glued_number_is_ambiguous(run: str, sample: str, right: dict[str, Any]) -> None:
    """A run that may be a default with a list, or one number, is neither for certain, whatever the sample sends."""
    state, candidates = facts(read(f"noptionalintegerNumber\n{run}", sample=f"\n{sample}"), "n")
    assert state == "ambiguous"
    assert right in candidates


@pytest.mark.parametrize("run", ["105", "1100", "41000"])
def test_list_without_its_default_is_ambiguous(run: str) -> None:
    """A run in a list is one number only if no other reading holds the default."""
    default = {"1100": "Default: 100\n", "41000": "Default: 4\n"}.get(run, "")
    state, candidates = facts(read(f"noptional\ninteger\n\nN\n\n{default}Allowed values :\n{run}\n\n"), "n")
    assert state == "ambiguous"
    assert {"105": [10, 5], "1100": [1, 100], "41000": [4, 1000]}[run] in [one["allowed"] for one in candidates]


def test_description_is_no_label() -> None:
    """A description that says "Default: 30 is good" changes nothing for the other rows of a page without labels."""
    page = read("seedoptionalintegerSeed\n42stepsoptionalintegerSteps.\nDefault: 30 is good\n30Range: 1 - 50")
    assert facts(page, "seed") == ("read", {"default": 42})
    assert facts(page, "steps") == ("read", {"default": 30, "range": [1, 50]})


@pytest.mark.parametrize(
    "value",
    ["こんにちは\u3000世界", "👨\u200d👩\u200d👧", "10\u00a0km", "1\u202f000", "\u0645\u06cc\u200c\u062e\u0648"],
)
def test_quoted_value_stays_as_it_is(value: str) -> None:
    """Blanks and joiners within a quoted value are part of it."""
    page = read(f'textoptional\nstring\n\nText\n\nDefault: "{value}"\n\n')
    assert facts(page, "text") == ("read", {"default": value})


@pytest.mark.parametrize("text", ["Response Format", "The Response Type"])
def test_description_is_no_heading(text: str) -> None:
    """A parameter described as "Response Format" does not end the table of a copy that was cut."""
    rows = f'response_formatoptional\nstring\n\n{text}\n\nDefault: "mp3"\n\nvoiceoptional\nstring\n\nVo'
    page = read(rows, tail="")
    assert list(page.parameters or {}) == ["response_format", "voice"]
    assert not page.table_complete


@pytest.mark.parametrize("words", ["Range: ≥ 1", "Range: at least 1", "Range: 1,000 to 2,000"])
def test_range_of_another_form_is_told(words: str) -> None:
    """A range that cannot be read is unread, not absent."""
    page = read(f"fpsoptional\ninteger\n\nFrames\n\n{words}\n\n")
    assert facts(page, "fps") == ("unreadable", {})
    assert [one.text for one in page.unread] == [words]


@pytest.mark.parametrize("head", ["fps optional\ninteger", "loras[0]optional\nstring", "fpsoptional\nString"])
def test_odd_head_gives_nothing_to_the_row_before(head: str) -> None:
    """A head that is not recognised makes the row before it unreadable, instead of leaving its values there."""
    page = read(f"promptrequired\nstring\n\nPrompt\n\n{head}\n\nFrames\n\nDefault: 24Range: 1 - 30\n\n")
    assert facts(page, "prompt") == ("unreadable", {})
    assert page.unread


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("api.segmind.com", "api.notsegmind.com"), "not a page of this vendor"),
        (("api.segmind.com", "api.segmind.com.evil.test"), "not a page of this vendor"),
        (
            ("promptrequired\nstring\n\nPrompt", "API Endpoint\nhttps://api.segmind.com/v1/other"),
            "a second API Endpoint",
        ),
        (("promptrequired\nstring\n\nPrompt", "We wrote\nsome prose\nabout it"), "no row"),
        (("promptrequired\nstring\n\nPrompt", ""), "empty, although the sample"),
    ],
)
def test_untrusted_page_is_unreadable(change: tuple[str, str], reason: str) -> None:
    """Another vendor's page, two models on one, prose, and a table that was lost are refused with the reason."""
    rows = "promptrequired\nstring\n\nPrompt\n\n"
    text = HEAD.replace("{\n3}", '{\n3    "prompt": "a"\n4}') + rows + TAIL
    page = parse_page(PageText.of(text.replace(*change)))
    assert reason in (page.unreadable or "")
    assert page.parameters is None
