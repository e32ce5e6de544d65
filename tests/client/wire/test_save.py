"""Save a video: all of it or nothing, under the given name and no other.

More than 250 lines, since every way in which a download can end has its case here.
"""

# respx leaves its calls untyped, and a step takes what the one before it gave.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownLambdaType=false

from __future__ import annotations

import errno
import gzip
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

import segmind_ltx as ltx
from support.callers import Caller

ID = "job-1"
OUT = "https://out.test/a.mp4"
MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 400


def _save(caller: Caller, wire: respx.MockRouter, path: Any, url: str = OUT, **options: Any) -> Any:
    wire.get(f"/v2/requests/{ID}").respond(200, json={"status": "COMPLETED", "output": url})
    return caller(lambda c: c.job(ID).result(), lambda v: v.save(path, **options))


def _refused(caller: Caller, wire: respx.MockRouter, path: Any, url: str = OUT, **options: Any) -> Any:
    with pytest.raises(ltx.DownloadError) as caught:
        _save(caller, wire, path, url, **options)
    assert caught.value.request_id == ID
    assert caught.value.url == url
    return caught.value


def _in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("given", [Path, str])
def test_save_whole_file(caller: Caller, wire: respx.MockRouter, tmp_path: Path, given: Any) -> None:
    """A video is saved whole, and nothing else is left in the folder."""
    wire.get(OUT).respond(200, content=MP4, headers={"content-type": "video/mp4"})
    path = _save(caller, wire, given(tmp_path / "a.mp4"))
    assert path == tmp_path / "a.mp4"
    assert path.read_bytes() == MP4
    assert _in(tmp_path) == ["a.mp4"]


def test_no_partial_file_under_name(caller: Caller, wire: respx.MockRouter, tmp_path: Path) -> None:
    """No partial file ever has the final name."""
    wire.get(OUT).respond(200, content=MP4)
    seen: list[tuple[bool, int, int | None]] = []

    def progress(done: int, total: int | None) -> None:
        seen.append(((tmp_path / "a.mp4").exists(), done, total))

    _save(caller, wire, tmp_path / "a.mp4", progress=progress)
    assert seen[-1] == (False, len(MP4), len(MP4))
    assert not any(existed for existed, _, _ in seen)
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


def test_existing_file_kept(caller: Caller, wire: respx.MockRouter, tmp_path: Path) -> None:
    """An existing file is kept, and nothing is downloaded."""
    route = wire.get(OUT).respond(200, content=MP4)
    (tmp_path / "a.mp4").write_bytes(b"mine")
    error = _refused(caller, wire, tmp_path / "a.mp4")
    assert isinstance(error, ltx.OutputExistsError)
    assert isinstance(error, FileExistsError)
    assert (tmp_path / "a.mp4").read_bytes() == b"mine"
    assert route.call_count == 0


def test_file_created_meanwhile_kept(caller: Caller, wire: respx.MockRouter, tmp_path: Path) -> None:
    """A file that appears during the download is kept."""
    wire.get(OUT).respond(200, content=MP4)
    error = _refused(caller, wire, tmp_path / "a", progress=lambda *_: (tmp_path / "a").write_bytes(b"mine"))
    assert isinstance(error, ltx.OutputExistsError)
    assert (tmp_path / "a").read_bytes() == b"mine"
    assert _in(tmp_path) == ["a"]


def test_file_created_at_last_moment_kept(
    caller: Caller, wire: respx.MockRouter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that appears after the last check is kept."""
    wire.get(OUT).respond(200, content=MP4)
    link = os.link

    def late(source: Path, target: Path) -> None:
        target.write_bytes(b"mine")
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    assert isinstance(_refused(caller, wire, tmp_path / "a.mp4"), ltx.OutputExistsError)
    assert (tmp_path / "a.mp4").read_bytes() == b"mine"
    assert _in(tmp_path) == ["a.mp4"]


def test_disk_without_links(
    caller: Caller, wire: respx.MockRouter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A video is saved whole even if the disk has no hard links."""
    wire.get(OUT).respond(200, content=MP4)

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "not supported")

    monkeypatch.setattr(os, "link", refuse)
    assert _save(caller, wire, tmp_path / "a.mp4").read_bytes() == MP4
    assert _in(tmp_path) == ["a.mp4"]


def test_overwrite(caller: Caller, wire: respx.MockRouter, tmp_path: Path) -> None:
    """With overwrite an existing file is replaced."""
    wire.get(OUT).respond(200, content=MP4)
    (tmp_path / "a.mp4").write_bytes(b"mine")
    _save(caller, wire, tmp_path / "a.mp4", overwrite=True)
    assert (tmp_path / "a.mp4").read_bytes() == MP4


