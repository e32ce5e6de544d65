"""Serve the routes outside the API: videos, the clock, the requests so far, faults, pages."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from segmind_ltx_sandbox.http import pages
from segmind_ltx_sandbox.http.faults import Faults, fault_in
from segmind_ltx_sandbox.http.traffic import Traffic
from segmind_ltx_sandbox.service.clock import iso
from segmind_ltx_sandbox.service.sandbox import Sandbox


def routes(sandbox: Sandbox) -> list[BaseRoute]:
    """Return these routes for ``sandbox``. None of them needs a key."""

    async def output(request: Request) -> Response:
        """Return a video. Refuse a request with a key: this route stands for another host, which must see none."""
        if refusal := sandbox.behaviour.refused_download(request.headers):
            return refusal.to_starlette()
        video_spec = sandbox.outputs.find(
            sandbox.behaviour.stored_name(request.path_params["name"]), sandbox.clock.now()
        )
        if video_spec is None:
            return JSONResponse({"error": "no such output; outputs are kept for seven days"}, 404)
        video = sandbox.behaviour.video_bytes(await sandbox.videos.get(video_spec))
        return ranged(video, request.headers, "video/mp4")

    async def advance(request: Request) -> Response:
        """Move the clock."""
        try:
            seconds = seconds_in(await request.body())
            sandbox.clock.advance(seconds)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"now": iso(sandbox.clock.utc()), "seconds": round(sandbox.clock.now(), 3)})

    async def requests(request: Request) -> Response:
        """Return the requests so far, or forget them."""
        traffic: Traffic = request.app.traffic
        if request.method == "DELETE":
            traffic.clear()
        return JSONResponse({"requests": [received.as_dict() for received in traffic]})

    async def next_fault(request: Request) -> Response:
        """Add a fault for the next requests, or drop those that are to come."""
        faults: Faults = request.app.faults
        try:
            if request.method == "DELETE":
                faults.clear()
            else:
                faults.add(fault_in(await request.body()))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"pending": len(faults)})

    return [
        Route("/outputs/{name}", output),
        Route("/_control/advance", advance, methods=["POST"]),
        Route("/_control/requests", requests, methods=["GET", "DELETE"]),
        Route("/_control/next", next_fault, methods=["POST", "DELETE"]),
        *pages.routes(sandbox),
    ]


def seconds_in(body: bytes) -> float:
    """Return the seconds in a body like ``{"seconds": 3601}``. Raise `ValueError` if there are none."""
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError('the body must be JSON, like {"seconds": 3601}') from None
    seconds: object = cast("dict[str, object]", value).get("seconds") if isinstance(value, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise ValueError('the body must be JSON with a number, like {"seconds": 3601}')
    try:
        return float(seconds)
    except OverflowError:
        raise ValueError("that is too far") from None


_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def ranged(content: bytes, headers: Mapping[str, str], media_type: str) -> Response:
    """Return the range of the content that the headers ask for, or the whole if they ask for no single range."""
    size = len(content)
    match = _RANGE.fullmatch(headers.get("range", ""))
    first, last = match.groups() if match else ("", "")
    if not (first or last) or (first and last and int(first) > int(last)):
        return Response(content, 200, {"accept-ranges": "bytes"}, media_type)
    start = int(first) if first else max(0, size - int(last))
    end = min(int(last), size - 1) if first and last else size - 1
    if start > end:
        return Response(b"", 416, {"content-range": f"bytes */{size}"})
    extra = {"accept-ranges": "bytes", "content-range": f"bytes {start}-{end}/{size}"}
    return Response(content[start : end + 1], 206, extra, media_type)
