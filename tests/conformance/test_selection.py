"""Test that a selection of clauses sends what they need, and no more; and that a broken clause still fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from segmind_ltx_conformance.checks import Judgement, Outcome
from segmind_ltx_conformance.coverage import stages_for
from segmind_ltx_conformance.judge import judge
from segmind_ltx_conformance.prober import Options, plan, probe
from segmind_ltx_conformance.session import RunOptions, prepare
from segmind_ltx_conformance.target import Limits
from segmind_ltx_sandbox.deviations import Deviation, find
from segmind_ltx_spec import clauses_by_id, load
from support.live import sandbox_and_target

CONTRACT = load()
KNOWN = clauses_by_id(CONTRACT)
SAMPLE = [*list(KNOWN)[::12], "ltx-2-pro.video.frames", "job.poll-tells", "status.no-406-by-accept"]
BROKEN = [
    "video/ltx-2-19b-i2v/frames-half",
    "refuse/ltx-2-pro/image/left-out@v2",
    "refuse/ltx-2-pro/duration/10@v1",
    "default/ltx-2-fast/duration=10",
    "life/id-repeats-every-3",
    "life/fails-later",
    "retention/59-minutes",
    "status/missing-key/v2-403",
    "error/silent/no-credits",
    "key/wrong-works/v2",
]


def _run(names: list[str], deviation: Deviation | None = None) -> tuple[Judgement, int, int]:
    """Return the judgement of a run for these clauses, the jobs that were planned and those that were accepted."""
    options = Options(clauses=frozenset(names), stages=stages_for(KNOWN[name] for name in names))
    behaviour = {} if deviation is None else {**deviation.options, "behaviour": deviation.behaviour}
    with sandbox_and_target(**behaviour) as (_, target):
        planned = plan(target, CONTRACT, options).jobs
        recording = probe(target, CONTRACT, options)
    sent = sum(one.method == "POST" and 200 <= one.status < 300 for one in recording.exchanges)
    return judge(recording, CONTRACT, names), planned, sent


@pytest.mark.parametrize("name", SAMPLE)
def test_selected_clause_costs_few_jobs(name: str) -> None:
    """A clause by itself is tested as in a whole run, with a job or two; a listed value costs one job and version."""
    judgement, planned, sent = _run([name])
    values = name.endswith((".enum", ".type"))
    assert planned == sent <= (12 if values else 4)
    if not KNOWN[name].permission:
        assert judgement.tried or _reason_to_skip(judgement), judgement.checks


def _reason_to_skip(judgement: Judgement) -> bool:
    """Return whether no run tests the clause: nothing shows it, or it applies only under a condition."""
    never = {"alias.status.404"}  # Nobody could know an address that no submit gave.
    words = ("cannot be measured", "was restarted", "would be blocked", "with the video itself", "does not show it")
    return all(check.clause.id in never or any(word in check.detail for word in words) for check in judgement.checks)


def test_one_video_property_costs_one_job() -> None:
    """The number of frames of the dearest model is settled by one job."""
    judgement, _, sent = _run(["ltx-2-pro.video.frames"])
    assert (sent, judgement.tried) == (1, 1)


@pytest.mark.parametrize("name", BROKEN)
def test_broken_clause_fails_if_selected(name: str) -> None:
    """A deviation fails the run that selects only the clause that it breaks."""
    deviation = find(name)
    judgement, _, _ = _run(list(deviation.clauses), deviation)
    assert judgement.having(Outcome.FAILED), [(check.id, check.outcome) for check in judgement.checks]


def test_one_model_gets_its_whole_plan(tmp_path: Path) -> None:
    """A model by itself is tested like the model in a whole run; only selected clauses are tested with less."""
    profile = tmp_path / "target.toml"
    profile.write_text('base_url = "http://127.0.0.1:9"\n[keys]\nvalid = "a"\n')
    model = frozenset({"ltx-2-fast"})
    options = prepare(profile, RunOptions(models=tuple(model))).prober_options
    session = prepare(profile, RunOptions())
    target = evolve(session.target, limits=Limits(max_jobs=60, max_cost=1000))
    whole = plan(target, session.contract, Options(models=model))
    assert plan(target, session.contract, options).jobs == whole.jobs
    few = prepare(profile, RunOptions(select=("ltx-2-fast.video.frames",))).prober_options
    assert plan(target, session.contract, few).jobs == 1
