"""Serve the front page and the API reference. They work offline; their headers forbid other origins."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from string import Template
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from segmind_ltx_sandbox.http.origin import origin_of
from segmind_ltx_sandbox.service.sandbox import Sandbox
from segmind_ltx_sandbox.service.scenarios import SCENARIOS, VALID
from segmind_ltx_spec import Model

STATIC: Final = Path(__file__).parent.with_name("static")

_OWN_ORIGIN_ONLY: Final = {
    "content-security-policy": "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"
}


def routes(sandbox: Sandbox) -> list[BaseRoute]:
    """Return the routes of the pages of ``sandbox``."""
    front_page, docs_page = _template("front.html"), _template("docs.html")

    async def front(request: Request) -> Response:
        """Return the front page."""
        html = front_page.substitute(_facts(sandbox, origin_of(request)))
        return HTMLResponse(html, headers=_OWN_ORIGIN_ONLY)

    async def docs(_: Request) -> Response:
        """Return the API reference: Swagger UI, from this package."""
        return HTMLResponse(docs_page.substitute(key=VALID), headers=_OWN_ORIGIN_ONLY)

    async def openapi(request: Request) -> Response:
        """Return the contract as JSON, with this sandbox as its server."""
        return JSONResponse(document_for(sandbox, origin_of(request)))

    return [
        Route("/", front),
        Route("/docs", docs),
        Route("/openapi.json", openapi),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]


def document_for(sandbox: Sandbox, origin: str) -> dict[str, Any]:
    """Return the contract's document with ``origin`` in place of the live service."""
    server = {"url": origin, "description": "This sandbox. It runs no model and bills nothing."}
    return {**sandbox.contract.document, "servers": [server]}


def _template(name: str) -> Template:
    return Template((STATIC / name).read_text(encoding="utf-8"))


def _facts(sandbox: Sandbox, origin: str) -> dict[str, str]:
    models = list(sandbox.contract.models.values())
    example = next((model for model in models if model.required <= {"prompt"}), models[0])
    payload = dict.fromkeys(sorted(example.required - {"prompt"}), "https://example.com/picture.png")
    payload["prompt"] = "A kite rises above a windy beach."
    return {
        "origin": escape(origin),
        "slug": escape(example.slug),
        "key": escape(VALID),
        "example": escape(json.dumps(payload)),
        "speed": f"{sandbox.speed:g}",
        "keys": "\n".join(_row(f"<code>{s.key}</code>", s.name, escape(s.summary)) for s in SCENARIOS),
        "models": "\n".join(_model_row(model, sandbox.speed) for model in models),
    }


def _model_row(model: Model, speed: float) -> str:
    slug = f"<code>{escape(model.slug)}</code>"
    return _row(slug, escape(model.summary), f"{model.seconds:.0f}&nbsp;s", f"{model.seconds / speed:.1f}&nbsp;s")


def _row(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
