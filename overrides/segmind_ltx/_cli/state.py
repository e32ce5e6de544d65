"""The ledger that the command line keeps by itself, so that no paid job is known to a terminal's scrollback alone."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Final

from platformdirs import user_state_path

from segmind_ltx import Client, ConfigurationError, Job
from segmind_ltx._cli.output import print_err
from segmind_ltx._core import submit
from segmind_ltx._core.journal import attaching_request_id
from segmind_ltx._core.parameters import prepare
from segmind_ltx.ledger import LEDGER_VARIABLE, Ledger, read_entries

FILE_NAME: Final = "jobs.sqlite"


def default_ledger() -> Path:
    """Return where the ledger is if nobody names one: in the platform's folder for the state of programs."""
    return user_state_path("segmind-ltx", appauthor=False) / FILE_NAME


def known_ids() -> list[str]:
    """Return the request ids in the ledger, the latest first; none if it cannot be read."""
    try:
        entries = read_entries(os.environ.get(LEDGER_VARIABLE) or default_ledger())
    except Exception:  # For completion, which has to be silent.
        return []
    return [entry.request_id for entry in reversed(entries) if entry.request_id]


class CommandClient(Client):
    """A client that does not pause before a retry of a submit if that would take too long."""

    def submit_within(self, seconds: float, model: str, parameters: dict[str, Any]) -> Job:
        """Submit a job; no pause before a retry goes beyond so many seconds. The call itself is not cut short."""
        prepared, context = prepare(model, parameters), self._driver.context
        with attaching_request_id() as accepted:
            flow = submit.submit(context, prepared, accepted, pauses_until=context.now() + seconds)
            return Job(self._driver, self._driver.run(flow), model, context.now())


@contextmanager
def open_client(no_ledger: bool = False) -> Generator[CommandClient]:
    """Open a client that records its paid calls: in SEGMIND_LEDGER's ledger, else in the default one.

    If the default one cannot be kept, say so and go on: the request id is printed in any case.
    """
    with ExitStack() as stack:
        if no_ledger:
            os.environ.pop(LEDGER_VARIABLE, None)
        ledger = None if no_ledger or os.environ.get(LEDGER_VARIABLE) else _open_default()
        if ledger is not None:
            stack.enter_context(closing(ledger))
        yield stack.enter_context(CommandClient(ledger=ledger))


def _open_default() -> Ledger | None:
    try:
        path = default_ledger()
        # As root, a home that does not exist could be made; it would be nobody's.
        if not (os.environ.get("XDG_STATE_HOME") or Path.home().is_dir()):
            raise OSError(f"there is no folder {Path.home()}")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Ledger(path)
    except (ConfigurationError, OSError, RuntimeError) as error:  # RuntimeError: no home is known.
        print_err(f"note: no ledger is kept ({error}); to leave this note out, pass --no-ledger")
        return None
