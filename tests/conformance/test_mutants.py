"""Test the suite against a few deviations of the sandbox, with one model. ``nox -s deviations`` runs all of them.

Every variant is there, by itself or in a set of twenty; sets of five are in the session.
"""

from __future__ import annotations

from typing import Any

import pytest

from segmind_ltx_conformance.checks import Judgement, Outcome
from segmind_ltx_conformance.judge import judge
from segmind_ltx_conformance.prober import Options, probe
from segmind_ltx_sandbox.deviations import VARIANTS, find, random_sets
from segmind_ltx_sandbox.deviations.combined import SEPARATOR
from segmind_ltx_spec import clauses_by_id, load
from support.live import ONE_MODEL, sandbox_and_target

OPTIONS = Options(models=frozenset({ONE_MODEL}), bulk=0)
SETS = random_sets(VARIANTS, 6, 20)


def judged(name: str) -> Judgement:
    """Run the suite against a sandbox with this deviation."""
    deviation = find(name)
    options: dict[str, Any] = {**deviation.options, "behaviour": deviation.behaviour}
    with sandbox_and_target(**options) as (_, target):
        return judge(probe(target, load(), OPTIONS), load())


@pytest.mark.parametrize(
    "name",
    [
        f"refuse/{ONE_MODEL}/width/the-minimum@v2",
        f"accept/{ONE_MODEL}/width/type-a-fraction@v1",
        "life/status-sleeps",
        "output/a-page",
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


@pytest.mark.parametrize("name", ["life/output-early-poll", f"default/{ONE_MODEL}/seed=0"])
def test_mutant_of_weaker_grade_never_fails(name: str) -> None:
    """A sandbox that breaks no page passes, and its clause is warned or noted."""
    judgement = judged(name)
    assert judgement.exit_status == 0
    assert find(name).clauses[0] in {check.clause.id for check in judgement.having(Outcome.WARNED, Outcome.NOTED)}


@pytest.mark.parametrize(
    "name", [one.name for one in VARIANTS if not any(one in several for several in SETS)] + ["takes-long"]
)
def test_variant_passes(name: str) -> None:
    """A sandbox that uses a freedom of the documents passes; the suite cannot tell the end of endless jobs."""
    judgement = judged(name)
    assert judgement.having(Outcome.FAILED, Outcome.ERROR) == ()
    assert judgement.exit_status == (2 if name == "takes-long" else 0)


@pytest.mark.parametrize(
    "names", [SEPARATOR.join(one.name for one in several) for several in SETS], ids=range(len(SETS))
)
def test_variants_in_combination_pass(names: str) -> None:
    """A sandbox that uses twenty freedoms at once passes."""
    judgement = judged(names)
    assert judgement.having(Outcome.FAILED, Outcome.ERROR) == ()
