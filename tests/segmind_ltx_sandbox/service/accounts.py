"""Accounts: credits, and when they are spent.

A submit reserves nothing; a job is charged when it completes, a failed one never. Since nothing runs in the
background, what is due is settled when an account is next looked at, in the order in which the jobs ended. So the
balance that a job reports is the one of the moment it ended, whenever it is read.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

from attrs import define, field

_Due = tuple[float, int, float, Callable[[float], None]]  # When, in which order, how much, and whom to tell.


@define
class Account:
    """One account. Money is in USD, rounded to four decimals."""

    name: str
    credits: float
    _due: list[_Due] = field(factory=list[_Due], repr=False)
    _order: count[int] = field(factory=count, repr=False)

    def charge(self, cost: float) -> float:
        """Take ``cost`` now; answers what is left."""
        self.credits = round(self.credits - cost, 4)
        return self.credits

    def charge_at(self, moment: float, cost: float, on_charged: Callable[[float], None]) -> None:
        """Take ``cost`` at ``moment``; ``on_charged`` gets what is left then."""
        heapq.heappush(self._due, (moment, next(self._order), cost, on_charged))

    def balance(self, now: float) -> float:
        """What is left at ``now``."""
        while self._due and self._due[0][0] <= now:
            _, _, cost, on_charged = heapq.heappop(self._due)
            on_charged(self.charge(cost))
        return self.credits
