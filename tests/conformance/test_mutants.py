"""Test the suite against a few deviations of the sandbox, with one model. ``nox -s deviations`` runs all of them."""

from __future__ import annotations

from typing import Any

import pytest

from segmind_ltx_conformance.checks import Judgement, Outcome
from segmind_ltx_conformance.judge import judge
from segmind_ltx_conformance.prober import Options, probe
from segmind_ltx_sandbox.deviations import VARIANTS, find
from segmind_ltx_spec import clauses_by_id, load
from support.live import ONE_MODEL, sandbox_and_target

OPTIONS = Options(models=frozenset({ONE_MODEL}), bulk=0)


def judged(name: str) -> Judgement:
    """Run the suite against a sandbox with this deviation."""
    deviation = find(name)
    options: dict[str, Any] = {**deviation.options, "behaviour": deviation.behaviour}
    with sandbox_and_target(**options) as (_, target):
        return judge(probe(target, load(), OPTIONS), load())


@pytest.mark.parametrize(
    "name",
    [
        f"refuse/{ONE_MODEL}/width/the-minimum@v1",
        f"accept/{ONE_MODEL}/width/type-digits-in-quotes@v1",
        "life/output-early-poll",
        "life/recovers",
        "status/failed-job/result-502",
    ],
)
def test_mutant_of_grade_d_fails_the_run(name: str) -> None:
    """A sandbox that breaks a clause of grade D fails the run by that clause."""
    judgement = judged(name)
    assert judgement.exit_status == 1
    assert find(name).clauses[0] in {check.clause.id for check in judgement.having(Outcome.FAILED)}
    assert clauses_by_id()[find(name).clauses[0]].grade == "D"


@pytest.mark.parametrize("name", ["billing/second-free"])
def test_mutant_of_grade_p_gives_a_warning(name: str) -> None:
    """A sandbox that breaks a clause of grade P passes with a warning."""
    judgement = judged(name)
    assert judgement.exit_status == 0
    assert find(name).clauses[0] in {check.clause.id for check in judgement.having(Outcome.WARNED)}


@pytest.mark.parametrize("name", ["least", "passing-502"])
def test_variant_passes(name: str) -> None:
    """A sandbox that uses a freedom of the documents passes."""
    assert name in {one.name for one in VARIANTS}
    judgement = judged(name)
    assert judgement.exit_status == 0
    assert not judgement.having(Outcome.FAILED, Outcome.ERROR)
