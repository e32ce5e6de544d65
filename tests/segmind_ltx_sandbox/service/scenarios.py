"""Define the scenario keys. The key selects what happens, as with a payment service's test cards.

README.md repeats the table (a test compares them) and ``segmind-ltx sandbox --keys`` prints it.
"""

from __future__ import annotations

from typing import Final

from attrs import frozen


@frozen
class Scenario:
    """A key, its name in a conformance target's ``[keys]``, and what happens with it.

    ``status`` is the status of every API route, or None if the key works. ``funded`` says whether the account has
    credits, ``fails`` whether its jobs end FAILED.
    """

    key: str
    name: str
    summary: str
    status: int | None = None
    funded: bool = True
    fails: bool = False


SCENARIOS: Final = (
    Scenario("SG_0000000000000200", "valid", "An account with credits. Everything works."),
    Scenario("SG_0000000000000201", "other", "A second account. It does not see the jobs of the first."),
    Scenario("SG_0000000000000403", "forbidden", "403 on every route.", status=403),
    Scenario("SG_0000000000000406", "no_credits", "406 on every POST; its GETs work.", funded=False),
    Scenario("SG_0000000000000429", "rate_limited", "429 with x-rate-limit-reset-at-utc on every route.", status=429),
    Scenario("SG_0000000000000500", "server_error", "500 with JSON on every route.", status=500),
    Scenario("SG_0000000000000502", "bad_gateway", "502 with an HTML page on every route.", status=502),
    Scenario("SG_0000000000000504", "gateway_timeout", "504 with an HTML page on every route.", status=504),
    Scenario("SG_0000000000000422", "failing", "Every job ends FAILED (422 on its GETs); v1 returns 500.", fails=True),
)

BY_KEY: Final = {scenario.key: scenario for scenario in SCENARIOS}

VALID: Final = SCENARIOS[0].key
"""The key with which everything works."""


def key_of(name: str) -> str:
    """Return the key of the scenario called ``name``. Raise `KeyError` if there is none."""
    return _BY_NAME[name].key


_BY_NAME: Final = {scenario.name: scenario for scenario in SCENARIOS}
