"""Test that deviations differ from the plain sandbox, and that each clause has a mutant if it can be broken.

Of the mutants of each kind every eighth is tried; ``SEGMIND_LTX_EDITS=all``, set by ``nox -s soak``, tries all.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import httpx
import pytest

from segmind_ltx_sandbox.__main__ import main
from segmind_ltx_sandbox.deviations import MUTANTS, UNSEEN, VARIANTS, find, mutants_of, why_unseen
from segmind_ltx_sandbox.deviations.values import allowed, forbidden, valid_value
from segmind_ltx_spec import clauses_by_id, contract_of, load, read_document
from support.deviation_requests import ABOUT_PAYLOADS, is_like_plain, with_value

CLAUSES = clauses_by_id()
STEP = 1 if os.environ.get("SEGMIND_LTX_EDITS") == "all" else 8
GROUPS = sorted({tuple(one.name.split("/")[:2]) if one.kind in ABOUT_PAYLOADS else (one.kind,) for one in MUTANTS})


def test_names_are_unique() -> None:
    """No two deviations have the same name, and `find` returns each."""
    names = Counter(one.name for one in (*MUTANTS, *VARIANTS))
    assert [name for name, times in names.items() if times > 1] == []
    assert all(find(name).name == name for name in names)
    with pytest.raises(KeyError):
        find("no such deviation")


def test_enough_deviations() -> None:
    """There are at least 150 mutants and 15 variants."""
    assert len(MUTANTS) >= 150
    assert len(VARIANTS) >= 15


def test_mutant_clauses_exist() -> None:
    """Every mutant breaks at least one clause, and every clause that is named exists."""
    assert {one.name: one.clauses for one in MUTANTS if not one.clauses or set(one.clauses) - set(CLAUSES)} == {}
    assert {one.name: one.clauses for one in VARIANTS if set(one.clauses) - set(CLAUSES)} == {}


def test_clause_has_mutant_or_reason() -> None:
    """Every clause has either a mutant or a reason why it has none."""
    broken = {clause for one in MUTANTS for clause in one.clauses}
    assert [clause for clause in CLAUSES if clause not in broken and why_unseen(clause) is None] == []
    assert [clause for clause in broken if why_unseen(clause)] == []


def test_every_reason_applies() -> None:
    """Every reason applies to at least one clause."""
    reasons = {why_unseen(clause) for clause in CLAUSES}
    assert set(UNSEEN.values()) <= reasons


def test_variant_breaks_no_documented_clause() -> None:
    """A clause that allows a variant is a permission, graded P or I, or leaves two ways open."""
    two_ways = {"transport.v1-bytes-or-json", "job.kept-one-hour"}
    named = {clause for one in VARIANTS for clause in one.clauses}
    assert [clause for clause in named - two_ways if CLAUSES[clause].grade == "D"] == []


def test_new_parameter_has_mutants() -> None:
    """If a parameter is added to the document, it has mutants without any code."""
    document = read_document()
    schema = document["components"]["schemas"]["Ltx2ProRequest"]
    schema["properties"]["zoom"] = {"type": "integer", "minimum": 1, "maximum": 9, "x-source": schema["x-source"]}
    made = {one.name.partition("@")[0] for one in mutants_of(contract_of(document))}
    wanted = {"refuse/ltx-2-pro/zoom/the-maximum", "accept/ltx-2-pro/zoom/minimum-just-below"}
    assert wanted <= made


def test_group_examples_match_group() -> None:
    """The examples of allowed values are valid, those of forbidden ones are not, and each matches its group."""
    behaviour = find("skips-queued").behaviour(load())
    for model in load().models.values():
        least = {name: valid_value(model.parameters[name]) for name in model.required}
        for name in model.parameters:
            for groups, good in ((allowed(model, name), True), (forbidden(model, name), False)):
                for group in groups:
                    assert group.matches(group.example), group
                    problems = behaviour.validator.problems(model, with_value(least, name, group.example))
                    assert (not problems) is good, (group, problems)


def test_deviations_option_lists_all(capsys: pytest.CaptureFixture[str]) -> None:
    """``--deviations`` lists every deviation."""
    assert main(["--deviations"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("  ")[0] for line in lines] == [one.name for one in (*MUTANTS, *VARIANTS)]


def test_unknown_deviation_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    """If the name of a deviation is unknown, the command prints a message and exits with 2."""
    assert main(["--port", "0", "--deviation", "life/nothing"]) == 2
    assert "no deviation is called life/nothing" in capsys.readouterr().err


def test_deviation_option_serves_it() -> None:
    """``--deviation NAME`` serves that deviation."""
    command = [
        sys.executable,
        "-m",
        "segmind_ltx_sandbox",
        "--port",
        "0",
        "--deviation",
        "key/missing-works/everywhere",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            url = running.stdout.readline().split()[-1]
            assert httpx.post(f"{url}/v2/ltx-2-pro", json={"prompt": "a"}).status_code == 200
        finally:
            running.terminate()


@pytest.mark.parametrize("group", GROUPS, ids="/".join)
def test_mutant_differs_from_plain_sandbox(group: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """At least one response of a mutant differs from that of the plain sandbox."""
    meant = [one for one in MUTANTS if tuple(one.name.split("/")[: len(group)]) == group][::STEP]
    assert [one.name for one in meant if is_like_plain(one, monkeypatch)] == []


def test_variant_differs_from_plain_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """At least one response of every variant differs from that of the plain sandbox."""
    assert [one.name for one in VARIANTS if is_like_plain(one, monkeypatch)] == []
