"""The exception tree: drawn as it is, and every class of it survives pickle and copy."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

import segmind_ltx as ltx
from segmind_ltx import errors
from segmind_ltx.compat import InferenceFailed, InferenceTimeout


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
    "RateLimitedError": {"reset_at": datetime(2030, 1, 1, tzinfo=UTC)},
    "WaitTimeoutError": {"elapsed": 3.5, "state": "QUEUED"},
    "InferenceTimeout": {"elapsed": 3.5, "state": "QUEUED"},
    "JobNotFinishedError": {"state": "PROCESSING"},
    "SubmitUncertainError": {"usd_low": 0.3, "usd_high": 2.0},
    "DownloadError": {"url": "https://out.test/a"},
    "OutputExistsError": {"url": "https://out.test/a"},
}
ABOUT: dict[str, Any] = {"request_id": "job-1", "model": "ltx-video", "status": 418, "detail": "d", "body": {"a": [1]}}


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, _pickled])
@pytest.mark.parametrize("kind", ALL)
def test_an_exception_survives_pickle_and_copy(kind: type[errors.SegmindLtxError], way: Any) -> None:
    error = kind("what happened", **ABOUT)
    for name, value in EXTRA.get(kind.__name__, {}).items():
        setattr(error, name, value)
    other = way(error)
    assert type(other) is kind
    assert vars(other) == vars(error)
    assert (str(other), other.args) == (str(error), error.args)
    for name, value in {**ABOUT, **EXTRA.get(kind.__name__, {})}.items():
        assert getattr(other, name) == value


def test_the_tree_in_the_docstring_is_the_real_one() -> None:
    lines = re.findall(r"^    ([│ ├└─]*)(\w+Error)\b( \((\w+)\))?", errors.__doc__ or "", re.MULTILINE)
    path: list[str] = []
    drawn: dict[str, set[str]] = {}
    for indent, name, _, second in lines:
        depth = len(indent) // 4
        path[depth:] = [name]
        drawn[name] = {path[depth - 1] if depth else "Exception", *([second] if second else [])}
    real = {kind.__name__: {base.__name__ for base in kind.__bases__} for kind in DRAWN}
    assert drawn == real


def test_the_statuses_in_the_docstring_are_the_ones_that_give_the_class() -> None:
    told = re.findall(r"(\w+Error)\s+(\d{3})\b", errors.__doc__ or "")
    classes = {name: int(status) for name, status in told if name != "JobFailedError"}
    assert len(classes) == 10
    assert {name: errors.class_for_status(status).__name__ for name, status in classes.items()} == {
        name: name for name in classes
    }


@pytest.mark.parametrize("status", range(400, 600))
def test_every_error_status_has_a_class(status: int) -> None:
    kind = errors.class_for_status(status)
    assert issubclass(kind, errors.ServerError if status >= 500 else errors.ApiStatusError)
    assert not issubclass(kind, errors.ServerError) or status >= 500


def test_every_class_is_public_and_documented() -> None:
    assert {kind.__name__ for kind in DRAWN} <= set(vars(ltx)["__all__"])
    assert [kind.__name__ for kind in ALL if not kind.__doc__] == []


@pytest.mark.parametrize("kind", ALL)
def test_the_id_shows_in_the_words_even_where_it_came_later(kind: type[errors.SegmindLtxError]) -> None:
    error = kind("what happened")
    assert str(error) == "what happened"
    error.request_id = "job-1"
    assert "job-1" in str(error)
    assert str(kind("job-1 fell over", request_id="job-1")).count("job-1") == 1


def test_they_are_what_python_calls_such_things() -> None:
    assert issubclass(ltx.WaitTimeoutError, TimeoutError)
    assert issubclass(ltx.NoAnswerError, ConnectionError)
    assert issubclass(ltx.ParameterError, ValueError)
    assert issubclass(ltx.OutputExistsError, FileExistsError)
    assert issubclass(InferenceFailed, ltx.JobFailedError)
    assert issubclass(InferenceTimeout, ltx.WaitTimeoutError)
