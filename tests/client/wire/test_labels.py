"""Labels: a caller's own name for a request, in its outcome and in its ledger row."""

from __future__ import annotations

import copy
import itertools
import pickle
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from segmind_ltx import AsyncClient, Client, LabelledRequest, Ltx2ProRequest, ParameterError
from segmind_ltx.ledger import Ledger

URL = "https://api.example.test"
DONE = {"status": "COMPLETED", "output": "https://images.example.test/a.mp4", "metrics": {"cost": 0.4}}


def api() -> httpx.MockTransport:
    numbers = itertools.count(1)

    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json={"request_id": f"r-{next(numbers)}"})
        return httpx.Response(200, json=DONE)

    return httpx.MockTransport(handler)


def request(prompt: str) -> Ltx2ProRequest:
    return Ltx2ProRequest(prompt=prompt, duration=6)


def labels(ledger: Ledger) -> list[tuple[str, str | None]]:
    return [(entry.request["prompt"], entry.label) for entry in ledger.entries()]


def test_label_in_outcome_and_row(tmp_path: Path) -> None:
    """The outcome and the ledger row of a labelled request carry its label; others carry the ledger's, or none."""
    items: list[Ltx2ProRequest | LabelledRequest] = [
        LabelledRequest(request("a"), "scene 1"),
        request("b"),
        LabelledRequest(request("c"), "scene 3"),
    ]
    with closing(Ledger(tmp_path / "jobs.sqlite", label="night")) as ledger:
        with Client("k", URL, transport=api(), ledger=ledger) as client:
            outcomes = sorted(client.generate_many(items, poll_interval=0.01), key=lambda outcome: outcome.index)
        assert [outcome.label for outcome in outcomes] == ["scene 1", None, "scene 3"]
        assert [outcome.request.prompt for outcome in outcomes] == ["a", "b", "c"]
        assert sorted(labels(ledger)) == [("a", "scene 1"), ("b", "night"), ("c", "scene 3")]
        by_id = {entry.request_id: entry.label for entry in ledger.entries()}
        assert all(by_id[outcome.request_id] == (outcome.label or "night") for outcome in outcomes)


def test_label_in_async_outcome_and_row(tmp_path: Path) -> None:
    """`AsyncClient.generate_many` carries labels as `Client.generate_many` does."""

    async def main(ledger: Ledger) -> list[tuple[int, str | None]]:
        items: list[Ltx2ProRequest | LabelledRequest] = [LabelledRequest(request("a"), "scene 1"), request("b")]
        async with (
            AsyncClient("k", URL, transport=api(), ledger=ledger) as client,
            client.generate_many(items, poll_interval=0.01) as outcomes,
        ):
            return [(outcome.index, outcome.label) async for outcome in outcomes]

    with closing(Ledger(tmp_path / "jobs.sqlite")) as ledger:
        assert sorted(anyio.run(main, ledger)) == [(0, "scene 1"), (1, None)]
        assert sorted(labels(ledger)) == [("a", "scene 1"), ("b", None)]


def test_label_of_an_invalid_request(tmp_path: Path) -> None:
    """The outcome of an invalid request names its label too; the ledger has no row for it."""
    item = LabelledRequest(Ltx2ProRequest(prompt="a", duration=7), "scene 1")  # type: ignore[arg-type]
    with closing(Ledger(tmp_path / "jobs.sqlite")) as ledger:
        with Client("k", URL, transport=api(), ledger=ledger) as client:
            (outcome,) = client.generate_many([item])
        assert outcome.label == "scene 1"
        assert isinstance(outcome.error, ParameterError)
        assert ledger.entries() == []


@pytest.mark.parametrize("label", ["", "a\nb", "\ud800", "\0", None, 3, b"a"])
def test_label_that_cannot_be_written(label: Any) -> None:
    """A label that is empty, unprintable or not a str is refused when the item is made."""
    with pytest.raises(ParameterError, match="label="):
        LabelledRequest(request("a"), label)


def test_labelled_request_copies_and_pickles() -> None:
    """A labelled request survives copy and pickle."""
    item = LabelledRequest(request("a"), "scene 1")
    for again in (copy.deepcopy(item), pickle.loads(pickle.dumps(item))):  # noqa: S301 - our own
        assert (again.label, again.request.prompt, again.request.duration) == ("scene 1", "a", 6)


def test_rows_by_prefix(tmp_path: Path) -> None:
    """`labelled(prefix)` yields the rows whose label begins with the prefix, letter by letter, oldest first."""
    with closing(Ledger(tmp_path / "jobs.sqlite", label="out")) as ledger:
        for label in ("out//b", None, "Out//c", "out//a", "out", "about//x", "out%", "out2//a"):
            ledger.record_submit("ltx-2-pro", {}, URL, label)
        assert [entry.label for entry in ledger.labelled("out//")] == ["out//b", "out//a"]
        assert [entry.label for entry in ledger.labelled("out%")] == ["out%"]
        assert [entry.label for entry in ledger.labelled()] == ["out", "out"]
