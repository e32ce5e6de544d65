"""Every exception that leaves the client, in one tree.

::

    SegmindLtxError
    ├── ConfigurationError (ValueError)     no key, or a base URL that is none
    ├── ParameterError (ValueError)         refused here, before anything was sent
    ├── APIStatusError                      the service answered with an error status
    │   ├── BadRequestError                 400  it refused a parameter or the request's form
    │   ├── AuthenticationError             401  key missing or unknown
    │   ├── PermissionDeniedError           403
    │   ├── NotFoundError                   404  no such model; or a job unknown or expired
    │   ├── InsufficientCreditsError        406
    │   ├── ModelRetiredError               410
    │   ├── RateLimitError                429  `reset_at` where told
    │   └── ServerError                     5xx
    │       ├── InternalServerError         500
    │       ├── BadGatewayError             502
    │       └── GatewayTimeoutError         504
    ├── JobFailedError                      422  the job ran and failed; it is not charged
    ├── JobNotFinishedError                 `result()` of a job that still runs
    ├── WaitTimeoutError (TimeoutError)     the deadline passed; the job goes on and can be waited for again
    ├── APIConnectionError (ConnectionError)     nothing came back, and nothing can have been billed
    │   └── SubmitUncertainError            the answer to a paid call was lost: a job may exist, and may be billed
    ├── UnexpectedResponseError               an answer that makes no sense
    └── DownloadError                       the video could not be brought to disk
        └── OutputExistsError (FileExistsError)

Each carries ``request_id`` from the moment it is known, and ``status``, ``detail`` and ``body`` where there was an
answer. All survive pickle and copy. None ever contains the API key.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar


class SegmindLtxError(Exception):
    """The root of the tree.

    ``request_id`` is the job's id, once known; ``model`` the model's name; ``status`` the HTTP status; ``detail``
    the service's own words; ``body`` its JSON answer.
    """

    def __init__(
        self,
        message: str,
        *,
        request_id: str | None = None,
        model: str | None = None,
        status: int | None = None,
        detail: str | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message: str = message
        self.request_id: str | None = request_id
        self.model: str | None = model
        self.status: int | None = status
        self.detail: str | None = detail
        self.body: Mapping[str, Any] | None = body

    def __str__(self) -> str:
        # A message that was written before the id was known still has to show it.
        if self.request_id is None or self.request_id in self.message:
            return self.message
        return f"{self.message} [request id {self.request_id}]"


class ConfigurationError(SegmindLtxError, ValueError):
    """The client cannot be made: there is no key, or the base URL is none."""


class ParameterError(SegmindLtxError, ValueError):
    """Parameters that the documents do not allow; nothing was sent, nothing is billed.

    ``problems`` names each one: parameter, value, what is allowed.
    """

    problems: tuple[str, ...] = ()


class APIStatusError(SegmindLtxError):
    """The service answered with an error status, given as ``status``."""

    advice: ClassVar[str] = "The documents do not name this status."


class BadRequestError(APIStatusError):
    """400: a parameter or the form of the request is invalid; nothing was billed."""

    advice = "Nothing was billed; correct the request."


class AuthenticationError(APIStatusError):
    """401: the key is missing or unknown."""

    advice = "Check the API key (api_key= or SEGMIND_API_KEY)."


class PermissionDeniedError(APIStatusError):
    """403: the key is known but may not do this."""

    advice = "The key is known, but may not do this."


class NotFoundError(APIStatusError):
    """404: no such model; or a job that is unknown, or whose hour is over."""

    advice = "There is no such model; or no such job, or it was kept for its hour and has expired."


class InsufficientCreditsError(APIStatusError):
    """406: not enough credits. The vendor also uses it for a spend limit and for some refused values."""

    advice = "Nothing was billed; add credits, or see whether the answer names another limit."


class ModelRetiredError(APIStatusError):
    """410: the model has been retired (from the vendor's other pages)."""

    advice = "The model was retired; choose another."


class RateLimitError(APIStatusError):
    """429: too many requests. ``reset_at`` is when the limit is lifted, in UTC, where the service said so."""

    advice = "Nothing was billed; try again later."
    reset_at: datetime | None = None


class ServerError(APIStatusError):
    """Any 5xx. By the vendor's pages a submit that got one was not billed."""

    advice = "The service failed; by the vendor's pages only an answer of 200 is billed."


class InternalServerError(ServerError):
    """500: the server failed."""


class BadGatewayError(ServerError):
    """502: the service is unavailable for the moment."""

    advice = "A gateway gave up. Behind a blocking v1 call the work may have gone on: look before you repeat it."


class GatewayTimeoutError(ServerError):
    """504: the request took too long."""

    advice: ClassVar[str] = BadGatewayError.advice


class JobFailedError(SegmindLtxError):
    """The job ran and FAILED, or its content was blocked; ``detail`` says why. Failed jobs are not charged."""


class JobNotFinishedError(SegmindLtxError):
    """`result()` was asked of a job that has not finished; ``state`` says where it stands."""

    state: str | None = None


class WaitTimeoutError(SegmindLtxError, TimeoutError):
    """The deadline passed before the job ended. It goes on: ``client.job(error.request_id).wait()`` resumes.

    ``elapsed`` is how long was waited, in seconds; ``state`` the last state seen.
    """

    elapsed: float = 0.0
    state: str | None = None


class APIConnectionError(SegmindLtxError, ConnectionError):
    """No answer came. Where it was a paid call, it provably never left: nothing is billed."""


class SubmitUncertainError(APIConnectionError):
    """The answer to a paid call was lost: a job may exist, and may be billed. It was not sent again.

    ``usd_low`` and ``usd_high`` bound what it may have cost, in USD, as the contract prices the model.
    """

    usd_low: float | None = None
    usd_high: float | None = None


class UnexpectedResponseError(SegmindLtxError):
    """An answer that makes no sense: not JSON, or without what the documents promise."""


class DownloadError(SegmindLtxError):
    """The video could not be brought to disk; nothing half-written is left. ``url`` is where it lies."""

    url: str | None = None


class OutputExistsError(DownloadError, FileExistsError):
    """The file exists already, and was left as it is."""


_BY_STATUS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    406: InsufficientCreditsError,
    410: ModelRetiredError,
    429: RateLimitError,
    500: InternalServerError,
    502: BadGatewayError,
    504: GatewayTimeoutError,
}


def class_for_status(status: int) -> type[APIStatusError]:
    """The class for an error status; `ServerError` and `APIStatusError` for those that no document names."""
    return _BY_STATUS.get(status, ServerError if status >= 500 else APIStatusError)
