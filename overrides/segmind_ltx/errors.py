"""Every exception that leaves the client, in one tree.

::

    SegmindLtxError
    ├── ConfigurationError (ValueError)     no API key, an invalid option, or a ledger that cannot be used
    ├── ParameterError (ValueError)         invalid parameters; nothing was sent
    ├── APIStatusError                      the service answered with an error status
    │   ├── BadRequestError                 400  a parameter or the form of the request was refused
    │   ├── AuthenticationError             401  key missing or unknown
    │   ├── PermissionDeniedError           403
    │   ├── NotFoundError                   404  no such model; or a job that is unknown or has expired
    │   ├── InsufficientCreditsError        406
    │   ├── ModelRetiredError               410
    │   ├── RateLimitError                  429  `reset_at` if the service sent it
    │   └── ServerError                     5xx
    │       ├── InternalServerError         500
    │       ├── BadGatewayError             502
    │       └── GatewayTimeoutError         504
    ├── JobFailedError                      422  the job ran and failed; it is not charged
    ├── JobNotFinishedError                 `result()` of a job that is still running
    ├── WaitTimeoutError (TimeoutError)     the deadline passed; the job goes on, and you can wait for it again
    ├── APIConnectionError (ConnectionError)  no response, and nothing can have been billed
    │   └── SubmitUncertainError            no response to a paid call: a job may exist, and may be billed
    ├── UnexpectedResponseError             a response that the client cannot understand
    └── DownloadError                       the video could not be downloaded or written
        └── OutputExistsError (FileExistsError)

Each has ``request_id`` as soon as the client knows it, and ``status``, ``detail`` and ``body`` if there was a response.
All survive pickle and copy. None ever contains the API key.

More than 250 lines, since the exceptions are one tree, and its drawing stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, TypedDict, Unpack


class ErrorFields(TypedDict, total=False):
    """The keyword arguments that every exception of the tree takes; see `SegmindLtxError`."""

    request_id: str | None
    model: str | None
    status: int | None
    detail: str | None
    body: Mapping[str, Any] | None
    text: str | None


class SegmindLtxError(Exception):
    """The root of the tree.

    ``request_id`` is the job's id, if known; ``model`` the model's name; ``status`` the HTTP status; ``detail`` the
    service's own message; ``body`` its JSON response; ``text`` the body of the response as text, up to 65,536
    characters of it.
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
        text: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message: str = message
        self.request_id: str | None = request_id
        self.model: str | None = model
        self.status: int | None = status
        self.detail: str | None = detail
        self.body: Mapping[str, Any] | None = body
        self.text: str | None = text

    def __str__(self) -> str:
        # The id may have become known after the message was written; show it in any case.
        shown = self.request_id is None or self.request_id in self.message
        return self.message if shown else f"{self.message} [request id {self.request_id}]"


class ConfigurationError(SegmindLtxError, ValueError):
    """The client cannot be made or used: no API key, an invalid option, or a ledger that cannot be written."""


class ParameterError(SegmindLtxError, ValueError):
    """The documents do not allow these parameters. Nothing was sent, nothing is billed.

    ``problems`` has one text for each invalid parameter: its name, its value, and the allowed values.
    """

    def __init__(self, message: str, *, problems: tuple[str, ...] = (), **rest: Unpack[ErrorFields]) -> None:
        super().__init__(message, **rest)
        self.problems: tuple[str, ...] = problems


class APIStatusError(SegmindLtxError):
    """The service answered with an error status, given as ``status``."""

    advice: ClassVar[str] = "The documents do not name this status."


# contract: status.invalid-is-400
class BadRequestError(APIStatusError):
    """400: a parameter or the form of the request is invalid; nothing was billed."""

    advice = "Nothing was billed; correct the request."


# contract: auth.missing-key, auth.wrong-key
class AuthenticationError(APIStatusError):
    """401: the key is missing or unknown."""

    advice = "Check the API key (api_key= or SEGMIND_API_KEY)."


class PermissionDeniedError(APIStatusError):
    """403: the key is known but may not do this."""

    advice = "The key is known, but may not do this."


