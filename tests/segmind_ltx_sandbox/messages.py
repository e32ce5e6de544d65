"""Requests and responses as plain values. Each response names its cause, so that a deviation can select it."""

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
    """A response. ``cause`` is a key of `CAUSES`."""

    cause: str
    status: int
    content: Any = field(repr=False)
    media_type: str = JSON
    headers: Mapping[str, str] = field(factory=dict[str, str])

    def to_starlette(self) -> Response:
        """Return the response for Starlette to send."""
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
"""The causes of responses, and what each stands for."""


def error(cause: str, status: int, message: str, **more: Any) -> ApiResponse:
    """Return an error as JSON."""
    return ApiResponse(cause, status, {"error": message, **more})


def refused_key(cause: str, message: str, description: str) -> ApiResponse:
    """Return a 401. The service adds a description and the status to these errors, and to no others."""
    return error(cause, 401, message, error_description=description, status_code=401)


def page(cause: str, status: int, title: str, headers: Mapping[str, str] | None = None) -> ApiResponse:
    """Return an error as an HTML page, as gateways send it."""
    html = (
        f"<html>\n<head><title>{status} {title}</title></head>\n"
        f"<body>\n<center><h1>{status} {title}</h1></center>\n<hr><center>sandbox</center>\n</body>\n</html>\n"
    )
    return ApiResponse(cause, status, html, HTML, headers or {})


@frozen
class ApiRequest:
    """A request to a route of the API.

    ``kind`` is v1 or v2 (a POST to a model), poll, result, alias (the result under v1) or other (an unknown route or
    method). ``model`` is the model that a POST names.
    """

    kind: str
    method: str
    path: str
    headers: Headers = field(repr=False)
    query: QueryParams = field(repr=False)
    model: Model | None = None

    @property
    def version(self) -> str:
        """Return the first part of the path."""
        return self.path.split("/")[1]
