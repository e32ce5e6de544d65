"""The form of responses: errors without a message, headers of a wrong type, blocking calls without a video."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from attrs import evolve

from segmind_ltx_sandbox.deviations.base import Deviation, when, with_content
from segmind_ltx_sandbox.deviations.responses import ERROR_CAUSES, kebab
from segmind_ltx_sandbox.messages import ApiResponse
from segmind_ltx_spec import Contract


def errors() -> Iterator[Deviation]:
    """Yield deviations whose errors have no message: all errors, and those of each cause."""
    silent: tuple[tuple[str, Callable[[ApiResponse], ApiResponse]], ...] = (
        ("empty-body", lambda response: evolve(response, content="", media_type="text/plain")),
        ("empty-object", with_content({})),
        ("empty-message", with_content({"error": ""})),
        ("null-message", with_content({"error": None})),
        ("only-a-number", with_content({"status_code": 1})),
    )
    for label, change in silent:
        yield Deviation(
            f"error/{label}",
            ("transport.error-message",),
            f"Errors have no message: {label}.",
            when(ERROR_CAUSES, change),
        )
    for cause in ERROR_CAUSES.split():
        yield Deviation(
            f"error/silent/{cause}",
            ("transport.error-message",),
            f"An error has no message: {cause}.",
            when(cause, silent[0][1]),
        )


HEADERS: Final = {"number": ("cheap", "-1"), "integer": ("random", "1.5")}
"""Wrong values of a header, by its type. Every value of a string is right."""


def headers(contract: Contract) -> Iterator[Deviation]:
    """Yield deviations with headers of a wrong type."""
    components = contract.document["components"]
    for name, reference in components["responses"]["VideoMade"]["headers"].items():
        schema: dict[str, Any] = contract.at(f"{reference['$ref']}/schema")
        for value in HEADERS.get(schema["type"], ()):
            if value != "-1" or "minimum" in schema:
                yield Deviation(
                    f"header/{name}/{value}",
                    (f"{kebab('VideoMade')}.{name}",),
                    f"The header {name} of a blocking call is {value}.",
                    when("generated", _with_header(name, value)),
                )
    for value in ("tomorrow", "12:30", "-5"):
        yield Deviation(
            f"header/reset/{value}",
            ("transport.reset-form",),
            f"The header that says when a rate limit ends is {value}.",
            when("scenario generated", _with_header("x-rate-limit-reset-at-utc", value)),
        )


def _with_header(name: str, value: str) -> Callable[[ApiResponse], ApiResponse]:
    return lambda response: (
        evolve(response, headers={**response.headers, name: value}) if name in response.headers else response
    )


def blocking() -> Iterator[Deviation]:
    """Yield deviations whose blocking calls return no video."""
    html = "<html><body>Your video is being made.</body></html>"
    for label, content, media_type in (
        ("nothing", b"", "video/mp4"),
        ("noise", bytes(range(256)) * 40, "video/mp4"),
        ("a-page", html, "text/html"),
        ("a-picture", b"\x89PNG\r\n\x1a\n" + bytes(500), "image/png"),
        ("an-empty-object", {}, "application/json"),
        ("a-state", {"status": "COMPLETED"}, "application/json"),
        ("null", None, "application/json"),
        ("a-dead-link", {"output": "http://127.0.0.1:9/none.mp4"}, "application/json"),
    ):
        yield Deviation(
            f"v1/{label}",
            ("transport.v1-bytes-or-json",),
            f"A blocking call returns {label.replace('-', ' ')}.",
            when("generated", _replaced(content, media_type)),
        )
    yield Deviation(
        "v1/cut-off",
        ("transport.v1-bytes-or-json",),
        "The video of a blocking call is cut off in its first fifth.",
        when("generated", lambda response: evolve(response, content=response.content[: len(response.content) // 5])),
        {"v1_bytes": True},
    )


def _replaced(content: Any, media_type: str) -> Callable[[ApiResponse], ApiResponse]:
    return lambda response: evolve(response, content=content, media_type=media_type)
