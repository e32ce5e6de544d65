"""Shield a call from cancellation for a while."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio

T = TypeVar("T")


class Interrupted(Exception):  # noqa: N818 - a signal to the driver, never to users
    """The caller was cancelled by ``interrupt``. ``results`` has the result if it arrived within the grace."""

    def __init__(self, interrupt: BaseException, results: list[Any]) -> None:
        super().__init__()
        self.interrupt, self.results = interrupt, results


async def shielded(work: Callable[[], Awaitable[T]], grace: Callable[[], float]) -> T:
    """Return the result of ``work``. If the caller is cancelled meanwhile, wait for it up to ``grace()`` seconds.

    The work runs in a task of its own, since asyncio throws a cancellation into the innermost await of a task, through
    every shield of anyio. A second interrupt ends the wait. Raises `Interrupted` if the caller was cancelled.
    """
    results: list[T] = []
    failures: list[BaseException] = []
    interrupt: BaseException | None = None
    scope, done = anyio.CancelScope(shield=True), anyio.Event()

    async def run() -> None:
        try:
            with scope:
                results.append(await work())
        except BaseException as error:  # The caller gets it; a task group would wrap it.
            failures.append(error)
        finally:
            done.set()

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(run)
            try:
                await done.wait()
            except BaseException as error:
                interrupt = error
                scope.deadline = anyio.current_time() + grace()
                with anyio.CancelScope(shield=True):
                    try:
                        await done.wait()
                    except BaseException:  # The first interrupt is raised below.
                        scope.cancel()
    except BaseException as error:  # A cancellation at the end of the group, after the work was done.
        interrupt = interrupt or error
    if interrupt is not None:
        raise Interrupted(interrupt, results)
    if failures:
        raise failures[0]
    return results[0]
