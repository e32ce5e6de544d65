"""What an API call gives: the state of a job, and facts about its video."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen


@frozen
class JobStatus:
    """A job's state at one moment. Times are in seconds, None where the service did not say.

    ``state`` is QUEUED, PROCESSING, COMPLETED or FAILED by the documents; another word is passed on as it came.
    ``detail`` says why a job FAILED.
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
        """Whether the job has ended, well or badly."""
        return self.state in {"COMPLETED", "FAILED"}


@frozen(kw_only=True, slots=False)
class VideoFacts:
    """What the service said of a video. Prices in USD, times in seconds, sizes in bytes; None where it did not say.

    ``url`` is on another host, needs no key, and dies after seven days (from the vendor's other pages).
    ``content`` is the video itself where a v1 call answered with it. ``raw`` is the JSON answer as it came.
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
        """A player, in a notebook."""
        source = self.url
        if self.content is not None:
            source = f"data:{self.content_type or 'video/mp4'};base64,{base64.b64encode(self.content).decode()}"
        return f'<video controls width="480" src="{html.escape(source or "")}"></video>'
