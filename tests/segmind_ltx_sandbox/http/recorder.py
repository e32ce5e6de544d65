"""Write the requests to a HAR file, which ``segmind-ltx conformance judge`` reads."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Final, Self

from segmind_ltx_sandbox.http.traffic import ReceivedRequest

_HEAD: Final = b'{"log": {"version": "1.2", "creator": {"name": "segmind-ltx sandbox", "version": "1"}, "entries": [\n'
_TAIL: Final = b"\n]}}\n"


class Recorder:
    """A HAR file that is complete after each request, however the sandbox ends."""

    def __init__(self, path: Path) -> None:
        """Start the file. Raises `OSError`."""
        self._file = path.open("wb")
        self._empty = True
        self._file.write(_HEAD + _TAIL)
        self._file.flush()

    def __call__(self, request: ReceivedRequest) -> None:
        """Write one request."""
        self._file.seek(-len(_TAIL), 2)
        entry = json.dumps(entry_of(request)).encode("ascii")
        self._file.write((b"" if self._empty else b",\n") + entry + _TAIL)
        self._file.flush()
        self._empty = False

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        """Return the recorder."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()


def entry_of(request: ReceivedRequest) -> dict[str, Any]:
    """Return a request as an entry of a HAR file, with the name of its scenario in place of the key."""
    sent = dict(request.headers)
    if request.key is not None:
        sent["x-api-key"] = f"[{request.key} key]"
    content: dict[str, Any] = {
        "size": request.response_size,
        "mimeType": request.response_headers.get("content-type", ""),
    }
    if request.response_body is not None:
        content |= _text(request.response_body)
    posted: dict[str, Any] = {}
    if request.body:
        mime = sent.get("content-type", "")
        posted = {"postData": {"mimeType": mime, **_text(request.body)}}
    url = f"{request.origin}{request.path}{'?' if request.query else ''}{request.query}"
    return {
        "startedDateTime": request.sent_at.isoformat(),
        "time": round(request.milliseconds, 3),
        "request": {
            "method": request.method,
            "url": url,
            "httpVersion": "HTTP/1.1",
            "headers": _pairs(sent),
            "queryString": [],
            "cookies": [],
            "headersSize": -1,
            "bodySize": -1 if request.body is None else len(request.body),
            **posted,
        },
        "response": {
            "status": request.status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "headers": _pairs(dict(request.response_headers)),
            "cookies": [],
            "content": content,
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": request.response_size,
        },
        "cache": {},
        "timings": {"send": 0, "wait": round(request.milliseconds, 3), "receive": 0},
        "_key": "wrong" if request.key == "unknown" else request.key,
    }


def _text(body: bytes) -> dict[str, str]:
    try:
        return {"text": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(body).decode("ascii"), "encoding": "base64"}


def _pairs(headers: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]
