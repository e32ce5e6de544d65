"""The names of the vendor's SDK (``segmind`` 1.x), on top of this client.

Only the import line changes, to one of::

    from segmind_ltx.compat import SegmindClient, InferenceFailed, InferenceTimeout
    from segmind_ltx import compat as segmind

As in the SDK, a response is the JSON object that the service sent. Unlike there, parameters are checked before they are
sent, and every exception has the request id. Only the inference calls are here, for the LTX models.
"""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from functools import lru_cache
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from segmind_ltx.client import Client, Job
from segmind_ltx.errors import JobFailedError, JobNotFinishedError, SegmindLtxError, WaitTimeoutError
from segmind_ltx_api.contract import get_request, get_request_status

__all__ = [
    "AsyncJob",
    "InferenceFailed",
    "InferenceTimeout",
    "SegmindClient",
    "SegmindError",
    "run",
    "run_sync",
    "submit_async",
]

E = TypeVar("E", bound=SegmindLtxError)

_AS_THERE = {"accept": "*/*"}
"""The vendor's client prefers no type, so the service decides whether `run_sync` gets bytes or JSON."""

SegmindError = SegmindLtxError
"""The root of the exceptions; ``status`` and ``detail`` are as in the vendor's SDK."""


class InferenceFailed(JobFailedError):  # noqa: N818 - the vendor's name
    """The job FAILED; ``detail`` says why, ``status_body`` is the service's response."""

    @property
    def status_body(self) -> Mapping[str, Any]:
        """Return the JSON response that reported the failure."""
        return self.body or {}


class InferenceTimeout(WaitTimeoutError):  # noqa: N818 - the vendor's name
    """The deadline passed; the job goes on under ``request_id``. ``elapsed_s`` is in seconds."""

    @property
    def elapsed_s(self) -> float:
        """Return how long the call waited, in seconds."""
        return self.elapsed


class AsyncJob:
    """A submitted job, under the vendor's name for it. It is not ``async``."""

    def __init__(self, job: Job, base_url: str) -> None:
        self._job = job
        self.request_id: str = job.id
        # Built from the id, not read from the response: the key goes to the API's own host alone.
        self.status_url: str = base_url + get_request_status(job.id)["url"]
        self.response_url: str = base_url + get_request(job.id)["url"]

    def __repr__(self) -> str:
        return f"AsyncJob(request_id={self.request_id!r})"

    def status(self) -> dict[str, Any]:
        """Fetch the status response."""
        return dict(self._job.status().raw)

    def result(self) -> dict[str, Any]:
        """Fetch the final response of a job; if the job has not finished, its current one."""
        try:
            return dict(self._job.result().raw)
        except (JobFailedError, JobNotFinishedError) as error:
            return dict(error.body or {})

    def wait(self, timeout: float = 600.0, interval: float | None = None) -> dict[str, Any]:
        """Wait for the job to end, and return the final response; both times are in seconds.

        Raises `InferenceFailed` if the job failed, and `InferenceTimeout` if the timeout passes.
        """
        try:
            return dict(self._job.wait(timeout, poll_interval=interval).raw)
        except JobFailedError as error:
            raise _as_class(error, InferenceFailed) from None
        except WaitTimeoutError as error:
            raise _as_class(error, InferenceTimeout) from None


class SegmindClient:
    """The vendor's client, with the calls that the LTX models need. ``timeout`` is the HTTP timeout of a v1 call."""

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float | None = None,
        *,
        http: httpx.Client | None = None,
    ) -> None:
        try:
            self._client = Client(api_key, base_url, http=http, headers=_AS_THERE)
        finally:
            del api_key  # A traceback that shows local variables would show it.
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"Segmind{self._client!r}"

    def submit_async(self, slug: str, **params: Any) -> AsyncJob:
        """Submit a job, and return it."""
        submit: Any = self._client.submit
        return AsyncJob(submit(slug, **params), self._client.base_url)

    def run(self, slug: str, **params: Any) -> dict[str, Any]:
        """Submit a job, and wait for it up to 600 s."""
        return self.submit_async(slug, **params).wait()

    def run_sync(self, slug: str, **params: Any) -> httpx.Response:
        """Make one blocking v1 call; the response has ``.content`` or ``.json()``, as in the SDK."""
        generate: Any = self._client.generate_blocking
        video = generate(slug, timeout=params.pop("timeout", self._timeout), **params)
        if video.content is None:
            return httpx.Response(200, json=dict(video.raw))
        return httpx.Response(200, content=video.content, headers={"content-type": video.content_type or "video/mp4"})

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


@lru_cache(maxsize=1)
def _default_client() -> SegmindClient:
    """Return the client of the functions below, made from the environment at the first call."""
    client = SegmindClient()
    atexit.register(client.close)
    return client


def run(slug: str, **params: Any) -> dict[str, Any]:
    """Submit a job, and wait for it up to 600 s."""
    return _default_client().run(slug, **params)


def run_sync(slug: str, **params: Any) -> httpx.Response:
    """Make one blocking v1 call; the response has ``.content`` or ``.json()``, as there."""
    return _default_client().run_sync(slug, **params)


def submit_async(slug: str, **params: Any) -> AsyncJob:
    """Submit a job."""
    return _default_client().submit_async(slug, **params)


def _as_class(error: SegmindLtxError, kind: type[E]) -> E:
    renamed = kind(*error.args)
    renamed.__dict__.update(error.__dict__)
    return renamed
