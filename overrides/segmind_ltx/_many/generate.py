"""Generate many videos: yield an outcome for each request, and draw on the requests only as fast as jobs end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Generator, Iterable
from contextlib import aclosing, asynccontextmanager, closing
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

from attrs import frozen

from segmind_ltx._core import wait
from segmind_ltx._core.effects import Context
from segmind_ltx._core.parameters import check_wait, prepare
from segmind_ltx._core.results import JobStatus, VideoFacts
from segmind_ltx._http.base_driver import NOTED
from segmind_ltx._http.driver import Driver
from segmind_ltx._many.scheduler import JobTask
from segmind_ltx._many.source import Reader, check_source, open_source
from segmind_ltx._many.workers import WorkerPool
from segmind_ltx.errors import JobFailedError, ParameterError
from segmind_ltx_api.calls import AnyRequest

if TYPE_CHECKING:
    from segmind_ltx._http.async_driver import AsyncDriver

V = TypeVar("V")

MAX_CALLS: Final = 128
"""The most calls in flight at once; `_many.scheduler.ConcurrencyLimit` allows fewer if the server is near."""


@frozen
class LabelledRequest:
    """A request for `generate_many` with a label: your own name for it, in its `Outcome` and in its ledger row.

    Raises `ParameterError` if the label is not a text of at least one printable character.
    """

    request: AnyRequest
    label: str

    def __attrs_post_init__(self) -> None:
        if not _is_label(self.label):
            raise ParameterError(f"label={self.label!r} is not a label; use a str of one or more printable characters")


@frozen(kw_only=True)
class Outcome(Generic[V]):
    """The end of one of many jobs: a ``video``, or an ``error``, which says whether the job was billed.

    ``index`` is the request's position, from 0; ``label`` the label of a `LabelledRequest`, else None; ``request_id``
    is None if no job was accepted.
    """

    index: int
    request: AnyRequest
    label: str | None
    request_id: str | None
    video: V | None
    error: Exception | None

    def result(self) -> V:
        """Return the video, or raise the error if the job has no video."""
        if self.video is None:
            raise self.error or RuntimeError("an outcome has a video or an error")
        return self.video


class ManyOptions(NamedTuple):
    """How to wait for each job, and how many may be paid for and not yet yielded. Times are in seconds."""

    concurrency: int
    timeout: float
    poll_interval: float | None
    on_status: Callable[[JobStatus], object] | None


Request = AnyRequest | LabelledRequest


class _Jobs:
    """Turn requests into tasks, so that no more than ``concurrency`` jobs are paid for and not yet yielded."""

    def __init__(self, context: Context, options: ManyOptions) -> None:
        if not _is_count(options.concurrency):
            raise ParameterError(f"concurrency={options.concurrency!r} is not a number of jobs; use 1 or more")
        check_wait(options.timeout, options.poll_interval, options.on_status)
        self.running: dict[int, JobTask] = {}
        self._context, self._options, self._warned = context, options, ""
        self._count = 0

    def new(self, reader: Reader[Request]) -> list[JobTask]:
        """Return as many new tasks as may start now, of the requests that were read."""
        return [self._start(item) for item in reader.take(self._options.concurrency - len(self.running))]

    def _start(self, item: Request) -> JobTask:
        task = _task(self._count, item)
        self._count += 1
        try:
            # If a request is invalid, it does not end the others; nothing is sent for it.
            prepared = prepare(task.request, {}, task.label)
        except ParameterError as error:
            task.error = error
        else:
            task.flow = wait.generate(
                self._context,
                prepared,
                timeout=self._options.timeout,
                poll_interval=self._options.poll_interval,
                on_status=self._options.on_status,
                on_accepted=task.on_accepted,
            )
        self.running[task.index] = task
        return task

    def outcome(self, task: JobTask, wrap: Callable[[VideoFacts], V]) -> Outcome[V]:
        """Return the outcome of an ended task, and stop tracking its job."""
        del self.running[task.index]
        video = wrap(task.facts) if task.facts else None
        return Outcome(
            index=task.index,
            request=task.request,
            label=task.label,
            request_id=task.request_id,
            video=video,
            error=task.error,
        )

    def warn_unfinished(self, error: BaseException | None = None) -> None:
        """Log the jobs that are or may be billed and were not yielded; if there is an ``error``, add a note to it."""
        running = list(self.running.values())
        ids = [task.request_id for task in running if task.request_id and not isinstance(task.error, JobFailedError)]
        unknown = [str(task.index) for task in running if task.possibly_billed]
        warnings: list[str] = []
        if ids:
            warnings.append(
                f"{len(ids)} jobs go on and are billed; take them up again with client.job(id): {', '.join(ids)}"
            )
        if unknown:
            warnings.append(
                f"for {len(unknown)} requests a job may exist and be billed, but its id is unknown; check your "
                f"account before you submit them again. Their indexes are {', '.join(unknown)}"
            )
        text = ". ".join(warnings)
        if text and text != self._warned:
            self._warned = text
            self._context.log.warning("%s", text, extra=NOTED)
        if text and error is not None:
            error.add_note(f"segmind-ltx: {text}")


def _task(index: int, item: Request) -> JobTask:
    if isinstance(item, LabelledRequest):
        return JobTask(index, item.request, item.label)
    return JobTask(index, item)


def generate_many(
    driver: Driver,
    requests: Iterable[Request],
    options: ManyOptions,
    wrap: Callable[[VideoFacts], V],
) -> Generator[Outcome[V]]:
    """Yield the outcomes; see `Client.generate_many`. Raises `ParameterError` at once if an argument is invalid."""
    check_source(requests, Iterable, "AsyncClient reads async iterables as well")
    return _outcomes(driver, requests, _Jobs(driver.context, options), min(options.concurrency, MAX_CALLS), wrap)


def _outcomes(
    driver: Driver, requests: Iterable[Request], jobs: _Jobs, limit: int, wrap: Callable[[VideoFacts], V]
) -> Generator[Outcome[V]]:
    stopped: BaseException | None = None
    try:
        with (
            WorkerPool(driver, limit, jobs.warn_unfinished) as pool,
            closing(open_source(requests, pool.wake)) as reader,
        ):
            while jobs.running or not reader.exhausted:
                new = jobs.new(reader)
                for task in new:
                    if task.ended:
                        yield jobs.outcome(task, wrap)
                    else:
                        pool.add(task)
                if not new and (jobs.running or not reader.exhausted):
                    ended = pool.next_ended()
                    if ended is not None:
                        yield jobs.outcome(ended, wrap)
    except BaseException as error:
        stopped = error
        raise
    finally:
        jobs.warn_unfinished(stopped)


@asynccontextmanager
async def agenerate_many(
    driver: AsyncDriver,
    requests: Iterable[Request] | AsyncIterable[Request],
    options: ManyOptions,
    wrap: Callable[[VideoFacts], V],
) -> AsyncGenerator[AsyncIterator[Outcome[V]]]:
    """Yield an iterator over the outcomes; see `AsyncClient.generate_many`."""
    from segmind_ltx._many.async_workers import async_worker_pool  # Only the async client needs anyio.

    check_source(requests, Iterable | AsyncIterable, "use a list, a generator or an async generator")
    jobs = _Jobs(driver.context, options)

    async def outcomes() -> AsyncGenerator[Outcome[V]]:
        while jobs.running or not reader.exhausted:
            new = jobs.new(reader)
            for task in new:
                if task.ended:
                    yield jobs.outcome(task, wrap)
                else:
                    pool.add(task)
            if not new and (jobs.running or not reader.exhausted):
                ended = await pool.ended.receive()
                if ended is not None:
                    yield jobs.outcome(ended, wrap)

    stopped: BaseException | None = None
    try:
        limit = min(options.concurrency, MAX_CALLS)
        async with async_worker_pool(driver, limit) as pool, aclosing(outcomes()) as found:
            with closing(pool.read(requests)) as reader:
                yield found
    except BaseException as error:
        stopped = error
        raise
    finally:
        jobs.warn_unfinished(stopped)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_label(value: object) -> bool:
    return isinstance(value, str) and value.isprintable() and value != ""
