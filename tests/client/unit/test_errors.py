"""Check the exception tree: its drawing, pickle and copy, and the facts in its messages.

More than 250 lines, since every class of the tree has its cases here.
"""

# respx leaves its calls untyped, and a step takes what the one before it gave.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownLambdaType=false

from __future__ import annotations

import copy
import logging
import pickle
import re
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

import segmind_ltx as ltx
from segmind_ltx import errors
from segmind_ltx.compat import InferenceFailed, InferenceTimeout
from segmind_ltx.ledger import Ledger
from support.callers import Caller


def _tree(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    yield kind
    for sub in kind.__subclasses__():
        yield from _tree(sub)


def _pickled(error: errors.SegmindLtxError) -> Any:
    return pickle.loads(pickle.dumps(error))  # noqa: S301 - our own


ALL = [
    kind for kind in _tree(errors.SegmindLtxError) if kind.__module__ in {"segmind_ltx.errors", "segmind_ltx.compat"}
]
DRAWN = [kind for kind in ALL if kind.__module__ == "segmind_ltx.errors"]
EXTRA: dict[str, dict[str, Any]] = {
    "ParameterError": {"problems": ("a", "b")},
    "RateLimitError": {"reset_at": datetime(2030, 1, 1, tzinfo=UTC)},
    "WaitTimeoutError": {"elapsed": 3.5, "state": "QUEUED"},
    "InferenceTimeout": {"elapsed": 3.5, "state": "QUEUED"},
    "JobNotFinishedError": {"state": "PROCESSING"},
    "SubmitUncertainError": {"usd_low": 0.3, "usd_high": 2.0},
    "DownloadError": {"url": "https://out.test/a"},
    "OutputExistsError": {"url": "https://out.test/a"},
}
ABOUT: dict[str, Any] = {"request_id": "job-1", "model": "ltx-video", "status": 418, "detail": "d", "body": {"a": [1]}}


@pytest.mark.parametrize("kind", ALL)
def test_error_pickle_and_copy(kind: type[errors.SegmindLtxError]) -> None:
    """An exception keeps its class, message and attributes through pickle and copy."""
    error = kind("what happened", **ABOUT)
    for name, value in EXTRA.get(kind.__name__, {}).items():
        setattr(error, name, value)
    for way in (copy.copy, copy.deepcopy, _pickled):
        other = way(error)
        assert type(other) is kind
        assert vars(other) == vars(error)
        assert (str(other), other.args) == (str(error), error.args)
        for name, value in {**ABOUT, **EXTRA.get(kind.__name__, {})}.items():
            assert getattr(other, name) == value


def test_tree_in_docstring() -> None:
    """The tree in the module's docstring is the real one."""
    lines = re.findall(r"^    ([│ ├└─]*)(\w+Error)\b( \((\w+)\))?", errors.__doc__ or "", re.MULTILINE)
    path: list[str] = []
    drawn: dict[str, set[str]] = {}
    for indent, name, _, second in lines:
        depth = len(indent) // 4
        path[depth:] = [name]
        drawn[name] = {path[depth - 1] if depth else "Exception", *([second] if second else [])}
    real = {kind.__name__: {base.__name__ for base in kind.__bases__} for kind in DRAWN}
    assert drawn == real


def test_statuses_in_docstring() -> None:
    """The statuses in the docstring map to the classes beside them."""
    told = re.findall(r"(\w+Error)\s+(\d{3})\b", errors.__doc__ or "")
    classes = {name: int(status) for name, status in told if name != "JobFailedError"}
    assert len(classes) == 10
    assert {name: errors.class_for_status(status).__name__ for name, status in classes.items()} == {
        name: name for name in classes
    }


def test_class_of_every_status() -> None:
    """Every status from 400 to 599 has a class, and a server error if and only if it is 5xx."""
    kinds = {status: errors.class_for_status(status) for status in range(400, 600)}
    assert all(issubclass(kind, errors.APIStatusError) for kind in kinds.values())
    assert [status for status, kind in kinds.items() if issubclass(kind, errors.ServerError)] == list(range(500, 600))


def test_error_classes_public() -> None:
    """Every exception class is exported and has a docstring."""
    assert {kind.__name__ for kind in DRAWN} <= set(vars(ltx)["__all__"])
    assert [kind.__name__ for kind in ALL if not kind.__doc__] == []


@pytest.mark.parametrize("kind", ALL)
def test_error_shows_request_id(kind: type[errors.SegmindLtxError]) -> None:
    """The message shows the request id once, even if it was set after construction."""
    error = kind("what happened")
    assert str(error) == "what happened"
    error.request_id = "job-1"
    assert "job-1" in str(error)
    assert str(kind("job-1 fell over", request_id="job-1")).count("job-1") == 1


def test_error_builtin_bases() -> None:
    """Errors derive from the matching built-in exceptions."""
    assert issubclass(ltx.WaitTimeoutError, TimeoutError)
    assert issubclass(ltx.APIConnectionError, ConnectionError)
    assert issubclass(ltx.ParameterError, ValueError)
    assert issubclass(ltx.OutputExistsError, FileExistsError)
    assert issubclass(InferenceFailed, ltx.JobFailedError)
    assert issubclass(InferenceTimeout, ltx.WaitTimeoutError)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (399, "APIStatusError"),
        (400, "BadRequestError"),
        (401, "AuthenticationError"),
        (402, "APIStatusError"),
        (403, "PermissionDeniedError"),
        (404, "NotFoundError"),
        (405, "APIStatusError"),
        (406, "InsufficientCreditsError"),
        (410, "ModelRetiredError"),
        (422, "APIStatusError"),
        (429, "RateLimitError"),
        (499, "APIStatusError"),
        (500, "InternalServerError"),
        (501, "ServerError"),
        (502, "BadGatewayError"),
        (503, "ServerError"),
        (504, "GatewayTimeoutError"),
        (599, "ServerError"),
    ],
)
def test_class_of_named_statuses(status: int, kind: str) -> None:
    """A documented status has its own class, any other the general one."""
    assert errors.class_for_status(status).__name__ == kind


