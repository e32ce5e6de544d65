"""What the next attempt at a download asks for: the rest of the same file, or the whole."""

from __future__ import annotations

import pytest

from segmind_ltx._core.download import _rest  # pyright: ignore[reportPrivateUsage]
from segmind_ltx._core.effects import NoResponse, Response, Resume
from segmind_ltx.errors import DownloadError

VIDEO = b"\x00\x00\x00\x18ftypmp42"
HEADERS = {"content-type": "video/mp4", "content-length": "100", "etag": '"a"'}


class File:
    """A file with so many bytes."""

    request_id: str | None = None

    def __init__(self, size: int = 40, head: bytes = VIDEO) -> None:
        self._size, self._head = size, head

    def restart(self) -> None:
        raise NotImplementedError

    def size(self) -> int:
        return self._size

    def head(self) -> bytes:
        return self._head

    def error(self, message: str) -> DownloadError:
        return DownloadError(message)

    def raise_if_stopped(self) -> None:
        raise NotImplementedError


BEFORE = Resume(30, '"a"', File().restart)


def rest(
    headers: dict[str, str] | None = None,
    *,
    status: int = 200,
    truncated: str | None = "cut off",
    size: int = 40,
    head: bytes = VIDEO,
    before: Resume | None = None,
) -> tuple[int, str] | None:
    named = {name: value for name, value in (HEADERS | (headers or {})).items() if value}
    found = _rest(Response(status, named, b"", truncated), File(size, head), before)
    return found and (found.offset, found.validator)


def test_rest_of_a_video_that_was_cut_off() -> None:
    """It goes on where the file ends, and only if the file is still the same."""
    assert rest() == (40, '"a"')
    assert rest(status=206, before=BEFORE) == (40, '"a"')


def test_rest_by_date() -> None:
    """Without a strong ETag the date names the version; without both the whole file is asked for."""
    date = "Thu, 26 Nov 2026 12:00:00 GMT"
    assert rest({"etag": "", "last-modified": date}) == (40, date)
    assert rest({"etag": 'W/"a"', "last-modified": date}) == (40, date)
    assert rest({"etag": 'W/"a"'}) is None
    assert rest({"etag": ""}) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"truncated": None},
        {"status": 503},
        {"status": 204},
        {"head": b"<html>"},
        {"headers": {"content-encoding": "gzip"}},
        {"headers": {"content-length": ""}},
        {"headers": {"content-length": "x"}},
        {"headers": {"content-length": "0"}, "size": 1},
        {"headers": {"content-length": "1" * 20}},
        {"size": 0},
        {"size": 100},
        {"size": 101},
        {"headers": {"content-type": "text/html"}},
    ],
    ids=str,
)
def test_whole_file_if_the_rest_cannot_be_trusted(changes: dict[str, object]) -> None:
    """No two versions, and no page of an error, are joined to one file."""
    assert rest(**changes) is None  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("status", "length", "size", "goes_on"),
    [
        (206, "70", 99, True),
        (206, "70", 100, False),
        (200, "70", 69, True),
        (200, "70", 70, False),
        (206, "1", 31, False),
    ],
)
def test_rest_counts_from_its_own_begin(status: int, length: str, size: int, goes_on: bool) -> None:
    """A 206 announces the length of the rest, a 200 that of the whole file."""
    found = rest({"content-length": length}, status=status, size=size, before=BEFORE)
    assert (found is not None) is goes_on


@pytest.mark.parametrize(("size", "offset"), [(1, 1), (99, 99)])
def test_rest_of_one_byte_and_after_one(size: int, offset: int) -> None:
    """A file with one byte is gone on with, and so is one that lacks one; a long length is still a number."""
    assert rest(size=size) == (offset, '"a"')
    assert rest({"content-length": "1" * 19}, size=size) == (offset, '"a"')


def test_no_response_changes_nothing() -> None:
    """What was asked for before is asked for again."""
    lost = NoResponse("cut", sent=True)
    assert _rest(lost, File(), BEFORE) is BEFORE
    assert _rest(lost, File(), None) is None
