"""Answers, before they become HTTP: plain values with the cause of each, so that one can be judged or changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen
from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response

from segmind_ltx_spec import Model

JSON = "application/json"
HTML = "text/html"


@frozen
class ApiResponse:
    """An answer. ``cause`` says why it is given, in the words of ``CAUSES`` below."""

    cause: str
    status: int
    content: Any = field(repr=False)
    media_type: str = JSON
    headers: Mapping[str, str] = field(factory=dict[str, str])

    def to_starlette(self) -> Response:
        """The answer as Starlette sends it."""
        body = self.content
        if self.media_type == JSON:
            body = json.dumps(self.content).encode("ascii")
        return Response(body, self.status, dict(self.headers), self.media_type)


CAUSES = {
    "missing-key": "no x-api-key header",
    "unknown-key": "a key that is not in the table",
    "scenario": "the key's scenario",
    "no-credits": "an account without credits",
    "no-such-route": "an unknown model or path",
    "wrong-method": "a path that exists, with another method",
    "content-type": "a POST that is not application/json",
    "malformed": "a body that is not a JSON object",
    "invalid": "a parameter that the contract does not allow",
    "accepted": "a job that was accepted",
    "status": "the state of a job",
    "result": "the result of a job",
    "failed": "a job that failed, or a blocking call that did",
    "unknown-request": "a request id that is unknown, expired or another account's",
    "generated": "a blocking call's video",
    "key-at-output": "a download that carries a key",
}
"""Every cause, and what it stands for."""


def error(cause: str, status: int, message: str, **more: Any) -> ApiResponse:
    """An error as JSON."""
    return ApiResponse(cause, status, {"error": message, **more})


def refused_key(cause: str, message: str, description: str) -> ApiResponse:
    """A 401: the part that checks keys says a little more than the rest."""
    return error(cause, 401, message, error_description=description, status_code=401)


def page(cause: str, status: int, title: str, headers: Mapping[str, str] | None = None) -> ApiResponse:
    """An error as a page, the way gateways send it."""
    html = (
        f"<html>\n<head><title>{status} {title}</title></head>\n"
        f"<body>\n<center><h1>{status} {title}</h1></center>\n<hr><center>sandbox</center>\n</body>\n</html>\n"
    )
    return ApiResponse(cause, status, html, HTML, headers or {})


@frozen
class ApiRequest:
    """A request to a route of the API.

    ``kind`` is v1 or v2 (a POST to a model), poll, result, alias (the result under v1) or other (no such route, or not
    with this method). ``model`` is the one that a POST is for.
    """

    kind: str
    method: str
    path: str
    headers: Headers = field(repr=False)
    query: QueryParams = field(repr=False)
    model: Model | None = None

    @property
    def version(self) -> str:
        """The first part of the path."""
        return self.path.split("/")[1]
