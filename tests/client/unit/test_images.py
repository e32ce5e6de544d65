"""Turn local images into data URIs, and refuse other files before anything is sent."""

from __future__ import annotations

import base64
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
        ("boat.txt", b"x", "image suffix"),
        ("boat", b"x", "image suffix"),
        ("empty.png", b"", "no bytes"),
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