# contract: status.unknown-model-is-404, job.unknown-is-404, job.expired-is-404, job.kept-one-hour
class NotFoundError(APIStatusError):
    """404: no such model; or a job that is unknown, or older than an hour."""

    advice = "There is no such model; or no such job, or it was kept for its hour and has expired."
    unknown_for: float = 0.0
    """Seconds for which the service has answered 404 without a break. A new job may be unknown for a moment."""


# contract: status.406-is-credits, status.406-elsewhere
class InsufficientCreditsError(APIStatusError):
    """406: not enough credits. The vendor also uses it for a spend limit and for some refused values."""

    advice = "Nothing was billed; add credits, or see whether the message names another limit."


class ModelRetiredError(APIStatusError):
    """410: the model has been retired (from the vendor's other pages)."""

    advice = "The model was retired; choose another."


class RateLimitError(APIStatusError):
    """429: too many requests. ``reset_at`` is the end of the limit, in UTC; None if the service did not send it."""

    advice = "Nothing was billed; try again later."

    def __init__(self, message: str, *, reset_at: datetime | None = None, **rest: Unpack[ErrorFields]) -> None:
        super().__init__(message, **rest)
        self.reset_at: datetime | None = reset_at


class ServerError(APIStatusError):
    """Any 5xx. By the vendor's other pages a submit that got one was not billed; it was not sent again all the same."""

    advice = (
        "The service failed; by the vendor's pages only a 200 is billed, but a gateway may have hidden a job: look "
        "into your account before you repeat a submit."
    )


class InternalServerError(ServerError):
    """500: the server failed."""


class BadGatewayError(ServerError):
    """502: the service is temporarily unavailable."""

    advice = "A gateway gave up. Behind a blocking v1 call the work may have gone on: look before you repeat it."


class GatewayTimeoutError(ServerError):
    """504: the request took too long."""

    advice: ClassVar[str] = BadGatewayError.advice


# contract: job.blocked-is-failed, billing.failed-is-free
class JobFailedError(SegmindLtxError):
    """The job ran and FAILED, or its content was blocked; ``detail`` says why. Failed jobs are not charged."""


class JobNotFinishedError(SegmindLtxError):
    """`result()` was called for a job that has not finished; ``state`` is the job's state."""

    def __init__(self, message: str, *, state: str | None = None, **rest: Unpack[ErrorFields]) -> None:
        super().__init__(message, **rest)
        self.state: str | None = state


class WaitTimeoutError(SegmindLtxError, TimeoutError):
    """The deadline passed before the job ended. It goes on: ``client.job(error.request_id).wait()`` resumes.

    ``elapsed`` is the time waited, in seconds; ``state`` the last state seen, None if no poll succeeded.
    """

    def __init__(
        self, message: str, *, elapsed: float = 0.0, state: str | None = None, **rest: Unpack[ErrorFields]
    ) -> None:
        super().__init__(message, **rest)
        self.elapsed: float = elapsed
        self.state: str | None = state


class APIConnectionError(SegmindLtxError, ConnectionError):
    """No response arrived. If it was a paid call, it provably was not sent: nothing is billed."""


class SubmitUncertainError(APIConnectionError):
    """The response to a paid call was lost: a job may exist, and may be billed. The call was not sent again.

    ``usd_low`` and ``usd_high`` bound what the job may have cost, in USD, by the model's price in the spec.
    """

    def __init__(
        self, message: str, *, usd_low: float | None = None, usd_high: float | None = None, **rest: Unpack[ErrorFields]
    ) -> None:
        super().__init__(message, **rest)
        self.usd_low: float | None = usd_low
        self.usd_high: float | None = usd_high


class UnexpectedResponseError(SegmindLtxError):
    """The client cannot understand a response: it is not JSON, or lacks what the documents promise."""


class DownloadError(SegmindLtxError):
    """The video could not be downloaded or written; no partial file is left. ``url`` is the video's address."""

    def __init__(self, message: str, *, url: str | None = None, **rest: Unpack[ErrorFields]) -> None:
        super().__init__(message, **rest)
        self.url: str | None = url


class OutputExistsError(DownloadError, FileExistsError):
    """The file exists already, and was not changed."""


# contract: *.status.*
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
    """Return the class for an error status; `ServerError` or `APIStatusError` if the documents do not name it."""
    return _BY_STATUS.get(status, ServerError if status >= 500 else APIStatusError)
