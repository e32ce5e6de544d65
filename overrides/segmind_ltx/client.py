"""The synchronous client."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import httpx

from segmind_ltx._clock import Clock
from segmind_ltx._config import DEFAULT_MAX_RETRIES, DEFAULT_TIMEOUT, check_options, read_api_key, read_base_url
from segmind_ltx._core import submit, wait
from segmind_ltx._core.effects import AnyLogger
from segmind_ltx._core.journal import attaching_request_id
from segmind_ltx._core.parameters import check_request_id, check_wait, prepare
from segmind_ltx._core.results import JobStatus
from segmind_ltx._core.signatures import describe
from segmind_ltx._core.upload import upload
from segmind_ltx._http.driver import Driver
from segmind_ltx._http.transport import Transport
from segmind_ltx._postgres.journals import open_journal
from segmind_ltx.ledger import Ledger
from segmind_ltx.video import Video
from segmind_ltx_api.calls import AnyRequest, ModelName, PaidCalls

if TYPE_CHECKING:
    from segmind_ltx._many.generate import LabelledRequest, Outcome


class Job:
    """A submitted job. It lives on the server: another process can resume it with ``client.job(id)``.

    ``id`` is the request id; ``model`` the model's name, if known.
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
        """Fetch the job's state, once. A FAILED job is a state here, not an exception."""
        return self._driver.run(wait.status(self._driver.context, self.id, self._submitted))

    def wait(
        self,
        timeout: float = DEFAULT_TIMEOUT,
        *,
        poll_interval: float | None = None,
        on_status: Callable[[JobStatus], object] | None = None,
    ) -> Video:
        """Wait for the job to end, and return its video.

        ``timeout`` and ``poll_interval`` are in seconds, 0 to 1,000,000. If no interval is given, the polls follow the
        model's usual duration. ``on_status`` is called at each change of state. Raises `JobFailedError`, and
        `WaitTimeoutError` if the timeout passes: the job goes on, and you can wait for it again.
        """
        flow = wait.wait(
            self._driver.context,
            self.id,
            self.model,
            timeout=timeout,
            submitted=self._submitted,
            poll_interval=poll_interval,
            on_status=on_status,
        )
        return Video.of(self._driver.run(flow), self._driver)

    def result(self) -> Video:
        """Fetch the video of a finished job.

        Raises `JobFailedError`, or `JobNotFinishedError` if it is still running.
        """
        flow = wait.result(self._driver.context, self.id, self.model, self._submitted)
        return Video.of(self._driver.run(flow), self._driver)


