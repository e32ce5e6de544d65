"""A few of the sandbox's deviations: the suite notices what is wrong, and nothing that is allowed.

``nox -s deviations`` runs all of them; this holds a few, with one model.
"""

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
    """What the suite says of a sandbox with this deviation."""
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
def test_a_mutant_of_a_stated_clause_fails_the_run_by_its_clause(name: str) -> None:
    judgement = judged(name)
    assert judgement.exit_status == 1
    assert find(name).clauses[0] in {check.clause.id for check in judgement.having(Outcome.FAILED)}
    assert clauses_by_id()[find(name).clauses[0]].grade == "D"


@pytest.mark.parametrize("name", ["billing/second-free"])
def test_a_mutant_of_another_clause_is_warned_of(name: str) -> None:
    judgement = judged(name)
    assert judgement.exit_status == 0
    assert find(name).clauses[0] in {check.clause.id for check in judgement.having(Outcome.WARNED)}


@pytest.mark.parametrize("name", ["least", "passing-502"])
def test_what_the_documents_allow_fails_nothing(name: str) -> None:
    assert name in {one.name for one in VARIANTS}
    judgement = judged(name)
    assert judgement.exit_status == 0
    assert not judgement.having(Outcome.FAILED, Outcome.ERROR)
