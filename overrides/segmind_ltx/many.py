"""Many jobs at once: what ``generate_many`` gives, and how far it draws on the requests."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterable, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final, Generic, TypeVar

from attrs import frozen

from segmind_ltx import _flows
from segmind_ltx._acrew import async_crew
from segmind_ltx._agenda import Task
from segmind_ltx._crew import Crew
from segmind_ltx._drive import AsyncDriver, Driver
from segmind_ltx._parameters import check_wait, prepare
from segmind_ltx._wire import Env
from segmind_ltx.errors import JobFailedError, ParameterError
from segmind_ltx.video import AsyncVideo, JobStatus, Video
from segmind_ltx_api.calls import AnyRequest

V = TypeVar("V", bound=Video | AsyncVideo)

MOST: Final = 128
"""Calls under way at once at most, whatever the number of jobs; fewer where the server is near (`_agenda.Pace`)."""


@frozen(kw_only=True)
class Outcome(Generic[V]):
    """How one job of many ended: with a ``video``, or with an ``error``, which says whether it cost money.

    ``index`` is the request's position from 0; ``request_id`` is there as soon as the job was accepted.
    """

    index: int
    request: AnyRequest
    request_id: str | None
    video: V | None
    error: Exception | None

    def result(self) -> V:
        """The video; raises the error where there is none."""
        if self.video is None:
            raise self.error or RuntimeError("an outcome has a video or an error")
        return self.video


class _Intake:
    """Draws on the requests, so that never more than so many jobs are paid for and not yet handed over."""

    def __init__(
        self,
        env: Env,
        requests: Iterable[AnyRequest],
        concurrency: int,
        timeout: float,
        interval: float | None,
        on_status: Callable[[JobStatus], object] | None,
    ) -> None:
        if not _is_count(concurrency):
            raise ParameterError(f"concurrency={concurrency!r} is not a number of jobs; use 1 or more")
        check_wait(timeout, interval)
        self.running: dict[int, Task] = {}
        self._env, self._most, self._told = env, concurrency, ""
        self._source: Iterator[tuple[int, AnyRequest]] = enumerate(requests)
        self._options: dict[str, Any] = {"timeout": timeout, "interval": interval, "on_status": on_status}

    def new(self) -> Iterator[Task]:
        """As many tasks as may begin now."""
        while len(self.running) < self._most:
            item = next(self._source, None)
            if item is None:
                return
            task = Task(*item)
            try:
                # One request that is wrong does not end the others; nothing is sent for it.
                prepared = prepare(task.request, {})
            except ParameterError as error:
                task.error = error
            else:
                task.flow = _flows.generate(self._env, prepared, **self._options, accepted=task.accepted)
            self.running[task.index] = task
            yield task

    def left_alone(self, error: BaseException | None = None) -> None:
        """Tell of the jobs that are paid for, or may be, and not handed over: they go on, or have ended unseen."""
        running = list(self.running.values())
        ids = [task.request_id for task in running if task.request_id and not isinstance(task.error, JobFailedError)]
        lost = [str(task.index) for task in running if task.lost]
        words: list[str] = []
        if ids:
            words.append(
                f"{len(ids)} jobs go on and are billed; take them up again with client.job(id): {', '.join(ids)}"
            )
        if lost:
            words.append(
                f"of {len(lost)} requests a job may exist, and be billed, that nobody knows the id of; look into your "
                f"account before you submit them again; their indexes are {', '.join(lost)}"
            )
        text = ". ".join(words)
        if text and text != self._told:
            self._told = text
            self._env.log.warning("%s", text)
        if text and error is not None:
            error.add_note(f"segmind-ltx: {text}")


def generate_many(
    driver: Driver,
    requests: Iterable[AnyRequest],
    concurrency: int,
    timeout: float,
    interval: float | None,
    on_status: Callable[[JobStatus], object] | None,
) -> Generator[Outcome[Video]]:
    """See `Client.generate_many`. Raises `ParameterError` at once where an argument is wrong."""
    intake = _Intake(driver.env, requests, concurrency, timeout, interval, on_status)
    return _outcomes(driver, intake, min(concurrency, MOST))


def _outcomes(driver: Driver, intake: _Intake, size: int) -> Generator[Outcome[Video]]:
    stopped: BaseException | None = None
    try:
        with Crew(driver, size, intake.left_alone) as crew:
            while True:
                for task in intake.new():
                    if task.ended:
                        yield _outcome(intake, task, None)
                    else:
                        crew.add(task)
                if not intake.running:
                    return
                task = crew.next_ended()
                yield _outcome(intake, task, Video.of(task.facts, driver) if task.facts else None)
    except BaseException as error:
        stopped = error
        raise
    finally:
        intake.left_alone(stopped)


@asynccontextmanager
async def agenerate_many(
    driver: AsyncDriver,
    requests: Iterable[AnyRequest],
    concurrency: int,
    timeout: float,
    interval: float | None,
    on_status: Callable[[JobStatus], object] | None,
) -> AsyncGenerator[AsyncIterator[Outcome[AsyncVideo]]]:
    """See `AsyncClient.generate_many`."""
    intake = _Intake(driver.env, requests, concurrency, timeout, interval, on_status)

    async def outcomes() -> AsyncGenerator[Outcome[AsyncVideo]]:
        while True:
            for task in intake.new():
                if task.ended:
                    yield _outcome(intake, task, None)
                else:
                    crew.add(task)
            if not intake.running:
                return
            task = await crew.ended.receive()
            yield _outcome(intake, task, AsyncVideo.of(task.facts, driver) if task.facts else None)

    stopped: BaseException | None = None
    try:
        async with async_crew(driver, min(concurrency, MOST)) as crew, aclosing(outcomes()) as found:
            yield found
    except BaseException as error:
        stopped = error
        raise
    finally:
        intake.left_alone(stopped)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _outcome(intake: _Intake, task: Task, video: V | None) -> Outcome[V]:
    del intake.running[task.index]
    return Outcome(index=task.index, request=task.request, request_id=task.request_id, video=video, error=task.error)
