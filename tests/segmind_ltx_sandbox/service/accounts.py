"""Keep the credits of accounts, and charge jobs.

A submit reserves nothing. A job is charged when it completes; a failed job is never charged. Nothing runs in the
background: when an account is read, all due charges are applied in the order in which the jobs ended. So a job
always reports the balance of the moment at which it ended.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

from attrs import define, field

_Due = tuple[float, int, float, Callable[[float], None]]  # Time, order, cost, and the callback.


@define
class Account:
    """One account. Money is in USD, rounded to four decimals."""

    name: str
    credits: float
    _due: list[_Due] = field(factory=list[_Due], repr=False)
    _order: count[int] = field(factory=count, repr=False)

    def charge(self, cost: float) -> float:
        """Charge ``cost`` now and return the balance."""
        self.credits = round(self.credits - cost, 4)
        return self.credits

    def charge_at(self, moment: float, cost: float, on_charged: Callable[[float], None]) -> None:
        """Charge ``cost`` at ``moment``; ``on_charged`` is called with the balance after it."""
        heapq.heappush(self._due, (moment, next(self._order), cost, on_charged))

    def balance(self, now: float) -> float:
        """Return the balance at ``now``."""
        while self._due and self._due[0][0] <= now:
            _, _, cost, on_charged = heapq.heappop(self._due)
            on_charged(self.charge(cost))
        return self.credits
