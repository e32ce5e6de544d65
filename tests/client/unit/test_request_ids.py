"""Ids in responses of every form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segmind_ltx._core.effects import Response
from segmind_ltx._core.request_ids import request_id_in

ID = "7c1f7a3e-6a0e-4d6d-9a39-0d7f3b0f2c11"
HERE = f"https://api.segmind.com/v2/requests/{ID}"


def response(body: object, status: int = 200, truncated: str | None = None, **headers: str) -> Response:
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return Response(status, headers, text.encode() if isinstance(text, str) else text, truncated)


FORMS: dict[str, Any] = {
    "JSON": {"request_id": ID},
    "camel case": {"requestId": ID},
    "capitals": {"REQUEST-ID": ID},
    "in data": {"data": {"job": {"request_id": ID}}},
    "in an array": [{"request_id": ID}],
    "in a list": {"request_id": [ID]},
    "in an object": {"request_id": {"id": ID}},
    "behind much": {"note": "x" * 5000, "request_id": ID},
    "a bad id, a good address": {"request_id": ["a", "b"], "status_url": f"{HERE}/status"},
    "a slash at the end": {"status_url": f"{HERE}/"},
    "a slash behind status": {"status_url": f"{HERE}/status/"},
    "an address with a query": {"status_url": f"{HERE}/status?x=1"},
    "addresses in a list": {"links": [{"href": HERE}]},
    "JSON and blanks": f'{{"request_id": "{ID}"}}' + " " * 900,
    "JSON and more": f'{{"request_id": "{ID}"}} trailing',
    "a line of its own": f'event: queued\ndata: {{"request_id": "{ID}"}}\n\n',
    "events, the id in the third": f'data: {{"a": 1}}\n\ndata: {{"b": 2\n\ndata: {{"request_id": "{ID}"}}\n',
    "lines of JSON, the id in the second": f'[1\n{{"request_id": "{ID}"}}\n',
    "a value in an object": {"request_id": {"value": ID}},
    "JSON in JSON": {"body": json.dumps({"request_id": ID})},
    "cut off": f'{{"status": "QUEUED", "request_id": "{ID}", "stat',
    "escaped and cut off": f'{{"error": "{{\\"request_id\\": \\"{ID}\\"}}", "sta',
    "XML": f"<?xml version='1.0'?><job><request_id>{ID}</request_id></job>",
    "XML attribute": f'<job request_id="{ID}" status="QUEUED"/>',
    "XML, camel case": f"<job><requestId> {ID} </requestId></job>",
    "repr": f"{{'status': 'QUEUED', 'request_id': '{ID}'}}",
    "form": f"status=QUEUED&request_id={ID}",
    "YAML": f"status: QUEUED\nrequest_id: {ID}\n",
    "HTML": f"<p>Job: {{&quot;request_id&quot;: &quot;{ID}&quot;}}</p>",
    "an address in HTML": f'<a href="{HERE}/status">job</a>',
    "UTF-16": json.dumps({"request_id": ID}).encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf" + json.dumps({"request_id": ID}).encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_request_id_in_any_form(form: str) -> None:
    """A job that was accepted is paid for, so its id is read from whatever the service sent."""
    assert request_id_in(response(FORMS[form])) == ID


def test_request_id_as_number() -> None:
    """A number is an id as well."""
    assert request_id_in(response({"request_id": 1234567})) == "1234567"


@pytest.mark.parametrize("name", ["location", "content-location"])
def test_request_id_in_location(name: str) -> None:
    """The job's address may be in a header."""
    assert request_id_in(response(b"", 202, **{name: f"/v2/requests/{ID}"})) == ID


NONE: dict[str, Any] = {
    "nothing": b"",
    "null": None,
    "true": {"request_id": True},
    "a fraction": {"request_id": 1.5},
    "two": {"request_id": ["a", "b"]},
    "dots": {"request_id": ".."},
    "another path": {"request_id": "a/../b"},
    "no job": {"status_url": "https://x.test/v2/requests/"},
    "another resource": {"status_url": f"{HERE}/other"},
    "a word before it": {"x_request_id_header": ID},
    "deep": "[" * 100_000,
    "no UTF-8": b'{"request_id": "\xff\xfe"',
    "cut in the id": '{"request_id": "7c1f7a3e-6a0e',
}


@pytest.mark.parametrize("form", NONE)
def test_no_request_id_is_made_up(form: str) -> None:
    """What is no id, or only part of one, is not taken for one."""
    assert request_id_in(response(NONE[form])) is None


@pytest.mark.parametrize("text", [f"request_id={ID}", f"see {HERE}"])
def test_request_id_at_the_cut(text: str) -> None:
    """At the end of a body that was cut off, the id may be cut off as well."""
    assert request_id_in(response(text)) == ID
    assert request_id_in(response(text, truncated="reset")) is None


def test_outer_request_id_comes_first() -> None:
    """Ids further inside a document do not hide the one of the job itself."""
    assert request_id_in(response({"previous": {"request_id": "other"}, "request_id": ID})) == ID