def test_error_defaults() -> None:
    """Attributes default to None, or to nothing, if they are not given."""
    assert errors.ParameterError("x").problems == ()
    assert errors.RateLimitError("x").reset_at is None
    assert errors.JobNotFinishedError("x").state is None
    assert (errors.WaitTimeoutError("x").state, errors.WaitTimeoutError("x").elapsed) == (None, 0.0)
    assert (errors.SubmitUncertainError("x").usd_low, errors.SubmitUncertainError("x").usd_high) == (None, None)
    assert errors.DownloadError("x").url is None


ID = "job-1"
STATUS, RESULT = f"/v2/requests/{ID}/status", f"/v2/requests/{ID}"
AGAIN = (
    "It goes on: wait for it again with client.job('job-1').wait(). Do not submit it again, that is a second charge."
)


def test_wait_timeout_message(caller: Caller, wire: respx.MockRouter) -> None:
    """A wait timeout says how to continue without paying twice."""
    wire.get(STATUS).respond(200, json={"status": "QUEUED"})
    error = caller.raising(ltx.WaitTimeoutError, lambda c: c.job(ID).wait(timeout=2))
    assert str(error) == f"job job-1 was still QUEUED after 2.0 s. {AGAIN}"
    assert (error.state, error.elapsed) == ("QUEUED", 2.0)


def test_wait_timeout_names_last_failure(caller: Caller, wire: respx.MockRouter) -> None:
    """A wait timeout names the last failed poll."""
    wire.get(STATUS).respond(503)
    error = caller.raising(ltx.WaitTimeoutError, lambda c: c.job(ID).wait(timeout=0.2))
    last = f"GET {STATUS} was answered 503: no message. "
    assert str(error).startswith(f"job job-1 was still in an unknown state after 0.2 s. The last poll failed: {last}")
    assert str(error).endswith(AGAIN)


def test_read_without_response(caller: Caller, wire: respx.MockRouter) -> None:
    """A read without a response names the call and the cause."""
    wire.get(RESULT).side_effect = httpx.ReadError("reset")
    error = caller.raising(ltx.APIConnectionError, lambda c: c.job(ID).result())
    assert (error.request_id, str(error)) == (ID, f"GET {RESULT} got no response: ReadError: reset")


def test_result_not_finished_message(caller: Caller, wire: respx.MockRouter) -> None:
    """The result of a running job raises an error with its state."""
    wire.get(RESULT).respond(200, json={"status": "QUEUED"})
    error = caller.raising(ltx.JobNotFinishedError, lambda c: c.job(ID).result())
    assert str(error) == "job job-1 is QUEUED; wait for it with job.wait()"
    assert (error.request_id, error.state, error.body) == (ID, "QUEUED", {"status": "QUEUED"})


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_unsent_call_is_free(caller: Caller, wire: respx.MockRouter, version: str) -> None:
    """If a paid call was never sent, the error says that nothing is billed."""
    wire.post(f"/{version}/ltx-2-pro").side_effect = httpx.ConnectError("refused")
    error = caller.raising(ltx.APIConnectionError, lambda c: _pay(c, version, "ltx-2-pro"))
    assert str(error) == f"POST /{version}/ltx-2-pro was not sent: ConnectError: refused. Nothing is billed."
    assert error.model == "ltx-2-pro"


