"""What a batch makes of its file and of its ledger, before anything is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmind_ltx import ParameterError
from segmind_ltx._cli.batch.budget import Purse
from segmind_ltx._cli.batch.items import (
    GONE,
    NO_PARAMETERS,
    NOT_BEGUN,
    SAVED,
    UNCERTAIN,
    UNFINISHED,
    Line,
    read_lines,
)
from segmind_ltx._cli.batch.plan import assign, past_of
from segmind_ltx.ledger import Entry
from segmind_ltx_api.contract import MODELS

MODEL = MODELS["ltx-2-19b-t2v"]
NOW = 1_000_000.0
GOOD = '{"model": "ltx-2-pro", "prompt": "x"}'

WRONG = {
    "not json": "line 1: it is not JSON",
    "[1]": "line 1: it is not a JSON object",
    '{"prompt": "x"}': "line 1: model is missing",
    '{"model": 3}': "line 1: model=3 is not a name",
    '{"model": "ltx-2-por", "prompt": "x"}': "did you mean 'ltx-2-pro'",
    '{"model": "ltx-2-pro"}': "prompt is missing",
    '{"model": "ltx-2-pro", "prompt": "x", "duration": 7}': "use one of 6, 8, 10",
    '{"model": "ltx-2-pro", "prompt": "x", "promt": "y"}': "there is no parameter 'promt'",
    '{"model": "ltx-2-pro", "prompt": "x", "prompt": "y"}': "'prompt' is there twice",
    '{"model": "ltx-2-pro", "prompt": "x", "image": "no.png"}': "is not a URI",
    '{"model": "ltx-2-pro", "prompt": "x", "image": "jobs.jsonl"}': "has no image suffix",
    f'{{"model": "ltx-2-pro", "prompt": "x", "image": "{"A" * 5000}"}}': "is not a URI",
    '{"model": "ltx-video", "prompt": "x", "cfg": NaN}': "is not a finite number",
    '{"model": "ltx-2-pro", "prompt": "\udcff"}': "it is not JSON",
    GOOD + "\n" + GOOD.replace("}", ', "file": "0001-LTX-2-pro.mp4"}'): "is that of line 1 already",
    "# nothing\n\n": "there is no request in it",
    "[" * 100_000: "it is not JSON",
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:60])
def test_a_wrong_line_is_told_with_what_is_wrong(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("jobs.jsonl").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ParameterError) as caught:
        read_lines("jobs.jsonl")
    (problem,) = caught.value.problems
    assert WRONG[text] in problem
    assert problem in str(caught.value)


NAMES = ["", ".", "..", "a/b.mp4", "/a.mp4", "a\\b.mp4", "C:a.mp4", ".a.mp4", "a\0.mp4", "a\n.mp4", 3, None, ["a.mp4"]]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_out_of_the_folder_or_is_none_is_refused(name: Any, tmp_path: Path) -> None:
    import json

    (tmp_path / "jobs").write_text(json.dumps({"model": "ltx-2-pro", "prompt": "x", "file": name, "duration": 7}))
    with pytest.raises(ParameterError) as caught:
        read_lines(str(tmp_path / "jobs"))
    (problem,) = caught.value.problems
    assert "is no name for a file" in problem
    assert "duration=7" in problem


def test_every_wrong_line_is_told_at_once_by_its_number(tmp_path: Path) -> None:
    (tmp_path / "jobs").write_text("\n".join(["nonsense", "", GOOD, "# no", "{}", GOOD]))
    with pytest.raises(ParameterError) as caught:
        read_lines(str(tmp_path / "jobs"))
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["line 1", "line 5"]


def test_names_count_requests_and_not_lines(tmp_path: Path) -> None:
    (tmp_path / "jobs").write_text("\n".join(["# two", GOOD, "", GOOD]))
    assert [(line.number, line.name) for line in read_lines(str(tmp_path / "jobs"))] == [
        (2, "0001-ltx-2-pro.mp4"),
        (4, "0002-ltx-2-pro.mp4"),
    ]


def test_no_parameter_is_called_as_what_a_line_says_besides() -> None:
    assert [model.slug for model in MODELS.values() if NO_PARAMETERS & set(model.parameters)] == []


def line(number: int, digest: str = "d") -> Line:
    return Line(number, MODEL, {}, f"{number}.mp4", digest)


def entry(number: int, state: str, *, id_: str | None = None, **more: Any) -> Entry:
    row = Entry(number, state, MODEL.slug, {"prompt": "x"}, "https://api.test", NOW - 60, id_, None, None, None)
    return row._replace(**more)


def planned(folder: Path, lines: list[Line], *rows: Entry) -> list[str]:
    """The states of the lines, all of which ask for the same as the rows."""
    calls = [call._replace(digest="d") for call in (past_of(row, folder, NOW) for row in rows) if call is not None]
    assign(lines, calls)
    return [line.state for line in lines]


@pytest.mark.parametrize(
    ("row", "state"),
    [
        (entry(1, "sending"), UNCERTAIN),
        (entry(1, "uncertain"), UNCERTAIN),
        (entry(1, "uncertain", id_="r"), UNFINISHED),
        (entry(1, "refused"), NOT_BEGUN),
        (entry(1, "failed", id_="r"), NOT_BEGUN),
        (entry(1, "accepted", id_="r"), UNFINISHED),
        (entry(1, "accepted", id_="r", begun=0.0), UNFINISHED),
        (entry(1, "completed", id_="r"), UNFINISHED),
        (entry(1, "completed", id_="r", file="1.mp4"), UNFINISHED),
        (entry(1, "saved", id_="r", file="elsewhere/1.mp4"), UNFINISHED),
        (entry(1, "gone", id_="r"), UNFINISHED),
        (entry(1, "gone", id_="r", begun=0.0), GONE),
    ],
)
def test_what_a_row_is_good_for(row: Entry, state: str, tmp_path: Path) -> None:
    assert planned(tmp_path, [line(1)], row) == [state]


def test_equal_lines_get_the_best_there_is_and_each_its_own_file(tmp_path: Path) -> None:
    (tmp_path / "3.mp4").touch()
    lines = [line(number) for number in (1, 2, 3, 4)]
    states = planned(
        tmp_path,
        lines,
        entry(1, "sending"),
        entry(2, "failed", id_="a"),
        entry(3, "gone", id_="b", begun=0.0),
        entry(4, "saved", id_="c", file=str(tmp_path / "3.mp4")),
        entry(5, "accepted", id_="d"),
    )
    assert states == [UNFINISHED, UNCERTAIN, SAVED, GONE]
    assert [one.request_id for one in lines] == ["d", None, "c", "b"]


def test_a_video_under_another_name_is_a_lines_as_well(tmp_path: Path) -> None:
    (tmp_path / "other.mp4").touch()
    (one,) = lines = [line(1)]
    assert planned(tmp_path, lines, entry(1, "saved", id_="a", file=str(tmp_path / "other.mp4"))) == [SAVED]
    assert one.file == tmp_path / "other.mp4"


STATES = st.sampled_from(["sending", "uncertain", "refused", "accepted", "completed", "failed", "gone", "saved"])


@given(st.lists(STATES, max_size=8), st.integers(1, 8))
def test_no_more_is_begun_than_there_are_lines_that_nothing_was_paid_for(states: list[str], count: int) -> None:
    rows = [
        entry(number, state, id_=None if state in {"sending", "uncertain"} else f"r{number}")
        for number, state in enumerate(states)
    ]
    begun = planned(Path("nowhere"), [line(number) for number in range(count)], *rows).count(NOT_BEGUN)
    paid = sum(state not in {"refused", "failed"} for state in states)
    assert begun == max(0, count - paid)


def test_a_purse_counts_what_is_not_known_with_the_highest_price() -> None:
    purse, fast = Purse(5.0), MODELS["ltx-2-fast"]
    rows = [entry(1, "sending"), entry(2, "refused"), entry(3, "failed", id_="a"), entry(4, "saved", id_="b", cost=0.3)]
    for row in rows:
        purse.put_call(row.number, row._replace(model=fast.slug))
    assert (purse.known, purse.doubt) == (0.3, 2.0)
    assert purse.allows(fast)
    purse.put("new", doubt=2.0)
    assert not purse.allows(fast)
    purse.put("new", known=0.7)
    assert (purse.known, purse.doubt) == (1.0, 2.0)
    assert purse.allows(fast)


@given(st.lists(st.integers(1, 9999), max_size=40))
def test_the_sums_of_a_purse_are_exact(prices: list[int]) -> None:
    purse = Purse(None)
    for number, price in enumerate(prices):
        purse.put(number, doubt=2.0)
        purse.put(number, known=price / 10_000)
    assert (purse.known, purse.doubt) == (round(sum(prices) / 10_000, 4), 0.0)
