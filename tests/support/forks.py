"""Fork in a process that has one thread.

The process of the tests has threads that draw videos. A child that is forked while one of them does so never returns
from the fork: it frees what that thread had, and waits for threads that only its parent has.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

import httpx

import segmind_ltx as ltx
from segmind_ltx._ledger.table import TableLedger
from segmind_ltx._postgres.journals import open_journal

T = TypeVar("T")

LONGEST = 20
"""Seconds after which a process that hangs is ended."""


def in_new_process(function: Callable[..., T], *arguments: object) -> T:
    """Return the result of a function of this module that runs in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_with_alarm, function, *arguments).result()


def _with_alarm(function: Callable[..., T], *arguments: object) -> T:
    signal.alarm(LONGEST)
    return function(*arguments)


def submit_in_children(key: str, base_url: str, own: bool) -> tuple[str, str, list[str]]:
    """Submit, fork three times, and submit in each process. Return the state of the first job and all ids or errors."""
    given: dict[str, Any] = {"transport": httpx.HTTPTransport()} if own else {}
    with ltx.Client(key, base_url, **given) as client:
        state = client.submit("ltx-video", prompt="x").status().state
        context = multiprocessing.get_context("fork")
        queue = context.SimpleQueue()
        children = [context.Process(target=_submit, args=(client, queue)) for _ in range(3)]
        for child in children:
            child.start()
        parents = client.submit("ltx-video", prompt="x").id
        found: list[str] = [queue.get() for _ in children]
        for child in children:
            child.join(30)
    return state, parents, found


def _submit(client: ltx.Client, queue: Any) -> None:
    signal.alarm(LONGEST)
    try:
        queue.put(client.submit("ltx-video", prompt="x").id)
    except BaseException as error:
        queue.put(repr(error))


def record_in_child(address: str, base_url: str) -> int:
    """Record a submit before a fork, one in the child and one after it. Return the child's exit status.

    The fork happens while the ledger is locked, as if another thread were in the middle of a statement.
    """
    journal = open_journal(address)
    if not isinstance(journal, TableLedger):
        raise TypeError(f"{address} is no ledger")
    journal.record_submit("ltx-2-pro", {"prompt": "before"}, base_url)
    with journal._locked():  # pyright: ignore[reportPrivateUsage]
        child = os.fork()
        if child == 0:
            signal.alarm(LONGEST)
            journal.record_submit("ltx-2-pro", {"prompt": "child"}, base_url)
            os._exit(0)
        # The child has to be done before the parent goes on, so that the order of the rows is known.
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    journal.record_submit("ltx-2-pro", {"prompt": "parent"}, base_url)
    journal.close()
    return status
