"""Local pictures become data URIs; what is no picture is refused before anything is sent."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from segmind_ltx import ParameterError
from segmind_ltx._core.images import MAX_IMAGE_BYTES
from segmind_ltx._core.parameters import prepare
from segmind_ltx._core.results import VideoFacts

PNG = b"\x89PNG\r\n\x1a\n and more"


def test_a_path_becomes_a_data_uri(tmp_path: Path) -> None:
    path = tmp_path / "boat.png"
    path.write_bytes(PNG)
    request = prepare("ltx-2-19b-i2v", {"prompt": "x", "image": path}).request
    head, _, data = request.image.partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(data) == PNG


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("boat.txt", b"x", "image suffix"),
        ("boat", b"x", "image suffix"),
        ("empty.png", b"", "no bytes"),
        ("large.png", b"x" * (MAX_IMAGE_BYTES + 1), str(MAX_IMAGE_BYTES)),
        ("missing.png", None, "No such file"),
    ],
)
def test_what_cannot_be_sent_as_a_picture_is_refused(
    name: str, content: bytes | None, told: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ParameterError, match=told):
        prepare("ltx-2-pro", {"prompt": "x", "image": path})


def test_a_path_is_a_picture_only_where_a_uri_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="must be a string"):
        prepare("ltx-2-pro", {"prompt": tmp_path / "boat.png"})


def test_a_video_plays_in_a_notebook() -> None:
    there = VideoFacts(request_id="r", model="ltx-2-pro", url='https://images.example.test/a.mp4?x="y"&z')
    here = VideoFacts(request_id="r", model="ltx-2-pro", url=None, content=b"abc", content_type="video/mp4")
    # A notebook calls it by this name.
    shown_there = there._repr_html_()  # pyright: ignore[reportPrivateUsage]
    shown_here = here._repr_html_()  # pyright: ignore[reportPrivateUsage]
    assert 'src="https://images.example.test/a.mp4?x=&quot;y&quot;&amp;z"' in shown_there
    assert 'src="data:video/mp4;base64,YWJj"' in shown_here
