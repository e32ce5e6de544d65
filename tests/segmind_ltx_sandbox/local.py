"""The routes that are the sandbox's own: videos, clock, pages."""

from __future__ import annotations

import json
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from segmind_ltx_sandbox import pages
from segmind_ltx_sandbox.clock import iso
from segmind_ltx_sandbox.ranges import ranged
from segmind_ltx_sandbox.sandbox import Sandbox


def routes(sandbox: Sandbox) -> list[BaseRoute]:
    """Those routes, for ``sandbox``. None of them needs a key."""

    async def output(request: Request) -> Response:
        """A video. Stands in for another host, where a key must never be sent; so a key is refused here."""
        if refusal := sandbox.behaviour.refused_download(request.headers):
            return refusal.response()
        recipe = sandbox.outputs.find(request.path_params["name"], sandbox.clock.now())
        if recipe is None:
            return JSONResponse({"error": "no such output; outputs are kept for seven days"}, 404)
        video = sandbox.behaviour.delivered(await sandbox.videos.get(recipe))
        return ranged(video, request.headers, "video/mp4")

    async def advance(request: Request) -> Response:
        """Move the clock."""
        try:
            seconds = seconds_in(await request.body())
            sandbox.clock.advance(seconds)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"now": iso(sandbox.clock.utc()), "seconds": round(sandbox.clock.now(), 3)})

    return [
        Route("/outputs/{name}", output),
        Route("/_control/advance", advance, methods=["POST"]),
        *pages.routes(sandbox),
    ]


def seconds_in(body: bytes) -> float:
    """The seconds to advance by, out of a body like ``{"seconds": 3601}``. Raises `ValueError`."""
    try:
        told: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError('the body must be JSON, like {"seconds": 3601}') from None
    seconds: object = cast("dict[str, object]", told).get("seconds") if isinstance(told, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise ValueError('the body must be JSON with a number, like {"seconds": 3601}')
    try:
        return float(seconds)
    except OverflowError:
        raise ValueError("that is too far") from None
