"""Keep a run within its budget: reserve the price of every POST that might be billed before it is sent."""

from __future__ import annotations

import math
import threading
from types import TracebackType

from attrs import define, field, frozen


@define(eq=False)
class Reservation:
    """Room in the budget for one job. It is kept if the job is accepted and released if it is refused."""

    usd: float
    trial: bool = False
    open: bool = True


@frozen
class Reserve:
    """The part of the budget that valid payloads leave to invalid ones, each of which might be accepted."""

    jobs: int = 0
    usd: float = 0.0


@define(eq=False)
class Budget:
    """A limit for accepted jobs and USD. Safe to use from several threads.

    With ``overdraft`` trials are sent without any room until one of them is accepted: for runs in which a conforming
    server bills nothing.
    """

    max_jobs: int
    max_cost: float
    overdraft: bool = False
    reserve_for_trials: Reserve = field(factory=Reserve)
    jobs: int = 0
    """Accepted or in flight."""
    accepted: int = 0
    usd: float = 0.0
    """Settled or reserved."""
    _trials: int = 0
    _changed: threading.Condition = field(factory=threading.Condition, repr=False)

    def reserve(self, usd: float) -> Reservation | None:
        """Reserve room for a valid payload of at most this price; return None if there is none."""
        with self._changed:
            return self._take(usd, self.reserve_for_trials, trial=False)

    def reserve_trial(self, usd: float) -> Reservation | None:
        """Reserve room for a request that should be refused; return None if there is none.

        Waits for other trials, which may release their room.
        """
        with self._changed:
            while (reservation := self._take(usd, Reserve(), trial=True)) is None and self._trials:
                self._changed.wait()
            return reservation

    def _take(self, usd: float, reserve: Reserve, *, trial: bool) -> Reservation | None:
        # A sum of floats is not exact; a hundredth of a cent must not exclude a job.
        fits = self.jobs + 1 <= self.max_jobs - reserve.jobs and self.usd + usd <= self.max_cost - reserve.usd + 1e-4
        if not fits and not (trial and self.overdraft and self.accepted == 0 and self._trials == 0):
            return None
        self.jobs += 1
        self.usd += usd
        self._trials += trial
        return Reservation(usd, trial)

    def close(self, reservation: Reservation, *, accepted: bool) -> None:
        """Record the response. A refused request costs nothing."""
        with self._changed:
            if not reservation.open:
                return
            reservation.open = False
            self._trials -= reservation.trial
            if accepted:
                self.accepted += 1
            else:
                self.jobs -= 1
                self.usd -= reservation.usd
            self._changed.notify_all()

    def settle(self, reservation: Reservation, cost: object) -> None:
        """Record the cost that the target reported. Anything that is not an amount is ignored."""
        if isinstance(cost, bool) or not isinstance(cost, int | float) or not (math.isfinite(cost) and cost >= 0):
            return
        with self._changed:
            self.usd += cost - reservation.usd
            reservation.usd = float(cost)
            self._changed.notify_all()


@frozen
class ReservationGuard:
    """Release a reservation on exit if it is still open, because its request was never sent."""

    budget: Budget
    reservation: Reservation

    def __enter__(self) -> Reservation:
        return self.reservation

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.budget.close(self.reservation, accepted=False)