def test_overwrite_after_failed_download(caller: Caller, wire: respx.MockRouter, tmp_path: Path) -> None:
    """With overwrite the old file is kept if the download fails."""
    wire.get(OUT).respond(404)
    (tmp_path / "a.mp4").write_bytes(b"mine")
    _refused(caller, wire, tmp_path / "a.mp4", overwrite=True)
    assert (tmp_path / "a.mp4").read_bytes() == b"mine"
    assert _in(tmp_path) == ["a.mp4"]


BAD: dict[str, tuple[Any, int | None]] = {
    "not there yet, or expired": (httpx.Response(404), 5),
    "expired": (httpx.Response(410), 1),
    "a picture": (httpx.Response(200, content=b"\x89PNG\r\n\x1a\n" + MP4), 5),
    "a picture in ISO media": (httpx.Response(200, content=b"\0\0\0\x18ftypavif" + MP4), 5),
    "an archive": (httpx.Response(200, content=b"PK\x03\x04" + MP4, headers={"content-type": "video/mp4"}), 5),
    "a picture by its type": (httpx.Response(200, content=b"no picture", headers={"content-type": "image/png"}), 5),
    "forbidden": (httpx.Response(403, text="<Error>Request has expired</Error>"), 1),
    "server error": (httpx.Response(500), 5),
    "too many": (httpx.Response(429), 5),
    "refused": (httpx.ConnectError("refused"), 5),
    "reset": (httpx.ReadError("reset"), 5),
    "shorter than announced": (httpx.Response(200, content=MP4, headers={"content-length": "999999"}), 5),
    "longer than announced": (httpx.Response(200, content=MP4, headers={"content-length": "9"}), 5),
    "empty": (httpx.Response(200), 5),
    "a part": (httpx.Response(206, content=MP4), 1),
    "html": (httpx.Response(200, html="<h1>Gone</h1>"), 5),
    "html under a video's type": (
        httpx.Response(200, content=b"<html>Gone</html>", headers={"content-type": "video/mp4"}),
        5,
    ),
    "json": (httpx.Response(200, json={"error": "gone"}), 5),
    "json without a type": (httpx.Response(200, content=b'{"error": "gone"}'), 5),
    "broken gzip": (httpx.Response(200, stream=httpx.ByteStream(MP4), headers={"content-encoding": "gzip"}), 5),
    "whole gzip": (
        httpx.Response(200, stream=httpx.ByteStream(gzip.compress(MP4)), headers={"content-encoding": "gzip"}),
        5,
    ),
    "half of gzip": (
        httpx.Response(200, stream=httpx.ByteStream(gzip.compress(MP4)[:300]), headers={"content-encoding": "gzip"}),
        5,
    ),
    "to itself": (httpx.Response(302, headers={"location": OUT}), 6),
    "to nowhere": (httpx.Response(302), 1),
    "to a file": (httpx.Response(302, headers={"location": "file:///etc/hostname"}), 1),
    "to a script": (httpx.Response(302, headers={"location": "javascript:alert(1)"}), None),
    "to no address": (httpx.Response(302, headers={"location": "http://[bad"}), None),
}


@pytest.mark.parametrize("fault", BAD)
def test_failed_download_leaves_nothing(caller: Caller, wire: respx.MockRouter, tmp_path: Path, fault: str) -> None:
    """A failed download leaves no file."""
    answer, requests = BAD[fault]
    route = wire.get(OUT)
    route.side_effect = lambda request: _raise_or_give(answer, request)  # pyright: ignore[reportUnknownLambdaType]
    _refused(caller, wire, tmp_path / "a.mp4")
    assert _in(tmp_path) == []
    if requests is not None:
        assert route.call_count == requests


def _raise_or_give(answer: Any, _: httpx.Request) -> httpx.Response:
    if isinstance(answer, Exception):
        raise answer
    response: httpx.Response = answer
    return response


@pytest.mark.parametrize("fault", ["server error", "reset", "shorter than announced", "html", "empty"])
def test_download_retried_from_start(caller: Caller, wire: respx.MockRouter, tmp_path: Path, fault: str) -> None:
    """A retried download starts anew, so the file is right."""
    wire.get(OUT).side_effect = [BAD[fault][0], httpx.Response(200, content=MP4)]
    assert _save(caller, wire, tmp_path / "a.mp4").read_bytes() == MP4


