"""Find the origin under which a caller reached the sandbox."""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request

_HOST: Final = re.compile(r"[A-Za-z0-9.\-_]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")


def origin_of(request: Request) -> str:
    """Return the origin under which the caller reached the sandbox, so that URLs in responses lead back to it."""
    host = request.headers.get("host", "")
    if _HOST.fullmatch(host) is None:
        name, port = request.scope.get("server") or ("localhost", 80)
        host = f"{name}:{port}"
    return f"{request.scope['scheme']}://{host}"
