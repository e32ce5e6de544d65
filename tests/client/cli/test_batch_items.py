"""A batch checks its items, its plan and its budget before anything is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmind_ltx import ParameterError
from segmind_ltx._cli.batch.budget import Budget
from segmind_ltx._cli.batch.items import NO_PARAMETERS, BatchItem, ItemState, read_items, request_digest
from segmind_ltx._cli.batch.plan import match, prior_call
from segmind_ltx.ledger import Entry
from segmind_ltx_api.contract import MODELS

MODEL = MODELS["ltx-2-19b-t2v"]
NOW = 1_000_000.0
GOOD = '{"model": "ltx-2-pro", "prompt": "x"}'

INVALID = {
    "not json": "not JSON",
    "[1]": "not a JSON object",
    '{"prompt": "x"}': "model is missing",
    '{"model": 3}': "model=3",
    '{"model": "ltx-2-por", "prompt": "x"}': "'ltx-2-pro'",
    '{"model": "ltx-2-pro"}': "prompt is missing",
    '{"model": "ltx-2-pro", "prompt": "x", "duration": 7}': "6, 8, 10",
    '{"model": "ltx-2-pro", "prompt": "x", "promt": "y"}': "'promt'",
    '{"model": "ltx-2-pro", "prompt": "x", "prompt": "y"}': "'prompt' is there twice",
    '{"model": "ltx-2-pro", "prompt": "x", "image": "no.png"}': "no such file",
    '{"model": "ltx-2-pro", "prompt": "x", "image": "jobs.jsonl"}': "jobs.jsonl",
    f'{{"model": "ltx-2-pro", "prompt": "x", "image": "{"A" * 5000}"}}': "AAA…: no such file",
    '{"model": "ltx-video", "prompt": "x", "cfg": NaN}': "finite",
    '{"model": "ltx-2-pro", "prompt": "\udcff"}': "not JSON",
    GOOD + "\n" + GOOD.replace("}", ', "file": "0001-LTX-2-pro.mp4"}'): "line 1",
    "# nothing\n\n": "no request",
    "[" * 100_000: "not JSON",
}


def test_empty_prompt_needs_a_yes(tmp_path: Path) -> None:
    """An empty prompt would be billed, so it is refused unless it is allowed."""
    path = tmp_path / "jobs.jsonl"
    path.write_text('{"model": "ltx-2-pro", "prompt": " "}')
    with pytest.raises(ParameterError, match="--allow-empty"):
        read_items(str(path))
    assert len(read_items(str(path), allow_empty=True)) == 1


@pytest.mark.parametrize("text", INVALID, ids=lambda text: text[:60])
def test_item_invalid(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An invalid item is one problem, which names what is wrong with it."""
    monkeypatch.chdir(tmp_path)
    Path("jobs.jsonl").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ParameterError) as caught:
        read_items("jobs.jsonl")
    (problem,) = caught.value.problems
    assert INVALID[text] in problem
    assert problem in str(caught.value)


NAMES = ["", ".", "..", "a/b.mp4", "/a.mp4", "a\\b.mp4", "C:a.mp4", ".a.mp4", "a\0.mp4", "a\n.mp4", 3, None, ["a.mp4"]]


@pytest.mark.parametrize("name", NAMES)
def test_file_name_invalid(name: Any, tmp_path: Path) -> None:
    """A file name that is hidden or leaves the folder is refused, together with the item's other problems."""
    (tmp_path / "jobs").write_text(json.dumps({"model": "ltx-2-pro", "prompt": "x", "file": name, "duration": 7}))
    with pytest.raises(ParameterError) as caught:
        read_items(str(tmp_path / "jobs"))
    (problem,) = caught.value.problems
    assert "file=" in problem
    assert "duration=7" in problem


def test_problems_of_several_items(tmp_path: Path) -> None:
    """All invalid items are reported at once, each by the number of its line."""
    (tmp_path / "jobs").write_text("\n".join(["nonsense", "", GOOD, "# no", "{}", GOOD]))
    with pytest.raises(ParameterError) as caught:
        read_items(str(tmp_path / "jobs"))
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["line 1", "line 5"]


def test_file_name_default(tmp_path: Path) -> None:
    """The default file name counts items, not lines."""
    (tmp_path / "jobs").write_text("\n".join(["# two", GOOD, "", GOOD]))
    assert [(item.number, item.name) for item in read_items(str(tmp_path / "jobs"))] == [
        (2, "0001-ltx-2-pro.mp4"),
        (4, "0002-ltx-2-pro.mp4"),
    ]


def test_parameters_beside_keys_of_item() -> None:
    """No model has a parameter with the name of another key of an item."""
    assert [model.slug for model in MODELS.values() if NO_PARAMETERS & set(model.parameters)] == []


def test_digest_is_stable() -> None:
    """The digest of a request never changes: with another one, items would not find their rows and be paid again."""
    digest = request_digest("ltx-video", {"prompt": "é", "cfg": 3})
    assert digest == "ff7be2fdaf8c17044140b8281976214a3798ae374dd849cb15e175f89d27ef5b"


