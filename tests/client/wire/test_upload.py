"""Upload an image to the vendor's asset store, which is another host, and gets the key on that request alone."""

# respx leaves its calls untyped, and a step takes what the one before it gave.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownLambdaType=false

from __future__ import annotations

import json
from operator import methodcaller
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

import segmind_ltx as ltx
from support.callers import KEY, Caller

STORE = "https://workflows-api.segmind.com/upload-asset"
ADDRESS = "https://images.segmind.com/assets/a.png"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(PNG)
    return path


def test_upload_sends_a_data_uri(caller: Caller, wire: respx.MockRouter, image: Path) -> None:
    """The store gets the key and the image, none of the caller's own headers, and its address is returned."""
    route = wire.post(STORE).respond(200, json={"file_urls": [ADDRESS], "message": "ok"})
    found = caller(
        lambda client: client.upload(image), base_url="https://api.segmind.com", headers={"x-tenant": "secret"}
    )
    assert found == ADDRESS
    request = route.calls.last.request
    assert request.headers["x-api-key"] == KEY
    assert "x-tenant" not in request.headers
    (uri,) = json.loads(request.content)["data_urls"]
    assert uri.startswith("data:image/png;base64,")


def test_upload_stays_at_another_base_url(caller: Caller, wire: respx.MockRouter, image: Path) -> None:
    """A gateway or a sandbox stands for the store as well: the key goes to no host that was not named."""
    wire.post("https://api.example.test/upload-asset").respond(200, json={"file_urls": [ADDRESS]})
    assert caller(lambda client: client.upload(str(image))) == ADDRESS


@pytest.mark.parametrize(
    ("answers", "raised"),
    [
        ([httpx.Response(503), httpx.Response(200, json={"file_urls": [ADDRESS]})], None),
        ([httpx.ConnectError("no route"), httpx.Response(200, json={"file_urls": [ADDRESS]})], None),
        ([httpx.Response(401, json={"error": "unknown key"})], ltx.AuthenticationError),
        ([httpx.Response(413, text="too large")], ltx.APIStatusError),
        ([httpx.Response(200, json={"file_urls": []})], ltx.UnexpectedResponseError),
        ([httpx.Response(200, json={"file_urls": ["no address"]})], ltx.UnexpectedResponseError),
        ([httpx.Response(200, json={"file_urls": ADDRESS})], ltx.UnexpectedResponseError),
        ([httpx.Response(200, text="<html>")], ltx.UnexpectedResponseError),
        ([httpx.Response(302, headers={"location": "https://elsewhere.test/"})], ltx.UnexpectedResponseError),
        ([httpx.ConnectError("no route")] * 9, ltx.APIConnectionError),
    ],
)
def test_upload_answered_otherwise(
    caller: Caller, wire: respx.MockRouter, image: Path, answers: list[Any], raised: type[Exception] | None
) -> None:
    """What may pass is tried again, since nothing is billed; anything else is one of the client's own exceptions."""
    wire.post("https://api.example.test/upload-asset").mock(side_effect=answers)
    if raised is None:
        assert caller(lambda client: client.upload(image)) == ADDRESS
        return
    with pytest.raises(raised) as caught:
        caller(lambda client: client.upload(image))
    assert KEY not in str(caught.value)


def test_upload_of_no_image(caller: Caller, wire: respx.MockRouter, tmp_path: Path) -> None:
    """What is no image, or is not there, is refused before anything is sent."""
    text = tmp_path / "notes.txt"
    text.write_text("x")
    for path in (text, tmp_path / "missing.png", tmp_path):
        with pytest.raises(ltx.ParameterError):
            caller(methodcaller("upload", path))
    assert not wire.calls
