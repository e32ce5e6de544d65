"""The synchronous client."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import httpx

from segmind_ltx._clock import Clock
from segmind_ltx._config import DEFAULT_RETRIES, DEFAULT_TIMEOUT, check_options, read_api_key, read_base_url
from segmind_ltx._core import submit, wait
from segmind_ltx._core.effects import AnyLogger
from segmind_ltx._core.journal import attaching_request_id
from segmind_ltx._core.parameters import check_request_id, check_wait, prepare
from segmind_ltx._core.results import JobStatus
from segmind_ltx._http.driver import Driver
from segmind_ltx._http.transport import Transport
from segmind_ltx._many.generate import LabelledRequest, ManyOptions, Outcome, generate_many
from segmind_ltx.ledger import Ledger, open_ledger
from segmind_ltx.video import Video
from segmind_ltx_api.calls import AnyRequest, Generate, GenerateBlocking, ModelName, Submit


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
        return self._driver.run(wait.status(self._driver.env, self.id))

    def wait(
        self,
        timeout: float = DEFAULT_TIMEOUT,
        *,
        poll_interval: float | None = None,
        on_status: Callable[[JobStatus], object] | None = None,
    ) -> Video:
        """Wait for the job to end, and give its video.

        ``timeout`` and ``poll_interval`` are in seconds; without an interval the polls follow the model's usual
        duration. ``on_status`` is called at each change of state. Raises `JobFailedError`, and `WaitTimeoutError`
        when the time is over: the job goes on, and can be waited for again.
        """
        flow = wait.wait(
            self._driver.env,
            self.id,
            self.model,
            timeout=timeout,
            submitted=self._submitted,
            poll_interval=poll_interval,
            on_status=on_status,
        )
        return Video.of(self._driver.run(flow), self._driver)

    def result(self) -> Video:
        """Fetch the video of a job that has finished; raises `JobNotFinishedError` where it has not."""
        flow = wait.result(self._driver.env, self.id, self.model)
        return Video.of(self._driver.run(flow), self._driver)


class Client:
    """A client for the five LTX models.

    ``api_key`` and ``base_url`` default to SEGMIND_API_KEY and SEGMIND_BASE_URL, and the latter to the live
    service. Raises `ConfigurationError`.

    - ``http``: an `httpx.Client` of your own; it is not closed with this one. Where threads share it, let its limits
      keep as many connections as it may have: above 20 httpx closes some that are in use. Or ``transport`` and
      ``proxy``, as httpx takes them, for a client that is made here.
    - ``headers`` go along with each call to the API, and to no other host.
    - ``timeout``: the longest silence on the line, in seconds; by default 60 for a submit and 30 for the rest. A
      silent submit ends in `SubmitUncertainError`, so be generous.
    - ``max_retries``: how often a free call is sent again at most, where no deadline bounds it; ``max_submit_retries``: how often a
      submit is, where that cannot pay twice (by default as often). Each repetition is logged as a warning.
    - ``ledger``: the path of a file that keeps account of every paid call (`segmind_ltx.ledger`), by default
      SEGMIND_LEDGER's; a `Ledger` of your own is not closed with this client.
    - ``logger`` replaces ``logging.getLogger("segmind_ltx")``; ``clock`` the machine's clock, for tests.
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
        max_retries: int = DEFAULT_RETRIES,
        max_submit_retries: int | None = None,
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
                clock=clock,
                logger=logger,
            )
        finally:
            del api_key, headers  # A traceback that shows local variables would show what they hold.
        api_transport, journal = Transport(http, transport, proxy), open_ledger(ledger)
        self._owns_ledger = journal is not ledger
        self._driver = Driver(api_transport, options, journal)

    @property
    def base_url(self) -> str:
        """The address of the API, without a slash at its end."""
        return self._driver.base_url

    def __repr__(self) -> str:
        return f"Client(base_url={self._driver.base_url!r})"

    def _submit(self, model: Any, /, **parameters: Any) -> Job:
        """Submit a job. Once this returns, the job is accepted and billed; keep its ``id``.

        Takes a model's name and its parameters, or a request object. Everything is checked against the documents
        first: `ParameterError` names each parameter that is wrong, and nothing was sent then. What is left out
        stays out, so that the service's own defaults hold. Raises `SubmitUncertainError` where the answer was
        lost: it is never sent again then, since that could pay twice.
        """
        prepared = prepare(model, parameters)
        with attaching_request_id() as accepted:
            request_id = self._driver.run(submit.submit(self._driver.env, prepared, accepted))
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
        # Before the job is paid for.
        checked = check_wait(DEFAULT_TIMEOUT if timeout is None else timeout)
        prepared = prepare(model, parameters)
        # One flow, so that an interrupt between the two knows the id as well.
        flow = wait.generate(self._driver.env, prepared, timeout=checked, poll_interval=None, on_status=on_status)
        return Video.of(self._driver.run(flow), self._driver)

    def _generate_blocking(self, model: Any, /, *, timeout: float | None = None, **parameters: Any) -> Video:
        """Make one blocking v1 call, and give its video.

        A connection that breaks while it blocks loses a paid video (`SubmitUncertainError`); prefer `generate`.
        ``timeout`` bounds the silence on the line, in seconds.
        """
        prepared = prepare(model, parameters)
        flow = submit.generate_blocking(self._driver.env, prepared, DEFAULT_TIMEOUT if timeout is None else timeout)
        return Video.of(self._driver.run(flow), self._driver)

    def job(self, request_id: str, model: ModelName | None = None) -> Job:
        """Take up a job that was submitted before, by this process or another one.

        The model's name, where you know it, only helps to choose when to poll.
        """
        return Job(self._driver, check_request_id(request_id), model)

    def generate_many(
        self,
        requests: Iterable[AnyRequest | LabelledRequest],
        *,
        concurrency: int = 8,
        timeout: float = DEFAULT_TIMEOUT,
        poll_interval: float | None = None,
        on_status: Callable[[JobStatus], object] | None = None,
    ) -> Generator[Outcome[Video]]:
        """Submit many jobs, and yield an `Outcome` of each as it ends: its video, or why there is none.

        Each of ``requests`` is a request object, or a `LabelledRequest` with your own name for it.

        At most ``concurrency`` jobs are paid for and not yet yielded at any time, so ``requests`` is drawn on only as
        far as that allows, and where you stop, no further job begins. What is in flight then goes on at the service;
        a warning names the ids. ``timeout`` and ``poll_interval`` are those of `Job.wait`, for each job. A few threads
        make the calls of all jobs; ``on_status`` is called from them.
        """
        options = ManyOptions(concurrency, timeout, poll_interval, on_status)
        return generate_many(self._driver, requests, options, lambda facts: Video.of(facts, self._driver))

    def close(self) -> None:
        """Close the connections."""
        self._driver.close()
        if self._owns_ledger:
            self._driver.journal.close()

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
        generate_blocking: GenerateBlocking[Video]
    else:
        submit, generate, generate_blocking = _submit, _generate, _generate_blocking