def item(number: int) -> BatchItem:
    return BatchItem(number, MODEL, {}, f"{number}.mp4", "d")


def entry(number: int, state: str, *, id_: str | None = None, **more: Any) -> Entry:
    row = Entry(number, state, MODEL.slug, {"prompt": "x"}, "https://api.test", NOW - 60, id_, None, None, None)
    return row._replace(**more)


def match_equal(folder: Path, items: list[BatchItem], *rows: Entry) -> list[str]:
    """Match items with rows of the same request; return the states of the items."""
    calls = [prior_call(row, "d", folder, NOW) for row in rows]
    match(items, [call for call in calls if call is not None])
    return [item.state for item in items]


@pytest.mark.parametrize(
    ("row", "state"),
    [
        (entry(1, "sending"), ItemState.UNCERTAIN),
        (entry(1, "uncertain"), ItemState.UNCERTAIN),
        (entry(1, "uncertain", id_="r"), ItemState.UNFINISHED),
        (entry(1, "refused"), ItemState.NOT_BEGUN),
        (entry(1, "failed", id_="r"), ItemState.NOT_BEGUN),
        (entry(1, "accepted", id_="r"), ItemState.UNFINISHED),
        (entry(1, "accepted", id_="r", begun=0.0), ItemState.UNFINISHED),
        (entry(1, "completed", id_="r"), ItemState.UNFINISHED),
        (entry(1, "completed", id_="r", file="1.mp4"), ItemState.UNFINISHED),
        (entry(1, "saved", id_="r", file="elsewhere/1.mp4"), ItemState.UNFINISHED),
        (entry(1, "gone", id_="r"), ItemState.UNFINISHED),
        (entry(1, "gone", id_="r", begun=0.0), ItemState.GONE),
    ],
)
def test_match_one_row(row: Entry, state: str, tmp_path: Path) -> None:
    """An item whose request has one row gets the state that the row allows."""
    assert match_equal(tmp_path, [item(1)], row) == [state]


def test_match_equal_items(tmp_path: Path) -> None:
    """Equal items get the rows with the best states; a video goes to the item with its name."""
    (tmp_path / "3.mp4").touch()
    items = [item(number) for number in (1, 2, 3, 4)]
    states = match_equal(
        tmp_path,
        items,
        entry(1, "sending"),
        entry(2, "failed", id_="a"),
        entry(3, "gone", id_="b", begun=0.0),
        entry(4, "saved", id_="c", file=str(tmp_path / "3.mp4")),
        entry(5, "accepted", id_="d"),
    )
    assert states == [ItemState.UNFINISHED, ItemState.UNCERTAIN, ItemState.SAVED, ItemState.GONE]
    assert [item.request_id for item in items] == ["d", None, "c", "b"]


def test_match_video_with_other_name(tmp_path: Path) -> None:
    """An item keeps its video even if the video has another name than the item."""
    (tmp_path / "other.mp4").touch()
    items = [item(1)]
    states = match_equal(tmp_path, items, entry(1, "saved", id_="a", file=str(tmp_path / "other.mp4")))
    assert states == [ItemState.SAVED]
    assert items[0].file == tmp_path / "other.mp4"


STATES = st.sampled_from(["sending", "uncertain", "refused", "accepted", "completed", "failed", "gone", "saved"])


@given(st.lists(STATES, max_size=8), st.integers(1, 8))
def test_match_leaves_paid_items_alone(states: list[str], count: int) -> None:
    """Exactly as many equal items begin as there are more items than paid rows."""
    rows = [
        entry(number, state, id_=None if state in {"sending", "uncertain"} else f"r{number}")
        for number, state in enumerate(states)
    ]
    begun = match_equal(Path("nowhere"), [item(number) for number in range(count)], *rows).count(ItemState.NOT_BEGUN)
    paid = sum(state not in {"refused", "failed"} for state in states)
    assert begun == max(0, count - paid)


def test_budget_with_unknown_costs() -> None:
    """A job counts with the highest price of its model until its cost is known."""
    budget, fast = Budget(5.0), MODELS["ltx-2-fast"]
    rows = [entry(1, "sending"), entry(2, "refused"), entry(3, "failed", id_="a"), entry(4, "saved", id_="b", cost=0.3)]
    for row in rows:
        budget.set_entry(row.number, row._replace(model=fast.slug))
    assert (budget.known, budget.uncertain) == (0.3, 2.0)
    assert budget.allows(fast)
    budget.set("new", uncertain=2.0)
    assert not budget.allows(fast)
    budget.set("new", known=0.7)
    assert (budget.known, budget.uncertain) == (1.0, 2.0)
    assert budget.allows(fast)


@given(st.lists(st.integers(1, 9999), max_size=40))
def test_budget_sums(prices: list[int]) -> None:
    """The sums of a budget are exact, however many prices they have."""
    budget = Budget(None)
    for number, price in enumerate(prices):
        budget.set(number, uncertain=2.0)
        budget.set(number, known=price / 10_000)
    assert (budget.known, budget.uncertain) == (round(sum(prices) / 10_000, 4), 0.0)
