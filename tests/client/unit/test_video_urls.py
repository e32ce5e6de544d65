"""Find the address of a video in a response, whatever the form of its output."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segmind_ltx import errors
from segmind_ltx._core.answers import parse_result, video_of_call, video_of_job
from segmind_ltx._core.effects import Call, Response

ID, URL = "job-1", "https://out.test/a.mp4"
CALL = Call("GET", "/v2/requests/job-1", 30.0)
PAID = Call("POST", "/v2/ltx-2-pro", 60.0)
FILE: dict[str, Any] = {"url": "https://out.test/b.mp4", "content_type": "video/mp4", "file_size": 4096}


def reply(body: object) -> Response:
    return Response(200, {}, json.dumps(body).encode())


ORIGIN = "https://api.test"
URL_PLACES: dict[str, tuple[dict[str, Any], str | None]] = {
    "output": ({"output": URL, "video": FILE}, URL),
    "a text in the file's place": ({"video": URL}, URL),
    "the file's": ({"video": FILE}, FILE["url"]),
    "the file's, where the output is none": ({"output": "done", "video": FILE}, FILE["url"]),
    "the first that is one": ({"output": [None, 7, "x", URL, "https://out.test/c"]}, URL),
    "none in an empty list": ({"output": []}, None),
    "with space around": ({"output": f" {URL}\n"}, URL),
    "http in capitals": ({"output": "HTTP://OUT.test/a"}, "HTTP://OUT.test/a"),
    "a host alone": ({"output": "https://o"}, "https://o"),
    "no host": ({"output": "https:///a"}, None),
    "a space within": ({"output": "https://out.test/a b"}, None),
    "a control character within": ({"output": "https://out.test/a\x7fb"}, None),
    "a control character at once": ({"output": "https://\x1fb"}, None),
    "another scheme": ({"output": "ftp://out.test/a"}, None),
    "something before it": ({"output": "see https://out.test/a"}, None),
    "a lone surrogate": ({"output": "https://out.test/\ud800"}, None),
    "an object": ({"output": {"url": URL}}, URL),
    "an object in a list": ({"output": [{"seed": 1, "video": {"uri": URL}}]}, URL),
    "an object without an address": ({"output": {"name": URL}}, None),
    "an object within itself, too deep": ({"output": [[[[URL]]]]}, None),
    "a path below the origin": ({"output": "/outputs/a.mp4"}, "https://api.test/outputs/a.mp4"),
    "a path without its scheme": ({"output": "//out.test/a"}, None),
}


@pytest.mark.parametrize("case", URL_PLACES)
def test_video_url_places(case: str) -> None:
    """A video's URL is the first valid http(s) address, and without one the response is unexpected."""
    body, url = URL_PLACES[case]
    if url is None:
        with pytest.raises(errors.UnexpectedResponseError, match="no output is named"):
            parse_result(reply({"status": "COMPLETED", **body}), CALL, ID)
        with pytest.raises(errors.UnexpectedResponseError, match="neither a video nor its location"):
            video_of_call(reply(body), PAID, "ltx-2-pro")
    else:
        assert video_of_job(parse_result(reply({"status": "COMPLETED", **body}), CALL, ID), ID, None, ORIGIN).url == url
        assert video_of_call(reply(body), PAID, "ltx-2-pro", ORIGIN).url == url
