"""Limit the rate of submits for each key, as an account's plan does. The documents name no number: graded I."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from datetime import timedelta

from segmind_ltx_sandbox.messages import ApiRequest, ApiResponse, error
from segmind_ltx_sandbox.service.behaviour import RESET, Behaviour
from segmind_ltx_sandbox.service.clock import Clock, iso
from segmind_ltx_spec import Contract


class RateLimited(Behaviour):
    """Answers 429 to a submit if its key has sent ``count`` within the last ``seconds``."""

    def __init__(self, contract: Contract, count: int, seconds: float, clock: Clock) -> None:
        """Count by ``clock``."""
        super().__init__(contract)
        self._count, self._seconds, self._clock = count, seconds, clock
        self._recent: dict[str | None, deque[float]] = defaultdict(deque)
        self.limited = 0

    def intercept(self, request: ApiRequest) -> ApiResponse | None:
        """Return the 429 of a submit above the limit."""
        if request.method != "POST":
            return None
        now, recent = self._clock.now(), self._recent[self.key_in(request.headers, request.query)]
        while recent and recent[0] <= now - self._seconds:
            recent.popleft()
        if len(recent) < self._count:
            recent.append(now)
            return None
        self.limited += 1
        limited = error("scenario", 429, f"more than {self._count} submits in {self._seconds:g} s")
        ends = self._clock.utc() + timedelta(seconds=recent[0] + self._seconds - now)
        return ApiResponse("scenario", 429, limited.content, headers={RESET: iso(ends)})


def rate_limited(rate: str, clock: Clock, behaviour: object = None) -> Callable[[Contract], RateLimited]:
    """Return a factory of behaviours for a rate such as 100/10: 100 submits in 10 s. Raise `ValueError`.

    Another behaviour cannot be limited as well.
    """
    if behaviour is not None:
        raise ValueError("--rate cannot be combined with --deviation or --option")
    count, _, seconds = rate.partition("/")
    try:
        submits, window = int(count), float(seconds)
    except ValueError:
        submits = window = 0
    if submits <= 0 or window <= 0:
        raise ValueError(f"--rate {rate} is not a rate; use submits/seconds, such as 100/10")
    return lambda contract: RateLimited(contract, submits, window, clock)