@pytest.mark.parametrize(
    "url", ["http://[bad", "https://out.test:99999999/a", "https://a..b/", "http://%/", "https://out.test/%zz"]
)
def test_invalid_video_url(caller: Caller, wire: respx.MockRouter, tmp_path: Path, url: str) -> None:
    """An invalid video URL raises a DownloadError with the request id."""
    wire.get(f"/v2/requests/{ID}").respond(200, json={"status": "COMPLETED", "output": url})
    wire.route(scheme__in=["http", "https"], host__regex=".*", path__regex=".*").respond(404)
    error = caller.raising(ltx.DownloadError, lambda c: c.job(ID).result(), lambda v: v.save(tmp_path / "a.mp4"))
    assert error.request_id == ID
    assert _in(tmp_path) == []


PATHS: dict[str, Any] = {
    "a folder": lambda folder: folder,
    "a missing folder": lambda folder: folder / "no" / "a.mp4",
    "a file for a folder": lambda folder: folder / "file" / "a.mp4",
    "nothing": lambda _: "",
    "the root": lambda _: "/",
    "the parent": lambda folder: folder / "..",
    "a null": lambda folder: f"{folder}/a\0.mp4",
    "a name too long": lambda folder: folder / ("x" * 300),
}


@pytest.mark.parametrize("where", PATHS)
def test_unwritable_path(caller: Caller, wire: respx.MockRouter, tmp_path: Path, where: str) -> None:
    """A path that cannot be written is refused before the download."""
    route = wire.get(OUT).respond(200, content=MP4)
    (tmp_path / "file").write_bytes(b"mine")
    _refused(caller, wire, PATHS[where](tmp_path))
    assert route.call_count == 0
    assert _in(tmp_path) == ["file"]


def test_longest_file_name(caller: Caller, wire: respx.MockRouter, tmp_path: Path) -> None:
    """The longest file name that the disk allows is accepted."""
    wire.get(OUT).respond(200, content=MP4)
    assert _save(caller, wire, tmp_path / ("世" * 84)).read_bytes() == MP4


@pytest.mark.parametrize("error", [RuntimeError("mine"), BrokenPipeError("mine"), KeyboardInterrupt()])
def test_progress_error_raised(caller: Caller, wire: respx.MockRouter, tmp_path: Path, error: BaseException) -> None:
    """An exception of a progress callback ends the download at once."""
    route = wire.get(OUT).respond(200, content=MP4)

    def progress(*_: Any) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        _save(caller, wire, tmp_path / "a.mp4", progress=progress)
    assert caught.value is error
    assert route.call_count == 1
    assert _in(tmp_path) == []