@pytest.mark.parametrize(("model", "price"), [("ltx-2-fast", "0.3 to 2"), ("ltx-video", "0.057")])
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_lost_response_names_price(
    caller: Caller, wire: respx.MockRouter, version: str, model: str, price: str
) -> None:
    """If the response is lost, the error gives the price range and says that it was not repeated."""
    wire.post(f"/{version}/{model}").side_effect = httpx.ReadError("reset")
    error = caller.raising(ltx.SubmitUncertainError, lambda c: _pay(c, version, model))
    assert str(error) == (
        f"the response to POST /{version}/{model} was lost: ReadError: reset. A job may exist and cost about {price} "
        "USD; it was not sent again, since that may pay twice. "
        "Look at the requests or the credits of your account first."
    )
    assert (error.model, f"{error.usd_low:g}") == (model, price.split()[0])


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_paid_call_named_in_error(caller: Caller, wire: respx.MockRouter, version: str) -> None:
    """Whatever goes wrong with a paid call, the error names the call and the model."""
    route = wire.post(f"/{version}/ltx-2-pro").respond(200, text="?")
    error = caller.raising(ltx.UnexpectedResponseError, lambda c: _pay(c, version, "ltx-2-pro"))
    assert f"POST /{version}/ltx-2-pro" in str(error)
    assert error.model == "ltx-2-pro"
    route.respond(400, json={"error": "no"})
    error = caller.raising(ltx.BadRequestError, lambda c: _pay(c, version, "ltx-2-pro"))
    assert str(error) == f"POST /{version}/ltx-2-pro was answered 400: no. Nothing was billed; correct the request."
    assert error.model == "ltx-2-pro"
    route.side_effect = MemoryError("mine")
    error = caller.raising(MemoryError, lambda c: _pay(c, version, "ltx-2-pro"))
    assert error.__notes__ == [
        "segmind-ltx: a paid call to ltx-2-pro was interrupted; a job may exist, and be billed. "
        "Look into your account before you submit it again."
    ]


def test_invalid_timeout_named(caller: Caller) -> None:
    """An invalid timeout is refused by name and value."""
    error = caller.raising(ltx.ParameterError, lambda c: c.generate_blocking("ltx-video", prompt="x", timeout=-1))
    assert str(error).startswith("timeout=-1 is not a time in seconds")


@pytest.mark.parametrize("take", [lambda job: job.result(), lambda job: job.wait()], ids=["result", "wait"])
def test_ledger_states_of_calls(caller: Caller, wire: respx.MockRouter, tmp_path: Path, take: Any) -> None:
    """The ledger records what became of each paid call."""
    done = {"status": "COMPLETED", "output": "https://out.test/a", "metrics": {"cost": 0.5}}
    wire.post("/v1/ltx-video").side_effect = [httpx.Response(200, json=done), httpx.Response(400)]
    accepted = [httpx.Response(200, json={"request_id": name}) for name in "abc"]
    wire.post("/v2/ltx-video").side_effect = [httpx.Response(400), *accepted]
    for path in ("/v2/requests/a", "/v2/requests/a/status"):
        wire.get(path).respond(200, json=done)
    for path in ("/v2/requests/b", "/v2/requests/b/status"):
        wire.get(path).respond(422, json={"status": "FAILED", "error": "blocked"})
    for path in ("/v2/requests/c", "/v2/requests/c/status"):
        wire.get(path).respond(404, json={"error": "unknown"})
    ledger = Ledger(tmp_path / "jobs.sqlite")
    caller(lambda c: _pay(c, "v1", "ltx-video"), ledger=ledger)
    caller.raising(ltx.BadRequestError, lambda c: _pay(c, "v1", "ltx-video"), ledger=ledger)
    caller.raising(ltx.BadRequestError, lambda c: _pay(c, "v2", "ltx-video"), ledger=ledger)
    caller(lambda c: _pay(c, "v2", "ltx-video"), take, ledger=ledger)
    caller.raising(ltx.JobFailedError, lambda c: _pay(c, "v2", "ltx-video"), take, ledger=ledger)
    caller(lambda c: _pay(c, "v2", "ltx-video"), ledger=ledger)
    _age(ledger, "c")
    caller.raising(ltx.NotFoundError, lambda c: take(c.job("c")), ledger=ledger)
    entries = ledger.entries()
    assert [(entry.state, entry.request_id, entry.cost) for entry in entries] == [
        ("answered", None, None),
        ("refused", None, None),
        ("refused", None, None),
        ("completed", "a", 0.5),
        ("failed", "b", None),
        ("gone", "c", None),
    ]
    assert {(entry.model, entry.base_url) for entry in entries} == {("ltx-video", "https://api.example.test")}
    assert [entry.request for entry in entries] == [{"prompt": "x"}] * 6
    ledger.close()


