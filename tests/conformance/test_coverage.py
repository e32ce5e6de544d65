"""Tests of the tables that say which stage shows a clause, and which clauses are permissions."""

from __future__ import annotations

from segmind_ltx_conformance.coverage import CONDITIONAL, stages_of
from segmind_ltx_conformance.prober import STAGES
from segmind_ltx_conformance.target import SCENARIO_STATUS, SCENARIOS
from segmind_ltx_spec import clauses, load


def test_permissions_are_exactly_these_clauses() -> None:
    """Only these clauses allow a server something; all others can be broken."""
    permissions = {clause.id for clause in clauses() if clause.permission}
    by_grade = {f"{model.slug}.v2" for model in load().models.values() if model.v2_source.grade != "D"}
    inferred = {clause.id for clause in clauses() if clause.id.endswith(".enum-inferred")}
    on_reads = {f"{kind}.status.{n}" for kind in ("poll", "result", "alias") for n in (403, 429, 500, 502, 504)}
    assert permissions == by_grade | inferred | on_reads | {
        "v1.status.410",
        "v2.status.410",
        "status.406-elsewhere",
        "transport.error-forms",
    }
    assert by_grade
    assert inferred


def test_stages_of_every_clause_exist() -> None:
    """Each clause names at least one stage, and each stage that it names is one of the prober's."""
    assert [clause.id for clause in clauses() if not stages_of(clause) or stages_of(clause) - STAGES.keys()] == []


def test_conditional_prefixes_match_a_clause() -> None:
    """Every entry of the table is the beginning of a clause's id."""
    ids = [clause.id for clause in clauses()]
    assert [prefix for prefix in CONDITIONAL if not any(name.startswith(prefix) for name in ids)] == []


def test_scenario_statuses_are_in_the_contract() -> None:
    """Each status of a refused key is one that the contract gives for a submit."""
    documented = {clause.id for clause in clauses()}
    assert {f"v2.status.{status}" for status in SCENARIO_STATUS.values()} <= documented
    assert [name for name, status in SCENARIOS.items() if status is None] == ["valid", "other", "failing"]
