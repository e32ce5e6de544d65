"""Read a request id and the locations of videos in a response, in any form that the documents leave open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast
from urllib.parse import urlsplit


def id_in(value: object) -> str | None:
    """Return the request id in the response to a submit; a number counts as its digits. None if there is none."""
    given = cast("Mapping[str, object]", value).get("request_id") if isinstance(value, dict) else None
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    return given if isinstance(given, str) and given else None


def locations_in(value: object, *, anywhere: bool = False) -> list[str]:
    """Return the locations of videos in a result: in ``output``, a text, a list or an object, or in ``video``.

    With ``anywhere`` every text in the response that looks like a URL follows: no page says where a blocking call
    returns it.
    """
    if not isinstance(value, dict):
        return list(_locations(value, anything=False)) if anywhere else []
    given = cast("Mapping[str, object]", value)
    found = [
        *_locations(given.get("output"), anything=True),
        *_locations(given.get("video"), anything=False),
        *(_locations(given, anything=False) if anywhere else ()),
    ]
    return list(dict.fromkeys(found))


def _locations(value: object, *, anything: bool) -> Iterator[str]:
    """Yield the URLs below a value; with ``anything`` also a text of another form, which may be a relative path."""
    if isinstance(value, str):
        if value.strip() and (anything or is_url(value)):
            yield value
    elif isinstance(value, list):
        for one in cast("list[object]", value):
            yield from _locations(one, anything=anything)
    elif isinstance(value, dict):
        for one in cast("Mapping[str, object]", value).values():
            yield from _locations(one, anything=False)


def is_url(text: str) -> bool:
    """Return whether a text is an http or https URL."""
    try:
        return urlsplit(text).scheme in {"http", "https"} and bool(urlsplit(text).netloc)
    except ValueError:
        return False
