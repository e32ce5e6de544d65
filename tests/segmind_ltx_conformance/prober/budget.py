"""What may be spent: every POST that could be billed is held against it before it is sent."""

from __future__ import annotations

import math
import threading
from types import TracebackType

from attrs import define, field, frozen


@define(eq=False)
class Reservation:
    """Room for one accepted job. It stays taken once the job is accepted, and is given back when it is refused."""

    usd: float
    trial: bool = False
    open: bool = True


@frozen
class Reserve:
    """What valid payloads may not use up, so that the invalid ones can still be tried: each might be accepted."""

    jobs: int = 0
    usd: float = 0.0


@define(eq=False)
class Budget:
    """Accepted jobs and USD. Safe to use from several threads.

    ``overdraft`` lets trials be sent without any room, until one of them was accepted after all: for runs in which a
    server that keeps the documents bills nothing.
    """

    max_jobs: int
    max_cost: float
    overdraft: bool = False
    kept: Reserve = field(factory=Reserve)
    jobs: int = 0
    """Accepted, or under way."""
    accepted: int = 0
    usd: float = 0.0
    """Settled, or held."""
    _trials: int = 0
    _changed: threading.Condition = field(factory=threading.Condition, repr=False)

    def hold(self, usd: float) -> Reservation | None:
        """Room for a valid payload of at most this price, or None."""
        with self._changed:
            return self._take(usd, self.kept, trial=False)

    def trial(self, usd: float) -> Reservation | None:
        """Room for a request that ought to be refused, or None. Waits for other trials, which may give theirs back."""
        with self._changed:
            while (held := self._take(usd, Reserve(), trial=True)) is None and self._trials:
                self._changed.wait()
            return held

    def _take(self, usd: float, kept: Reserve, *, trial: bool) -> Reservation | None:
        # A sum of many prices is not exact; a hundredth of a cent is no reason to leave something out.
        fits = self.jobs + 1 <= self.max_jobs - kept.jobs and self.usd + usd <= self.max_cost - kept.usd + 1e-4
        if not fits and not (trial and self.overdraft and self.accepted == 0 and self._trials == 0):
            return None
        self.jobs += 1
        self.usd += usd
        self._trials += trial
        return Reservation(usd, trial)

    def close(self, hold: Reservation, *, accepted: bool) -> None:
        """The answer is there. What was refused costs nothing."""
        with self._changed:
            if not hold.open:
                return
            hold.open = False
            self._trials -= hold.trial
            if accepted:
                self.accepted += 1
            else:
                self.jobs -= 1
                self.usd -= hold.usd
            self._changed.notify_all()

    def settle(self, hold: Reservation, cost: object) -> None:
        """The target said what the job cost. Anything that is no amount is not believed."""
        if isinstance(cost, bool) or not isinstance(cost, int | float) or not (math.isfinite(cost) and cost >= 0):
            return
        with self._changed:
            self.usd += cost - hold.usd
            hold.usd = float(cost)
            self._changed.notify_all()


@frozen
class JobProgress:
    """Gives a hold back on the way out where nobody closed it: the request was never sent."""

    budget: Budget
    hold: Reservation

    def __enter__(self) -> Reservation:
        return self.hold

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.budget.close(self.hold, accepted=False)