class Client(PaidCalls[Job, Video, JobStatus]):
    """A client for the five LTX models.

    ``api_key`` and ``base_url`` default to SEGMIND_API_KEY and SEGMIND_BASE_URL; without either, the base URL is the
    live service. Raises `ConfigurationError` if an argument is invalid or there is no key.

    - ``http``: an `httpx.Client` of your own, which this client does not close. If threads share it, raise its
      ``max_keepalive_connections`` to ``max_connections``: above 20, httpx closes connections that are in use. Or pass
      ``transport`` or ``proxy``, as httpx takes them.
    - ``headers``: sent with each call to the API, and to no other host.
    - ``timeout``: the longest silence on a connection, in seconds; by default 60 for a submit and 30 for other calls.
      If a submit times out, it raises `SubmitUncertainError`, so be generous.
    - ``max_retries``: the most retries of a free call, if no deadline bounds it. ``max_submit_retries``: the most
      retries of a submit, which is retried after a 429, and if it was not sent; by default ``max_retries``. Each retry
      logs a warning.
    - ``resend_on``: the server errors after which a submit is sent again as well, for example ``{500, 503}``; by
      default none. By the vendor's other pages they are not billed, but a gateway may hide an accepted job behind one.
    - ``ledger``: the path of a file that records every paid call (`segmind_ltx.ledger`); by default SEGMIND_LEDGER. If
      you pass a `Ledger`, this client does not close it. With the extra ``fleet``, also the address of a PostgreSQL
      database, ``postgresql://…``.
    - ``logger``: replaces ``logging.getLogger("segmind_ltx")``. ``clock``: replaces the system's clock in tests.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        http: httpx.Client | None = None,
        transport: httpx.BaseTransport | None = None,
        proxy: str | httpx.Proxy | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        max_retries: int = DEFAULT_MAX_RETRIES,
        max_submit_retries: int | None = None,
        resend_on: Iterable[int] = (),
        ledger: str | PathLike[str] | Ledger | None = None,
        logger: AnyLogger | None = None,
        clock: Clock | None = None,
    ) -> None:
        try:
            options = check_options(
                read_base_url(base_url),
                read_api_key(api_key),
                headers=headers,
                timeout=timeout,
                max_retries=max_retries,
                max_submit_retries=max_submit_retries,
                resend_on=resend_on,
                clock=clock,
                logger=logger,
            )
        finally:
            del api_key, headers  # A traceback that shows local variables would show their values.
        api_transport, journal = Transport(http, transport, proxy, options.base_url), open_journal(ledger)
        self._owns_ledger = journal is not ledger
        self._driver = Driver(api_transport, options, journal)

    @property
    def base_url(self) -> str:
        """The address of the API, without a slash at its end."""
        return self._driver.base_url

    def __repr__(self) -> str:
        return f"Client(base_url={self._driver.base_url!r})"

    def _submit(self, model: Any, **parameters: Any) -> Job:
        """Submit a job. Once this returns, the job is accepted and billed; keep its ``id``.

        Takes a model's name and its parameters, or a request object. If a parameter is invalid by the documents, raises
        `ParameterError`, which lists every problem, and sends nothing. Parameters that you leave out are not sent, so
        the service's own defaults apply. Raises `SubmitUncertainError` if the response is lost: the submit is not sent
        again, since that could pay twice.
        """
        prepared = prepare(model, parameters)
        with attaching_request_id() as accepted:
            request_id = self._driver.run(submit.submit(self._driver.context, prepared, accepted))
            return Job(self._driver, request_id, prepared.model.slug, self._driver.context.now())

    def _generate(
        self,
        model: Any,
        *,
        timeout: float | None = None,
        on_status: Callable[[JobStatus], object] | None = None,
        **parameters: Any,
    ) -> Video:
        """Submit a job and wait for its video: `submit` and `Job.wait` in one."""
        # Check before the job is paid for.
        checked = check_wait(DEFAULT_TIMEOUT if timeout is None else timeout, None, on_status)
        prepared = prepare(model, parameters)
        # One flow, so that an interrupt between submit and wait knows the id as well.
        flow = wait.generate(self._driver.context, prepared, timeout=checked, poll_interval=None, on_status=on_status)
        return Video.of(self._driver.run(flow), self._driver)

    def _generate_blocking(self, model: Any, *, timeout: float | None = None, **parameters: Any) -> Video:
        """Make one blocking v1 call, and return its video.

        If the connection breaks during the call, a paid video is lost (`SubmitUncertainError`); prefer `generate`.
        ``timeout`` bounds the silence on the connection, in seconds.
        """
        prepared = prepare(model, parameters)
        flow = submit.generate_blocking(self._driver.context, prepared, DEFAULT_TIMEOUT if timeout is None else timeout)
        return Video.of(self._driver.run(flow), self._driver)

    def job(self, request_id: str, model: ModelName | None = None) -> Job:
        """Resume a job that was submitted earlier, by this process or another one.

        The model's name, if you know it, only helps to choose when to poll. Raises `ParameterError` if
        ``request_id`` cannot be an id.
        """
        return Job(self._driver, check_request_id(request_id), model)

    def upload(self, path: str | PathLike[str]) -> str:
        """Upload an image to the vendor's asset store, and return its address, for a parameter such as ``image``.

        Without it, the path of an image is sent as a data URI. Graded P: the vendor's SDK does so. The store is on
        another host, https://workflows-api.segmind.com, unless ``base_url`` is not the vendor's. At most 20 MiB. Free;
        raises `ParameterError` if the image cannot be sent, and the errors of other free calls.
        """
        return self._driver.run(upload(self._driver.context, Path(path)))

    def generate_many(
        self,
        requests: Iterable[AnyRequest | LabelledRequest],
        *,
        concurrency: int = 8,
        timeout: float = DEFAULT_TIMEOUT,
        poll_interval: float | None = None,
        on_status: Callable[[JobStatus], object] | None = None,
    ) -> Generator[Outcome[Video]]:
        """Submit many jobs, and yield an `Outcome` of each as it ends: its video, or the error.

        Each of ``requests`` is a request object, or a `LabelledRequest` with your own name for it. At any time, at most
        ``concurrency`` jobs are paid for and not yet yielded, and ``requests`` is read only that far: in a thread of
        its own if it may block, which is anything but a list, a tuple or another collection. If you stop early, no
        further job is submitted; running jobs go on at the service, and a warning lists their ids.
        ``timeout`` and ``poll_interval`` are those of `Job.wait`, for each job. A few threads make the calls of all
        jobs, and call ``on_status``.
        """
        from segmind_ltx._many.generate import ManyOptions, generate_many  # A program that makes one video needs none.

        options = ManyOptions(concurrency, timeout, poll_interval, on_status)
        return generate_many(self._driver, requests, options, lambda facts: Video.of(facts, self._driver))

    def close(self) -> None:
        """Close the connections, and the ledger if this client opened it."""
        self._driver.close()
        if self._owns_ledger:
            self._driver.journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # Type checkers see each model's own parameters, in the base class.
    if not TYPE_CHECKING:
        submit = describe(_submit, PaidCalls.submit)
        generate = describe(_generate, PaidCalls.generate)
        generate_blocking = describe(_generate_blocking, PaidCalls.generate_blocking)
