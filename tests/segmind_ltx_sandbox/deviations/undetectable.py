"""Name the clauses without a mutant, and why: permissions, and effects that no client can observe."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final

UNSEEN: Final[Mapping[str, str]] = {
    "*.negative_prompt.default": "the effect of a text on a video cannot be seen in the video",
    "*.steps.default": "the number of steps cannot be seen in the video",
    "*.cfg.default": "the guidance cannot be seen in the video",
    "*.guidance_scale.default": "the guidance cannot be seen in the video",
    "*.image.default": "a missing image changes only what the video shows",
    "ltx-video.v2": "allowed to be absent: see the variant v2-where-documented",
    "ltx-2-19b-t2v.v2": "allowed to be absent: see the variant v2-where-documented",
    "ltx-2-fast.v2": "allowed to be absent: see the variant v2-where-documented",
    "path.request_id": "a rule for callers: an empty id would be another route",
    "v1.status.410": "a permission: a model may be retired",
    "v2.status.410": "a permission: a model may be retired",
    "status.406-elsewhere": "a permission: 406 may have other causes",
    **{
        f"{kind}.status.{status}": "a permission: what a key's scenario does to a GET is not documented"
        for kind in ("poll", "result")
        for status in (403, 429, 500, 502, 504)
    },
    "alias.*": "an older address (P) of the result, whose own clauses have mutants; job.poll-url-works has one",
    "transport.error-forms": "a permission: errors may be text or HTML",
    "*.enum-inferred": "a permission: the values were not printed; the variant no-inferred refuses them",
    "output.other-host": "the sandbox itself has its videos under its own origin; the variant other-host does not",
    "video-made.x-request-id": "every header is a text",
    "*.x-rate-limit-reset-at-utc": "every header is a text; what it must say is transport.reset-form",
}
"""The reasons, by patterns of clause ids."""


def why_unseen(clause: str) -> str | None:
    """Return why a clause has no mutant, or None if it should have one."""
    return next((reason for pattern, reason in UNSEEN.items() if fnmatchcase(clause, pattern)), None)
