"""Make every single edit of a recording, to test the judge.

An edit changes one response in one place, or swaps two responses about a job. The judge has to object to it unless the
documents allow the edited history; `allowed` returns which they allow, and why.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from attrs import evolve, frozen

from segmind_ltx_conformance.judge.answers import schema_for
from segmind_ltx_conformance.judge.trace import Trace
from segmind_ltx_conformance.recording import Exchange, Recording
from segmind_ltx_conformance.target import SCENARIO_STATUS

STATUSES: Final = (200, 400, 401, 403, 404, 406, 422)
"""The statuses that replace the one of a response. 429 and 5xx may be transient, so they are left out."""
STATES: Final = ("QUEUED", "PROCESSING", "COMPLETED", "FAILED", "RUNNING", "completed")
DROPPED: Final = object()


@frozen
class Edit:
    """One change of the exchange at ``index``; ``what`` is status, state, id, field or order."""

    index: int
    what: str
    field: str
    value: Any
    recording: Recording

    def __str__(self) -> str:
        one = self.recording.exchanges[self.index]
        value = "dropped" if self.value is DROPPED else self.value
        return f"{self.index} {one.method} {one.path} ({one.probe}): {self.what} {self.field} -> {value!r}"


def edits(recording: Recording) -> Iterator[Edit]:
    """Yield all edits of a recording."""
    for index, one in enumerate(recording.exchanges):
        if one.status == 0:
            continue
        for status in STATUSES:
            if status != one.status:
                yield Edit(index, "status", "", status, _with(recording, index, evolve(one, status=status)))
        value = one.json
        if isinstance(value, dict):
            yield from _of_body(recording, index, cast("dict[str, Any]", value))
    yield from _orders(recording)


def _of_body(recording: Recording, index: int, value: Mapping[str, Any]) -> Iterator[Edit]:
    one = recording.exchanges[index]
    for name, old in value.items():
        others: list[Any] = [DROPPED, None, 7 if not isinstance(old, int) else "7"]
        if name == "status" and isinstance(old, str):
            others += [word for word in STATES if word != old]
        if name == "request_id":
            others.append("00000000-0000-4000-8000-000000000000")
        for new in others:
            changed = {key: field for key, field in value.items() if key != name}
            if new is not DROPPED:
                changed[name] = new
            what = "state" if name == "status" and new in STATES else "id" if name == "request_id" else "field"
            body = json.dumps(changed).encode()
            yield Edit(index, what, name, new, _with(recording, index, evolve(one, body=body)))


def _orders(recording: Recording) -> Iterator[Edit]:
    """Yield the edits that swap two successive responses about one job on one route."""
    last: dict[str, int] = {}
    for index, one in enumerate(recording.exchanges):
        if one.method != "GET" or "/requests/" not in one.path or one.status == 0:
            continue
        before = last.get(one.url)
        last[one.url] = index
        if before is None:
            continue
        first, second = recording.exchanges[before], one
        if (first.status, first.body) == (second.status, second.body) or first.key != second.key:
            continue
        swapped = list(recording.exchanges)
        swapped[before] = evolve(first, status=second.status, body=second.body, headers=second.headers)
        swapped[index] = evolve(second, status=first.status, body=first.body, headers=first.headers)
        yield Edit(index, "order", "", before, evolve(recording, exchanges=tuple(swapped)))


def _with(recording: Recording, index: int, one: Exchange) -> Recording:
    exchanges = list(recording.exchanges)
    exchanges[index] = one
    return evolve(recording, exchanges=tuple(exchanges))


def excerpt(recording: Recording, per_stage: int = 1) -> Recording:
    """Return the exchanges of one job that completes and of one that fails, and a few of every other stage.

    All its edits can be judged within seconds.
    """
    kept: list[Exchange] = []
    chosen = {
        name for one in recording.exchanges if (one.probe or "").startswith("alias") for name in one.path.split("/")[3:]
    }
    lives: dict[str | None, str] = {}
    urls: set[str] = set()
    counts: dict[tuple[str, str | None, str, str], int] = {}
    for one in recording.exchanges:
        stage = (one.probe or "").partition(" ")[0]
        value = _object(one)
        if one.method == "POST" and one.path.startswith("/v2") and one.status == 200:
            if one.key not in lives and (one.key != "valid" or not chosen or value.get("request_id") in chosen):
                lives[one.key] = str(value.get("request_id"))
                kept.append(one)
        elif stage in {"result", "poll", "retention", "failing"}:
            if any(name in one.path for name in lives.values()):
                kept.append(one)
                urls.add(str(value.get("output")))
            elif one.url in urls:
                kept.append(one)
        elif stage == "download":
            if one.url in urls:
                kept.append(one)
        elif one.key != "valid" or "/requests/" not in one.path or stage in {"alias", "unknown-id"}:
            label = (stage, one.key, one.method, one.path.split("/")[1])
            counts[label] = counts.get(label, 0) + 1
            if counts[label] <= per_stage:
                kept.append(one)
    return evolve(recording, exchanges=tuple(kept))


def allowed(edit: Edit, original: Trace) -> str | None:
    """Return why the documents allow an edited history, or None if they do not."""
    one = original.recording.exchanges[edit.index]
    request = next(r for r in original.requests if edit.index in r.indices)
    title = schema_for(request)
    if one.key == "other":
        return "what another account sees of a job is not documented"
    if edit.what == "status":
        if one.method == "GET" and one.key in SCENARIO_STATUS:
            return "what a GET gets whose key is refused for POSTs is not documented"
        left_open = (one.probe or "").startswith("open") and edit.value >= 400 and edit.value != 422
        return "with which status such a request is refused is not documented" if left_open else None
    if title == "ErrorMessage" and edit.what == "field":
        left = _object(edit.recording.exchanges[edit.index])
        spoken = any(isinstance(text, str) and text.strip() for text in left.values())
        return "in which fields an error says what was wrong is not on the five pages" if spoken else None
    if request.kind == "alias":
        free = edit.what == "field" or edit.value is DROPPED
        return "of the alias for older clients no page says more than that it leads to the job" if free else None
    if edit.what in {"state", "order"} and one.method == "GET":
        return "it is another order of states that may follow each other" if _in_order(edit, one) else None
    schema = original.contract.document["components"]["schemas"].get(title or "", {})
    if edit.field not in schema.get("properties", {}):
        return "no page names the field"
    if edit.value is DROPPED and edit.field not in schema.get("required", ()):
        return None if (title, edit.field) == ("JobResult", "output") else "the field is optional"
    return None


RANKS: Final = {"QUEUED": 0, "PROCESSING": 1, "COMPLETED": 2, "FAILED": 2}


def _in_order(edit: Edit, one: Exchange) -> bool:
    """Return whether the states of the edited job follow each other as documented, from its responses alone."""
    path = f"/v2/requests/{one.path.split('/')[3]}"
    reads = [read for read in edit.recording.exchanges if read.path.startswith(path) and read.key == one.key]
    gone = [read.status == 404 for read in reads]
    found = [read for read in reads if read.status != 404]
    states = [str(_object(read).get("status")) for read in found]
    ranks = [RANKS.get(state, -1) for state in states]
    results = [_object(read) for read in found if not read.path.endswith("/status") and read.status == 200]
    return (
        gone == sorted(gone)
        and ranks == sorted(ranks)
        and ranks[0] >= 0
        and len({"COMPLETED", "FAILED"} & set(states)) == 1
        and all(("output" in result) == (result.get("status") == "COMPLETED") for result in results)
        and all((read.status == 422) == (state == "FAILED") for read, state in zip(found, states, strict=True))
    )


def _object(one: Exchange) -> Mapping[str, Any]:
    value = one.json
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
