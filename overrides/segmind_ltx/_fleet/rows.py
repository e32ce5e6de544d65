"""Change the rows of the ledger. Each change names the states that it expects, so that a late one changes nothing."""

from __future__ import annotations

import logging
from typing import Final, NamedTuple

from segmind_ltx._core.journal import EntryState
from segmind_ltx._fleet import statements
from segmind_ltx._fleet.database import Database

log: logging.Logger = logging.getLogger("segmind_ltx")

MICROS: Final = 1_000_000
MOST_REFUSALS: Final = 5
"""So many refusals in a row stop the submitting: the next requests would be refused too."""
LONGEST_HOLD: Final = 60.0

SENT: Final = (EntryState.SENDING, EntryState.UNCERTAIN)
"""The states of a row whose submit was sent. Its owner may say how it ended, even after it was given up."""
PAID: Final = (EntryState.ACCEPTED, EntryState.COMPLETED)


class Begun(NamedTuple):
    """What a row says when a worker is given it.

    ``verdict`` is "sending" if this worker may submit now; "stopped", "budget" or "wait" if the row stays ``todo``
    (``until`` says for how long to wait); else the row's state. ``now`` is the server's clock.
    """

    verdict: str
    until: float | None
    now: float
    begun: float | None
    request_id: str | None
    url: str | None
    batch: int | None
    model: str | None
    label: str | None
    target: str | None
    attempts: int | None
    request: str | None
    base_url: str | None


class Rows:
    """The rows, for one worker. ``owner`` is its number in the table of workers."""

    def __init__(self, database: Database, owner: int) -> None:
        self._database, self.owner = database, owner

    async def begin(self, number: int, ticket: str) -> Begun:
        """Read a row and, if it is ``todo``, take its money and a place of the rate, and turn it to ``sending``.

        With the same ``ticket`` it can be asked again: the row then says that it is this worker's.
        """
        values = {"number": number, "ticket": ticket, "owner": self.owner}
        return Begun(*await self._database.row(statements.BEGIN, values))

    async def change(
        self,
        number: int,
        state: EntryState,
        only: tuple[EntryState, ...],
        *,
        ticket: str | None = None,
        request_id: str | None = None,
        detail: str | None = None,
        micros: int | None = None,
        file: str | None = None,
        url: str | None = None,
    ) -> bool:
        """Change a row that is in one of the states ``only``; False if it is not. Waits while the server is away."""
        values: dict[str, object] = {
            "number": number,
            "state": str(state),
            # The state itself: the answer may be lost, and the change is then made again.
            "only": [str(expected) for expected in {*only, state}],
            "ticket": ticket,
            "request_id": request_id,
            "detail": detail,
            "micros": micros,
            "file": file,
            "url": url,
            "owner": self.owner if state in PAID else None,
        }
        return bool((await self._database.row(statements.CHANGE, values))[0])

    async def accept(self, number: int, ticket: str, request_id: str) -> None:
        """Write the id of a paid job down, for as long as it takes."""
        if self._database.away_since is not None:
            log.warning(
                "row %d is job %s, which is paid for; the ledger is away and gets the id later", number, request_id
            )
        if not await self.change(number, EntryState.ACCEPTED, SENT, ticket=ticket, request_id=request_id):
            log.error(
                "job %s exists and is paid for, but its row %d was settled otherwise; see segmind-ltx jobs",
                request_id,
                number,
            )
            await self._database.rows(statements.STRAY, {"number": number, "request_id": request_id})

    async def give_back(self, number: int, ticket: str, detail: str) -> None:
        """Turn a row to ``todo`` again, and give its money back: its submit was refused, or never sent."""
        await self.change(number, EntryState.TODO, SENT, ticket=ticket, detail=detail)

    async def hold(self, seconds: float, why: str, *, limited: bool) -> None:
        """Hold all workers back for so many seconds."""
        await self._database.rows(statements.HOLD, {"seconds": seconds, "why": why, "limited": limited})

    async def trouble(self, why: str) -> None:
        """Record that the service failed: hold all workers back, longer each time, and stop after some times."""
        values = {"why": why, "most": MOST_REFUSALS, "longest": LONGEST_HOLD}
        await self._database.rows(statements.TROUBLE, values)

    async def refused(self, why: str) -> None:
        """Record a refusal; after some in a row, stop the submitting everywhere."""
        await self._database.rows(statements.REFUSED, {"why": why, "most": MOST_REFUSALS})

    async def stop(self, why: str) -> None:
        """Stop the submitting everywhere."""
        await self._database.rows(statements.STOP, {"why": why})

    async def good(self) -> None:
        """Record that the service accepts submits again."""
        await self._database.rows(statements.GOOD)