@pytest.mark.linux_only  # macOS and Windows have no /dev/full.
def test_full_disk(caller: Caller, wire: respx.MockRouter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk raises a DownloadError and leaves no file."""
    wire.post("/v1/ltx-video").respond(200, content=MP4, headers={"content-type": "video/mp4"})
    opened = Path.open

    def full(self: Path, *args: Any, **options: Any) -> Any:
        opened(self, *args, **options).close()
        return opened(Path("/dev/full"), "wb")

    monkeypatch.setattr(Path, "open", full)
    steps = (lambda c: c.generate_blocking("ltx-video", prompt="x"), lambda v: v.save(tmp_path / "a.mp4"))
    error = caller.raising(ltx.DownloadError, *steps)
    monkeypatch.undo()
    assert "No space left" in str(error)
    assert _in(tmp_path) == []


@pytest.mark.parametrize(("told", "saved"), [(len(MP4), True), (len(MP4) - 1, True), (-1, True), (len(MP4) + 1, False)])
def test_file_shorter_than_announced(
    caller: Caller, wire: respx.MockRouter, tmp_path: Path, told: int, saved: bool
) -> None:
    """A video with fewer bytes than the job announced is not saved."""
    body = {"status": "COMPLETED", "output": OUT, "video": {"url": OUT, "file_size": told}}
    wire.get(f"/v2/requests/{ID}").respond(200, json=body)
    # Without a length, as from a server that ends a body by closing the connection.
    wire.get(OUT).side_effect = lambda _: httpx.Response(200, stream=httpx.ByteStream(MP4))
    steps = (lambda c: c.job(ID).result(), lambda v: v.save(tmp_path / "a.mp4"))
    if saved:
        assert caller(*steps).read_bytes() == MP4
    else:
        error = caller.raising(ltx.DownloadError, *steps)
        assert f"{len(MP4)} bytes arrived, but the job's result says {told}" in str(error)
        assert _in(tmp_path) == []


def test_download_without_encoding(caller: Caller, wire: respx.MockRouter, tmp_path: Path) -> None:
    """A download asks for no content encoding."""
    wire.get(OUT).respond(200, content=MP4)
    _save(caller, wire, tmp_path / "a.mp4")
    assert wire.calls[-1].request.headers["accept-encoding"] == "identity"


ETAG = {"etag": '"one"', "content-length": str(len(MP4))}
HALF = len(MP4) // 2


def _part(start: int, etag: str = '"one"', body: bytes | None = None) -> httpx.Response:
    rest = MP4[start:] if body is None else body
    headers = {"etag": etag, "content-range": f"bytes {start}-{len(MP4) - 1}/{len(MP4)}"}
    return httpx.Response(206, content=rest, headers={**headers, "content-length": str(len(MP4) - start)})


def _cut(headers: dict[str, str] = ETAG) -> httpx.Response:
    return httpx.Response(200, stream=httpx.ByteStream(MP4[:HALF]), headers=headers)


RESUMED: dict[str, tuple[list[httpx.Response], list[str | None]]] = {
    "the rest": ([_cut(), _part(HALF)], [None, f"bytes={HALF}-"]),
    "the rest in two parts": (
        [_cut(), _part(HALF, body=MP4[HALF:-9]), _part(len(MP4) - 9)],
        [None, f"bytes={HALF}-", f"bytes={len(MP4) - 9}-"],
    ),
    "the whole, since it changed": ([_cut(), httpx.Response(200, content=MP4)], [None, f"bytes={HALF}-"]),
    "another part": ([_cut(), _part(7), httpx.Response(200, content=MP4)], [None, f"bytes={HALF}-", None]),
    "no part": ([_cut(), httpx.Response(416), httpx.Response(200, content=MP4)], [None, f"bytes={HALF}-", None]),
    "no version": ([_cut({"content-length": str(len(MP4))}), httpx.Response(200, content=MP4)], [None, None]),
    "a weak version": ([_cut({**ETAG, "etag": 'W/"one"'}), httpx.Response(200, content=MP4)], [None, None]),
    "a server error between": (
        [_cut(), httpx.Response(503), httpx.Response(200, content=MP4)],
        [None, f"bytes={HALF}-", None],
    ),
}


@pytest.mark.parametrize("case", RESUMED)
def test_save_resumes_after_cut(caller: Caller, wire: respx.MockRouter, tmp_path: Path, case: str) -> None:
    """After a cut only the rest is asked for, if the server names the version; the file is whole in every case."""
    answers, ranges = RESUMED[case]
    route = wire.get(OUT)
    given = iter(answers)
    route.side_effect = lambda _: _again(next(given))
    seen: list[tuple[int, int | None]] = []
    saved = _save(caller, wire, tmp_path / "a.mp4", progress=lambda *done: seen.append(done))
    assert saved.read_bytes() == MP4
    assert [call.request.headers.get("range") for call in route.calls] == ranges
    assert seen[-1] == (len(MP4), len(MP4))


def _again(answer: httpx.Response) -> httpx.Response:
    """Return a copy, since a body can be read once."""
    return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.read()))


def test_save_removes_old_partial_files(caller: Caller, wire: respx.MockRouter, tmp_path: Path) -> None:
    """What a killed program left is removed after a day; other files stay."""
    wire.get(OUT).respond(200, content=MP4)
    for name, age in {".a.mp4.0123abcd.part": 90_000, ".b.mp4.0123abcd.part": 60, ".mine.part": 90_000}.items():
        (tmp_path / name).write_bytes(b"x")
        moment = time.time() - age
        os.utime(tmp_path / name, (moment, moment))
    _save(caller, wire, tmp_path / "a.mp4")
    assert _in(tmp_path) == [".b.mp4.0123abcd.part", ".mine.part", "a.mp4"]


def test_save_ends_at_its_timeout(caller: Caller, wire: respx.MockRouter, tmp_path: Path) -> None:
    """One bound holds for the whole download, with its retries, while every attempt is within its own."""
    wire.get(OUT).respond(503)
    error = _refused(caller, wire, tmp_path / "a.mp4", timeout=1.0)
    assert "within 1 s" in str(error)
    assert caller.clock.now <= 1.0
    wire.get(OUT).side_effect = lambda _: httpx.Response(200, stream=Slow(caller.clock))
    error = _refused(caller, wire, tmp_path / "a.mp4", timeout=50.0)
    assert "did not arrive within 50 s" in str(error)


class Slow(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body without an end, ten kilobytes a second."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock

    def __iter__(self) -> Iterator[bytes]:
        yield MP4[:16]
        while True:
            self._clock.now += 1
            yield bytes(10_000)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk
