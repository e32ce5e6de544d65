"""Outputs: locations that are dead, closed, or lead to something other than a video."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from starlette.datastructures import Headers

from segmind_ltx_sandbox.deviations.base import Deviation, factory
from segmind_ltx_sandbox.messages import ApiResponse, error, page
from segmind_ltx_sandbox.service.behaviour import Behaviour
from segmind_ltx_sandbox.service.scenarios import BY_KEY
from segmind_ltx_spec import Contract


class ReplacesVideo(Behaviour):
    """Sends other bytes in place of a video."""

    def __init__(self, contract: Contract, change: Callable[[bytes], bytes]) -> None:
        super().__init__(contract)
        self._change = change

    def video_bytes(self, video: bytes) -> bytes:
        """Return the changed bytes."""
        return self._change(video)


class RefusesDownloads(Behaviour):
    """Refuses every download with an error."""

    def __init__(self, contract: Contract, response: ApiResponse) -> None:
        super().__init__(contract)
        self._response = response

    def refused_download(self, headers: Headers) -> ApiResponse | None:  # noqa: ARG002
        """Return the error."""
        return self._response


class RequiresKeyForDownload(Behaviour):
    """Refuses a download if it carries no key."""

    def refused_download(self, headers: Headers) -> ApiResponse | None:
        """Return 401 if the key is missing or unknown."""
        known = headers.get("x-api-key") in BY_KEY
        return None if known else error("key-at-output", 401, "API key is missing")


class ExpiresOutputsEarly(Behaviour):
    """Keeps videos for less than seven days."""

    def __init__(self, contract: Contract, seconds: float) -> None:
        super().__init__(contract)
        self.output_retention = seconds


def outputs() -> Iterator[Deviation]:
    """Yield the deviations about outputs."""
    video = ("output.is-a-video",)
    html = b"<html><body>Sign in to see your video.</body></html>"
    things: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
        ("empty", lambda _: b""),
        ("a-page", lambda _: html),
        ("noise", lambda _: bytes(range(256)) * 40),
        ("a-picture", lambda _: b"\x89PNG\r\n\x1a\n" + bytes(500)),
        ("its-head-alone", lambda whole: whole[:600]),
        ("without-its-head", lambda whole: whole[4096:]),
    )
    for label, change in things:
        yield Deviation(
            f"output/{label}",
            video,
            f"The output is not a video: {label}.",
            factory(ReplacesVideo, change),
        )
    yield Deviation(
        "output/half-a-video",
        video,
        "The second half of each video is missing.",
        factory(ReplacesVideo, lambda whole: whole[: len(whole) // 2]),
    )
    for status in (403, 404, 410, 500):
        response = (
            error("key-at-output", status, "no such output")
            if status != 403
            else page("key-at-output", 403, "Forbidden")
        )
        clauses = ("output.without-key",) if status == 403 else video
        yield Deviation(
            f"output/{status}",
            clauses,
            f"The download of every output gets {status}.",
            factory(RefusesDownloads, response),
        )
    yield Deviation("output/locked", ("output.without-key",), "A download needs the key.", RequiresKeyForDownload)
    for label, seconds in (("one-day", 86400.0), ("six-days", 6 * 86400.0)):
        yield Deviation(
            f"output/{label}",
            ("output.seven-days",),
            f"Videos are kept for less than seven days: {label}.",
            factory(ExpiresOutputsEarly, seconds),
        )