def _age(ledger: Ledger, request_id: str) -> None:
    """Let the submit of a job be two hours ago, so that its result has expired."""
    with sqlite3.connect(ledger.path) as file:
        file.execute("UPDATE jobs SET begun = begun - 7200 WHERE request_id = ?", (request_id,))
    file.close()


def _pay(client: Any, version: str, model: str) -> Any:
    return (client.generate_blocking if version == "v1" else client.submit)(model, prompt="x")


def test_log_of_job(caller: Caller, wire: respx.MockRouter, caplog: pytest.LogCaptureFixture) -> None:
    """The log follows a job from its submit to its result."""
    wire.post("/v2/ltx-video").respond(200, json={"request_id": ID})
    words = ["QUEUED", "PROCESSING", "WARMING", "COMPLETED", "COMPLETED"]
    wire.get(STATUS).side_effect = [httpx.Response(200, json={"status": word}) for word in words]
    done = {"status": "COMPLETED", "output": "https://out.test/a.mp4"}
    wire.get(RESULT).side_effect = [httpx.Response(200, json={"status": "QUEUED"}), httpx.Response(200, json=done)]
    seen: list[Any] = []
    with caplog.at_level(logging.DEBUG, "segmind_ltx"):
        caller(lambda c: c.submit("ltx-video", prompt="x"), lambda job: job.wait(on_status=seen.append))
    told = [(record.levelname, record.getMessage()) for record in caplog.records if " -> " not in record.getMessage()]
    assert told == [
        ("INFO", "submitted job job-1 to ltx-video"),
        ("DEBUG", "job job-1 is QUEUED"),
        ("DEBUG", "job job-1 is PROCESSING"),
        ("WARNING", "job job-1 has the state 'WARMING', which the documents do not name; polling continues"),
        ("DEBUG", "job job-1 is COMPLETED"),
        ("WARNING", "job job-1 is QUEUED; wait for it with job.wait(), though its status said COMPLETED"),
    ]
    states = ["QUEUED", "PROCESSING", "WARMING", "COMPLETED"]
    assert [(status.request_id, status.state) for status in seen] == [(ID, state) for state in states]


def test_log_of_failed_job(caller: Caller, wire: respx.MockRouter, caplog: pytest.LogCaptureFixture) -> None:
    """The log records a failed state."""
    wire.get(STATUS).respond(422, json={"status": "FAILED", "error": "blocked"})
    with caplog.at_level(logging.DEBUG, "segmind_ltx"):
        caller.raising(ltx.JobFailedError, lambda c: c.job(ID).wait())
    told = [(record.levelname, record.getMessage()) for record in caplog.records if " -> " not in record.getMessage()]
    assert told == [("DEBUG", "job job-1 is FAILED")]


def test_log_of_blocking_call(caller: Caller, wire: respx.MockRouter, caplog: pytest.LogCaptureFixture) -> None:
    """The log names the request id of a blocking call."""
    wire.post("/v1/ltx-video").respond(200, json={"output": "https://out.test/a"}, headers={"x-request-id": "v1-1"})
    with caplog.at_level(logging.INFO, "segmind_ltx"):
        caller(lambda c: c.generate_blocking("ltx-video", prompt="x"))
    assert [record.getMessage() for record in caplog.records if " -> " not in record.getMessage()] == [
        "job v1-1: ltx-video answered a blocking call"
    ]


def test_status_has_all_fields(caller: Caller, wire: respx.MockRouter) -> None:
    """A status carries every field of the response, and the body itself."""
    figures = {"queue_time": 1.5, "inference_time": 30, "total_time": 31.5}
    body = {"status": "FAILED", "error": "blocked", "metrics": figures}
    wire.get(STATUS).respond(200, json=body)
    seen = caller(lambda c: c.job(ID).status())
    assert {name: getattr(seen, name) for name in figures} == figures
    assert (seen.request_id, seen.state, seen.detail, seen.raw) == (ID, "FAILED", "blocked", body)
