"""What the hand-written client takes from the contract, so that generating it anew is not enough.

Each statement is a clause or a pattern of clauses, with what the client does with it. The code that does so carries a
marker (see `markers`); a test holds that each of these has one.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

STATEMENTS: Final = {
    "auth.key-in-header": "sends the key in this header",
    "auth.only-in-header": "sends the key nowhere else",
    "auth.missing-key": "raises AuthenticationError for 401",
    "auth.wrong-key": "raises AuthenticationError for 401",
    "status.invalid-is-400": "raises BadRequestError for 400",
    "status.unknown-model-is-404": "raises NotFoundError for 404",
    "status.422-is-a-failed-job": "takes 422 for a FAILED job",
    "status.406-is-credits": "raises InsufficientCreditsError for 406",
    "status.406-elsewhere": "says that a 406 may have other reasons",
    "transport.reset-form": "reads the end of a rate limit as ISO 8601 or as seconds since the epoch",
    "transport.error-message": "quotes the message of an error",
    "transport.error-forms": "reads errors that are plain text or HTML",
    "transport.v1-bytes-or-json": "takes the bytes of a video, or JSON with its location, from a blocking call",
    "job.urls-are-its-own": "reads a missing id from the addresses of a job",
    "job.states": "knows the four states",
    "job.blocked-is-failed": "takes a job with blocked content for a FAILED one",
    "v2.answers-at-once": "gives up a submit that takes more than a minute",
    "job.final": "stops polling at COMPLETED or FAILED",
    "job.completed-has-output": "wants an output of a COMPLETED job",
    "job.poll-has-no-output": "fetches the result after the last poll",
    "job.failed-is-422": "takes 422 for a FAILED job",
    "job.failed-has-detail": "quotes why a job failed",
    "job.unknown-is-404": "says of a 404 that the job is unknown or expired",
    "job.kept-one-hour": "says that a result is kept for one hour",
    "job.expired-is-404": "says of a 404 that the job is unknown or expired",
    "output.without-key": "downloads without the key",
    "output.other-host": "downloads from any host",
    "output.seven-days": "says that outputs are kept for seven days",
    "billing.accepted-only": "repeats a submit only if it cannot be billed twice",
    "billing.reads-are-free": "repeats polls and fetches",
    "billing.failed-is-free": "says that failed jobs are not charged",
    "billing.no-idempotency": "never repeats a submit that may have arrived",
    "accepted-job.request_id.required": "returns the id of a submitted job",
    "job-status.status.required": "reads the state of a job",
    "job-result.status.required": "reads the state of a job",
    "path.request_id": "checks an id before it goes into a path",
    "video-made.x-request-id": "reads the id of a blocking call",
    "video-made.x-cost": "reads the cost of a blocking call",
    "video-made.x-remaining-credits": "reads the credits left after a blocking call",
    "video-made.x-generation-time": "reads how long a blocking call took",
    "video-made.x-seed-value": "reads the seed of a blocking call",
    "rate-limited.x-rate-limit-reset-at-utc": "waits for the end of a rate limit",
    "#/servers/0/url": "has this address as its default",
    "*.image.*": "writes a data URI for a Path",
    "*.v1": "sends the body alone, and no header or query of an operation",
    "*.v2": "sends the body alone, and no header or query of an operation",
    "*.route": "sends no header or query of an operation",
    "*.status.*": "raises an exception class for each status",
    "*.optional": "takes parameters that are texts, numbers or yes and no",
}
"""Clause or pattern of clauses, and what the client does because of it."""


NEEDED: Final = frozenset(
    {"accepted-job.request_id.required", "job-status.status.required", "job-result.status.required"}
    | {"job.completed-has-output"}
)
"""What the client cannot do without."""
PARAMETERS: Final = "*.optional"
"""What concerns a new parameter only if the client cannot take it."""
QUIET: Final = frozenset({"*.image.*", "*.v1", "*.v2", "*.route", "*.status.*", PARAMETERS})
"""Statements whose code copes with most edits: only a rule that says so makes one of them a case for repair by hand."""


def rests_on(clause: str) -> bool:
    """Whether hand-written code rests on a clause of this id."""
    return any(fnmatchcase(clause, pattern) for pattern in STATEMENTS if pattern != PARAMETERS)


def must_follow(clauses: Iterable[str]) -> bool:
    """Whether hand-written code rests on one of some clauses in such a way that any edit concerns it."""
    loud = [pattern for pattern in STATEMENTS if pattern not in QUIET]
    return any(fnmatchcase(one, pattern) for one in clauses for pattern in loud)


def uses(clauses: Iterable[str], *, parameters: bool = True) -> list[str]:
    """Say what the client does with the statements of some clauses; without ``parameters``, other than `PARAMETERS`."""
    names = list(clauses)
    patterns = [pattern for pattern in STATEMENTS if parameters or pattern != PARAMETERS]
    return list({STATEMENTS[pattern]: None for pattern in patterns if any(fnmatchcase(one, pattern) for one in names)})
