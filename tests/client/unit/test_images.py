"""Turn local images into data URIs, and refuse other files before anything is sent."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from segmind_ltx import ParameterError
from segmind_ltx._core.images import MAX_IMAGE_BYTES
from segmind_ltx._core.parameters import prepare
from segmind_ltx._core.results import VideoFacts

PNG = b"\x89PNG\r\n\x1a\n and more"


def test_path_becomes_data_uri(tmp_path: Path) -> None:
    """A path to an image is sent as a data URI."""
    path = tmp_path / "boat.png"
    path.write_bytes(PNG)
    request = prepare("ltx-2-19b-i2v", {"prompt": "x", "image": path}).request
    head, _, data = request.image.partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(data) == PNG


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("boat.png", b" <html>", "is text, not an image"),
        ("boat.txt", b"x", "image suffix"),
        ("boat", b"x", "image suffix"),
        ("empty.png", b"", "is empty"),
        ("large.png", b"x" * (MAX_IMAGE_BYTES + 1), str(MAX_IMAGE_BYTES)),
        ("missing.png", None, "No such file"),
    ],
)
def test_unusable_image_refused(name: str, content: bytes | None, told: str, tmp_path: Path) -> None:
    """A file that cannot be sent as an image is refused, with the reason."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ParameterError, match=told):
        prepare("ltx-2-pro", {"prompt": "x", "image": path})


def test_path_for_text_parameter(tmp_path: Path) -> None:
    """A path is accepted only if the parameter takes a URI."""
    with pytest.raises(ParameterError, match="must be a string"):
        prepare("ltx-2-pro", {"prompt": tmp_path / "boat.png"})


def test_video_in_notebook() -> None:
    """A notebook shows a video from its URL or from its bytes."""
    there = VideoFacts(request_id="r", model="ltx-2-pro", url='https://images.example.test/a.mp4?x="y"&z')
    here = VideoFacts(request_id="r", model="ltx-2-pro", url=None, content=b"abc", content_type="video/mp4")
    # A notebook calls it by this name.
    shown_there = there._repr_html_()  # pyright: ignore[reportPrivateUsage]
    shown_here = here._repr_html_()  # pyright: ignore[reportPrivateUsage]
    assert 'src="https://images.example.test/a.mp4?x=&quot;y&quot;&amp;z"' in shown_there
    assert 'src="data:video/mp4;base64,YWJj"' in shown_here


TYPES = {
    "a.webp": (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
    "a.WEBP": (b"x", "image/webp"),
    "wrong.png": (b"\xff\xd8\xff\xe0", "image/jpeg"),
    "no-suffix": (PNG, "image/png"),
    "a.avif": (b"\0\0\0\x1cftypavif", "image/avif"),
    "a.svg": (b"<svg/>", "image/svg+xml"),
    "shot-12:30.png": (PNG, "image/png"),
}


@pytest.mark.parametrize("name", TYPES)
def test_image_type_without_system_table(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The type comes from the first bytes, else from our own table of suffixes, on every system."""

    def guess_nothing(*_: object) -> tuple[None, None]:
        return None, None

    monkeypatch.setattr("mimetypes.guess_type", guess_nothing)
    content, media_type = TYPES[name]
    (tmp_path / name).write_bytes(content)
    request = prepare("ltx-2-pro", {"prompt": "x", "image": tmp_path / name}).request
    assert request.image.startswith(f"data:{media_type};base64,")


NO_ADDRESSES = [
    "shot-12:30.png",
    r"C:\a.png",
    "file:///a.png",
    "localhost:8000/a.png",
    "ftp://a.b/c.png",
    "https:a.png",
]


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_colon_makes_no_address(text: str) -> None:
    """Only http, https and data are addresses; other texts with a colon are refused before anything is sent."""
    with pytest.raises(ParameterError, match="is not a URI"):
        prepare("ltx-2-pro", {"prompt": "x", "image": text})


@pytest.mark.parametrize("text", ["http://localhost:8000/a.png", "HTTPS://a.b/c", "data:image/png;base64,AAAA"])
def test_addresses_are_sent(text: str) -> None:
    """The three kinds of addresses are sent as they are."""
    assert prepare("ltx-2-pro", {"prompt": "x", "image": text}).request.image == text


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_image_is_no_regular_file(tmp_path: Path, kind: str) -> None:
    """A pipe, a device or a folder is refused at once; reading it could take for ever."""
    path = tmp_path / "a.png"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(ParameterError, match=r"not a regular file|Is a directory"):
        prepare("ltx-2-pro", {"prompt": "x", "image": path})
