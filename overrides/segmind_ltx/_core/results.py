"""The results of API calls: the state of a job, and the facts about its video."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

# As `html.escape` does; that module's table of entities takes long to import, and only notebooks need this.
_HTML_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})


@frozen
class JobStatus:
    """A job's state at one moment. Times are in seconds, None if the service did not send them.

    ``state`` is QUEUED, PROCESSING, COMPLETED or FAILED by the documents; any other word is passed on unchanged. If the
    job FAILED, ``detail`` is the reason.
    """

    request_id: str
    state: str
    detail: str | None = None
    queue_time: float | None = None
    inference_time: float | None = None
    total_time: float | None = None
    raw: Mapping[str, Any] = field(factory=dict[str, Any], repr=False, eq=False)

    @property
    def finished(self) -> bool:
        """Whether the job has ended, COMPLETED or FAILED."""
        # contract: job.final
        return self.state in {"COMPLETED", "FAILED"}


@frozen(kw_only=True, slots=False)
class VideoFacts:
    """What the service said about a video. Prices in USD, times in seconds, sizes in bytes; None if it said nothing.

    ``url`` is on another host, needs no key, and expires after seven days (from the vendor's other pages). ``content``
    is the video itself if a v1 call returned it. ``raw`` is the JSON response, unchanged.
    """

    request_id: str | None
    model: str | None
    url: str | None
    content: bytes | None = field(default=None, repr=False)
    content_type: str | None = None
    file_name: str | None = None
    file_size: int | None = None
    cost: float | None = None
    remaining_credits: float | None = None
    queue_time: float | None = None
    inference_time: float | None = None
    total_time: float | None = None
    seed: int | None = None
    raw: Mapping[str, Any] = field(factory=dict[str, Any], repr=False, eq=False)

    def _repr_html_(self) -> str:
        """Return a video player for a notebook."""
        source = self.url
        if self.content is not None:
            source = f"data:{self.content_type or 'video/mp4'};base64,{base64.b64encode(self.content).decode()}"
        return f'<video controls width="480" src="{(source or "").translate(_HTML_ESCAPES)}"></video>'
