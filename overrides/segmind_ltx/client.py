"""The synchronous client."""

from __future__ import annotations

import os
from collections.abc import Callable
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import httpx

from segmind_ltx._drive import Clock, Driver, SystemClock
from segmind_ltx._notes import ACCEPTED, ANSWERED, COMPLETED, Notes
from segmind_ltx._settings import LEDGER_VARIABLE
from segmind_ltx._settings import api_key as _api_key
from segmind_ltx._settings import base_url as _base_url

if TYPE_CHECKING:
    from segmind_ltx.ledger import Ledger
    from segmind_ltx.video import JobStatus, Video
    from segmind_ltx_api.calls import Generate, GenerateSync, ModelName, Submit

DEFAULT_TIMEOUT: Final = 900.0
"""Seconds for which a job is waited for: several times what the slowest model usually takes."""
DEFAULT_RETRIES: Final = 4


def notes_of(ledger: str | PathLike[str] | Ledger | None) -> Notes:
    """Where paid calls are noted. Raises `ConfigurationError` where the file cannot be used."""
    ledger = ledger or os.environ.get(LEDGER_VARIABLE)
    if not ledger:
        return Notes()
    from segmind_ltx.ledger import Ledger

    return ledger if isinstance(ledger, Ledger) else Ledger(ledger)


class Job:
    """A submitted job. It lives on the server: another process takes it up with ``client.job(id)``.

    ``id`` is the request id; ``model`` the model's name, where it is known.
    """

    def __init__(
        self, driver: Driver, request_id: str, model: str | None = None, submitted: float | None = None
    ) -> None:
        self.id: str = request_id
        self.model: str | None = model
        self._driver, self._submitted = driver, submitted

    def __repr__(self) -> str:
        return f"Job({self.id!r}, model={self.model!r})"

    def status(self) -> JobStatus:
        """Ask for the job's state, once. A FAILED job is a state here, not an exception."""
        from segmind_ltx import _flows

        return self._driver.run(_flows.status(self._driver.env, self.id))

    def wait(
        self,
        timeout: float = DEFAULT_TIMEOUT,
        *,
        interval: float | None = None,
        on_status: Callable[[JobStatus], object] | None = None,
    ) -> Video:
        """Wait for the job to end, and give its video.

        ``timeout`` and ``interval`` are in seconds; without an interval the polls follow the model's usual
        duration. ``on_status`` is called at each change of state. Raises `JobFailedError`, and `WaitTimeoutError`
        when the time is over: the job goes on, and can be waited for again.
        """
        from segmind_ltx import _flows
        from segmind_ltx.video import Video

        flow = _flows.wait(
            self._driver.env,
            self.id,
            self.model,
            timeout=timeout,
            submitted=self._submitted,
            interval=interval,
            on_status=on_status,
        )
        with self._driver.notes.following(self.id):
            video = Video.of(self._driver.run(flow), self._driver)
        self._driver.notes.note(self.id, COMPLETED, cost=video.cost)
        return video

    def result(self) -> Video:
        """Fetch the video of a job that has finished; raises `JobNotFinishedError` where it has not."""
        from segmind_ltx import _flows
        from segmind_ltx.video import Video

        flow = _flows.result(self._driver.env, self.id, self.model)
        with self._driver.notes.following(self.id):
            video = Video.of(self._driver.run(flow), self._driver)
        self._driver.notes.note(self.id, COMPLETED, cost=video.cost)
        return video


class Client:
    """A client for the five LTX models.

    ``api_key`` and ``base_url`` default to SEGMIND_API_KEY and SEGMIND_BASE_URL, and the latter to the live
    service. ``http`` is an `httpx.Client` of your own (proxies, transports, limits); it is not closed with this
    one. ``ledger`` is the path of a file that keeps account of every paid call (`segmind_ltx.ledger`), by default
    SEGMIND_LEDGER's; a `Ledger` of your own is not closed with this client.
    ``retries`` is how often a call that cannot pay twice is sent again at most. Raises `ConfigurationError`.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        http: httpx.Client | None = None,
        retries: int = DEFAULT_RETRIES,
        clock: Clock | None = None,
        ledger: str | PathLike[str] | Ledger | None = None,
    ) -> None:
        try:
            key, url = _api_key(api_key), _base_url(base_url)
        finally:
            del api_key  # A traceback that shows local variables would show it.
        notes = notes_of(ledger)
        self._owned, self._notes_given = http is None, isinstance(ledger, Notes)
        self._driver = Driver(http or httpx.Client(), url, key, clock or SystemClock(), retries, notes)

    def __repr__(self) -> str:
        return f"Client(base_url={self._driver.base_url!r})"

    def _submit(self, model: Any, /, **parameters: Any) -> Job:
        """Submit a job. Once this returns, the job is accepted and billed; keep its ``id``.

        Takes a model's name and its parameters, or a request object. Everything is checked against the documents
        first: `ParameterError` names each parameter that is wrong, and nothing was sent then. What is left out
        stays out, so that the service's own defaults hold. Raises `SubmitUncertainError` where the answer was
        lost: it is never sent again then, since that could pay twice.
        """
        from segmind_ltx import _flows
        from segmind_ltx._parameters import prepare

        prepared = prepare(model, parameters)
        driver = self._driver
        with driver.notes.paying(prepared.model.slug, prepared.request.to_dict(), driver.base_url) as settle:
            request_id = driver.run(_flows.submit(driver.env, prepared))
            settle(ACCEPTED, request_id)
        return Job(self._driver, request_id, prepared.model.slug, self._driver.env.now())

    def _generate(
        self,
        model: Any,
        /,
        *,
        timeout: float | None = None,
        on_status: Callable[[JobStatus], object] | None = None,
        **parameters: Any,
    ) -> Video:
        """Submit a job and wait for its video: `submit` and `Job.wait` in one."""
        from segmind_ltx._parameters import check_wait

        # Before the job is paid for.
        checked = check_wait(DEFAULT_TIMEOUT if timeout is None else timeout)
        job = self._submit(model, **parameters)
        return job.wait(checked, on_status=on_status)

    def _generate_sync(self, model: Any, /, *, timeout: float | None = None, **parameters: Any) -> Video:
        """Make one blocking v1 call, and give its video.

        A connection that breaks while it blocks loses a paid video (`SubmitUncertainError`); prefer `generate`.
        ``timeout`` bounds the silence on the line, in seconds.
        """
        from segmind_ltx import _flows
        from segmind_ltx._parameters import prepare
        from segmind_ltx.video import Video

        prepared = prepare(model, parameters)
        flow = _flows.generate_sync(self._driver.env, prepared, DEFAULT_TIMEOUT if timeout is None else timeout)
        driver = self._driver
        with driver.notes.paying(prepared.model.slug, prepared.request.to_dict(), driver.base_url) as settle:
            video = Video.of(driver.run(flow), driver)
            settle(ANSWERED, None)
        return video

    def job(self, request_id: str, model: ModelName | None = None) -> Job:
        """Take up a job that was submitted before, by this process or another one.

        The model's name, where you know it, only helps to choose when to poll.
        """
        from segmind_ltx._parameters import check_request_id

        return Job(self._driver, check_request_id(request_id), model)

    def close(self) -> None:
        """Close the connections."""
        if not self._notes_given:
            self._driver.notes.close()
        if self._owned:
            self._driver.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # Type checkers see each model's own parameters, from the generated signatures.
    if TYPE_CHECKING:
        submit: Submit[Job]
        generate: Generate[Video, JobStatus]
        generate_sync: GenerateSync[Video]
    else:
        submit, generate, generate_sync = _submit, _generate, _generate_sync
