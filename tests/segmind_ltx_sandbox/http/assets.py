"""Stand for the vendor's asset store, which takes images as data URIs and gives their addresses.

Graded P: as the vendor's SDK calls it (`files.upload` of segmind 1.3.0). There it is another host; here it is the
sandbox's own, since the key is good for both.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections import OrderedDict
from typing import Any, Final, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from segmind_ltx_sandbox.http.origin import origin_of
from segmind_ltx_sandbox.messages import ApiRequest, ApiResponse
from segmind_ltx_sandbox.service.sandbox import Sandbox

KEPT: Final = 64
"""How many images are kept; the real store is not said to forget any."""
_DATA_URI: Final = re.compile(r"data:(image/[a-z0-9.+-]+);base64,([A-Za-z0-9+/=]+)")


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the route that takes images, and the one that returns them."""
    assets: OrderedDict[str, tuple[str, bytes]] = OrderedDict()

    async def upload(request: Request) -> Response:
        """Keep the images of a request, and return their addresses."""
        api_request = ApiRequest("other", "POST", request.url.path, request.headers, request.query_params, None)
        scenario = sandbox.admit(sandbox.behaviour.admitted(api_request))
        if isinstance(scenario, ApiResponse):
            return scenario.to_starlette()
        try:
            images = images_in(await request.body())
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        addresses = list[str]()
        for media_type, content in images:
            name = f"{hashlib.sha256(content).hexdigest()[:32]}.{media_type.removeprefix('image/').partition('+')[0]}"
            assets[name] = media_type, content
            addresses.append(f"{origin_of(request)}/assets/{name}")
        while len(assets) > KEPT:
            assets.popitem(last=False)
        return JSONResponse({"file_urls": addresses, "message": "uploaded"})

    async def asset(request: Request) -> Response:
        """Return an image."""
        if (found := assets.get(request.path_params["name"])) is None:
            return JSONResponse({"error": "no such asset"}, 404)
        return Response(found[1], media_type=found[0])

    return [Route("/upload-asset", upload, methods=["POST"]), Route("/assets/{name}", asset)]


def images_in(body: bytes) -> list[tuple[str, bytes]]:
    """Return the media types and contents of the images in a body. Raise `ValueError` if there is none, or no image."""
    try:
        given: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("the body is not JSON") from None
    found: list[Any] | None = cast("dict[str, Any]", given).get("data_urls") if isinstance(given, dict) else None
    if not isinstance(found, list) or not found:
        raise ValueError("data_urls must be a list of one or more data URIs")
    images: list[tuple[str, bytes]] = []
    for uri in found:
        match = _DATA_URI.fullmatch(uri) if isinstance(uri, str) else None
        try:
            images.append((match[1], base64.b64decode(match[2], validate=True)) if match else _refuse())
        except binascii.Error:
            _refuse()
    return images


def _refuse() -> tuple[str, bytes]:
    raise ValueError("each of data_urls must be an image as a data URI in base64")
