"""Upload an image to the vendor's asset store, as a flow.

Graded P: the vendor's SDK does so (`files.upload` of segmind 1.3.0); none of the five pages names the store. It is on
another host than the API, and gets the key on this request alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, cast

from segmind_ltx import errors
from segmind_ltx._core import retry
from segmind_ltx._core.answers import json_object
from segmind_ltx._core.api_errors import error_for, unexpected_response
from segmind_ltx._core.effects import (
    UPLOAD_RATE,
    Call,
    Context,
    Flow,
    NoResponse,
    Response,
    call_from,
    describe,
    send,
    sleep,
)
from segmind_ltx._core.images import data_uri, is_address

# contract: #/servers/0/url
API: Final = "https://api.segmind.com"
STORE: Final = "https://workflows-api.segmind.com"
"""The origin of the asset store; at any other base URL, such as the sandbox's, it is that origin."""
PATH: Final = "/upload-asset"
TIMEOUT: Final = 60.0
"""Seconds of the longest silence, unless the client has a timeout of its own."""


def upload(context: Context, path: Path) -> Flow[str]:
    """Upload an image, and return its address. Nothing is billed, so a failed call is made again."""
    request = {"data_urls": [data_uri("path", path)]}
    size = len(request["data_urls"][0])
    call = call_from(
        {"method": "post", "url": PATH, "json": request}, context.read_timeout or TIMEOUT, size / UPLOAD_RATE
    )
    call = call._replace(origin=STORE if context.base_url == API else None)
    attempt = 0
    while True:
        outcome = yield from send(call)
        if isinstance(outcome, Response) and outcome.status in {200, 201}:
            return _address_in(outcome, call)
        attempt += 1
        if attempt > context.max_retries or not retry.may_repeat_read(outcome):
            raise _problem(outcome, call, context)
        delay = retry.delay_before(attempt, outcome, time=context.time(), random=context.random())
        context.log.warning("%s: %s; retry in %.1f s", call, describe(outcome), delay)
        yield from sleep(delay)


def _problem(outcome: Response | NoResponse, call: Call, context: Context) -> errors.SegmindLtxError:
    if isinstance(outcome, NoResponse):
        return errors.APIConnectionError(f"{call} got no response: {outcome.reason}. Nothing is billed.")
    return error_for(outcome, call, time=context.time())


def _address_in(response: Response, call: Call) -> str:
    found: object = json_object(response, call).get("file_urls")
    address = cast("list[object]", found)[0] if isinstance(found, list) and found else None
    if not isinstance(address, str) or not is_address(address):
        raise unexpected_response(response, call, None, "it has no address of the image in file_urls")
    return address
