"""The synchronous client."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import httpx

from segmind_ltx._setup import DEFAULT_RETRIES, DEFAULT_TIMEOUT, setup

if TYPE_CHECKING:
    from segmind_ltx._drive import Clock, Driver
    from segmind_ltx._wire import AnyLogger
    from segmind_ltx.ledger import Ledger
    from segmind_ltx.many import Outcome
    from segmind_ltx.video import JobStatus, Video
    from segmind_ltx_api.calls import AnyRequest, Generate, GenerateSync, ModelName, Submit


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
        return Video.of(self._driver.run(flow), self._driver)

    def result(self) -> Video:
        """Fetch the video of a job that has finished; raises `JobNotFinishedError` where it has not."""
        from segmind_ltx import _flows
        from segmind_ltx.video import Video

        flow = _flows.result(self._driver.env, self.id, self.model)
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
    - ``retries``: how often a free call is sent again at most, where no deadline bounds it; ``resends``: how often a
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
        retries: int = DEFAULT_RETRIES,
        resends: int | None = None,
        ledger: str | PathLike[str] | Ledger | None = None,
        logger: AnyLogger | None = None,
        clock: Clock | None = None,
    ) -> None:
        # Here, as in the other calls: to import what a program may come to use takes longer than it needs to start.
        from segmind_ltx._drive import Driver
        from segmind_ltx._line import Line
        from segmind_ltx._settings import api_key as read_key
        from segmind_ltx._settings import base_url as read_url

        try:
            key, url = read_key(api_key), read_url(base_url)
            line = Line(http, transport, proxy)
            chosen = setup(
                url,
                key,
                headers=headers,
                timeout=timeout,
                retries=retries,
                resends=resends,
                clock=clock,
                ledger=ledger,
                logger=logger,
            )
        finally:
            del api_key, headers  # A traceback that shows local variables would show what they hold.
        self._ledger_given = chosen.notes is ledger
        self._driver = Driver(line, chosen)

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
        from segmind_ltx._notes import carried
        from segmind_ltx._parameters import prepare

        prepared = prepare(model, parameters)
        with carried() as accepted:
            request_id = self._driver.run(_flows.submit(self._driver.env, prepared, accepted))
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
        from segmind_ltx import _flows
        from segmind_ltx._parameters import check_wait, prepare
        from segmind_ltx.video import Video

        # Before the job is paid for.
        checked = check_wait(DEFAULT_TIMEOUT if timeout is None else timeout)
        prepared = prepare(model, parameters)
        # One flow, so that an interrupt between the two knows the id as well.
        flow = _flows.generate(self._driver.env, prepared, timeout=checked, interval=None, on_status=on_status)
        return Video.of(self._driver.run(flow), self._driver)

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
        return Video.of(self._driver.run(flow), self._driver)

    def job(self, request_id: str, model: ModelName | None = None) -> Job:
        """Take up a job that was submitted before, by this process or another one.

        The model's name, where you know it, only helps to choose when to poll.
        """
        from segmind_ltx._parameters import check_request_id

        return Job(self._driver, check_request_id(request_id), model)

    def generate_many(
        self,
        requests: Iterable[AnyRequest],
        *,
        concurrency: int = 8,
        timeout: float = DEFAULT_TIMEOUT,
        interval: float | None = None,
        on_status: Callable[[JobStatus], object] | None = None,
    ) -> Generator[Outcome[Video]]:
        """Submit many jobs, and yield an `Outcome` of each as it ends: its video, or why there is none.

        At most ``concurrency`` jobs are paid for and not yet yielded at any time, so ``requests`` is drawn on only as
        far as that allows, and where you stop, no further job begins. What is in flight then goes on at the service;
        a warning names the ids. ``timeout`` and ``interval`` are those of `Job.wait`, for each job. A few threads
        make the calls of all jobs; ``on_status`` is called from them.
        """
        from segmind_ltx.many import generate_many

        return generate_many(self._driver, requests, concurrency, timeout, interval, on_status)

    def close(self) -> None:
        """Close the connections."""
        self._driver.close()
        if not self._ledger_given:
            self._driver.notes.close()

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
