"""A whole run, from the first GET to the last."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

from attrs import evolve

from segmind_ltx_conformance.prober.accept import Held, accept, audit
from segmind_ltx_conformance.prober.access import knock_everywhere, unknown_id
from segmind_ltx_conformance.prober.bisect import take_apart
from segmind_ltx_conformance.prober.budget import Reserve
from segmind_ltx_conformance.prober.context import RunContext
from segmind_ltx_conformance.prober.downloads import download_all
from segmind_ltx_conformance.prober.follow import follow
from segmind_ltx_conformance.prober.http import GoneError, Recorder
from segmind_ltx_conformance.prober.negative import leave_open, refuse
from segmind_ltx_conformance.prober.options import STAGES, CannotRunError, Interrupted, Options
from segmind_ltx_conformance.prober.packs import Item, items_of
from segmind_ltx_conformance.prober.plan import budget_of, check, plan
from segmind_ltx_conformance.prober.retention import finished, visit, watch
from segmind_ltx_conformance.prober.single_jobs import fail, other_reads, repeat
from segmind_ltx_conformance.recording import Recording
from segmind_ltx_conformance.target import Target
from segmind_ltx_spec import Contract

Progress = Callable[[str, int, int], None]


class _Stop(Exception):  # noqa: N818  no error: the run was to end at the first oddity
    """The stages that are left are not done."""


def probe(target: Target, contract: Contract, options: Options, progress: Progress | None = None) -> Recording:
    """Send what is planned and record it. ``progress`` is told what was done, how much of it, and of how much.

    Raises `CannotRunError` where nothing could be tried, and `Interrupted`, with what was recorded so far, where the
    run was ended or broke.
    """
    check(target, contract, options)
    wire = Recorder(
        target, options.seed, _counting(progress, plan(target, contract, options).requests if progress else 0)
    )
    run = RunContext(
        target, contract, options, wire, budget_of(target, contract, options), clock_control=target.advance is not None
    )
    return _recorded(run, lambda: _stages(run))


def resume(target: Target, contract: Contract, recording: Recording, progress: Progress | None = None) -> Recording:
    """The second visit: read the jobs of an earlier recording again. Nothing is submitted.

    The earlier exchanges come first in the recording that it gives.
    """
    if "valid" not in target.keys:
        raise CannotRunError("a second visit needs the key of the first one, as valid in [keys]")
    if not finished(recording):
        raise CannotRunError("the recording holds no job that had ended, so there is nothing to read again")
    wire = Recorder(target, 0, _counting(progress, 0))
    offset = (datetime.now(UTC) - recording.started).total_seconds()
    run = RunContext(target, contract, Options(), wire, budget_of(target, contract, Options(free=True)))

    def stages() -> None:
        _reach(run)
        visit(run, recording, offset)

    try:
        return _joined(recording, _recorded(run, stages), offset)
    except Interrupted as cut:
        raise Interrupted(_joined(recording, cut.recording, offset), str(cut)) from cut


def _joined(recording: Recording, late: Recording, offset: float) -> Recording:
    """Both visits in one recording."""
    moved = tuple(evolve(one, at=one.at + offset) for one in late.exchanges)
    # What the first visit could not do is done now.
    skips = [one for one in recording.skips if one.what != "retention"]
    skips += [one for one in late.skips if one.what == "retention" and one not in skips]
    return evolve(recording, exchanges=(*recording.exchanges, *moved), skips=tuple(skips))


def _recorded(run: RunContext, stages: Callable[[], None]) -> Recording:
    try:
        stages()
    except CannotRunError:
        raise
    except _Stop:
        run.cut("fail-fast: an answer came that no server should give")
    except GoneError as gone:
        run.cut(f"the target stopped answering: {gone}")
    except KeyboardInterrupt:
        run.cut("interrupted")
        raise Interrupted(run.recording(), "interrupted") from None
    except Exception as error:
        # What was paid for must not be lost with it.
        why = run.target.keys.redact(f"{type(error).__name__}: {error}")
        run.cut(f"the prober broke: {why}")
        raise Interrupted(run.recording(), f"the prober broke: {why}") from error
    finally:
        run.wire.close()
    return run.recording()


def _stages(run: RunContext) -> None:
    _reach(run)
    _leave_out(run)
    if run.key is None:
        run.skip("accept", None, "no key for valid")
    if "failing" not in run.target.keys and run.options.wants("failing"):
        run.skip("failing", None, "no key for failing")
    left = _spend(run, items_of(run.target, run.contract, run.options))
    # The steps before `watch` want a job that is still there, those after it want none.
    for step in (other_reads, knock_everywhere, watch, refuse, leave_open):
        stage = {watch: "retention", leave_open: "open"}.get(step)
        if stage is None or run.options.wants(stage):
            step(run)
            _look(run)
    # What was kept in case that invalid payloads are accepted is free now.
    run.budget.kept = Reserve()
    for item in _spend(run, left):
        run.skip(item.stage, item.model.slug, f"budget: no room for {item.version} #{item.number}")


def _leave_out(run: RunContext) -> None:
    """Note what the options leave out."""
    for stage in STAGES:
        if not run.options.wants(stage):
            chosen = run.options.stages is None or stage in run.options.stages
            run.skip(
                stage, None, "it may be billed, and only what is free was to be done" if chosen else "not selected"
            )
    for slug in run.contract.models.keys() - {model.slug for model in run.models}:
        for stage in ("accept", "refuse", "malformed", "bulk", "missing-key", "wrong-key", "scenario"):
            run.skip(stage, slug, "the model is not selected")


def _reach(run: RunContext) -> None:
    one = run.get("unknown-id reachable", f"/v2/requests/{unknown_id(run.options.seed)}", run.key)
    if one.status == 0:
        raise CannotRunError(
            f"{run.target.base_url} does not answer ({one.fault}): is the server running, and is base_url right?"
        )


def _spend(run: RunContext, items: list[Item]) -> list[Item]:
    """Do what is paid for, in passes: when it is known what one has cost, there may be room for another.

    Answers with what there was no room for.
    """
    while items:
        held, left = list[Held](), list[Item]()
        for item in items:
            hold = run.budget.hold(item.model.usd_high)
            held.append((item, hold)) if hold else left.append(item)
        if not held:
            break
        _pass(run, held)
        items = left
    return items


def _pass(run: RunContext, held: list[Held]) -> None:
    def of(*kinds: str) -> list[Held]:
        return [pair for pair in held if pair[0].kind in kinds]

    run.deferred[:] = of("v1")
    for kind in ("v2", "v1"):
        todo = of("v2") if kind == "v2" else run.deferred[:]
        if kind == "v1":
            # The slow ones first: so the blocking calls are over sooner.
            todo.sort(key=lambda pair: -pair[0].model.seconds)
            run.deferred[:] = of("audit")
        refused = accept(run, todo)
        for item, _ in refused:
            take_apart(run, item)
        follow(run)
        download_all(run)
        _look(run)
    audited, run.deferred[:] = run.deferred[:], []
    audit(run, audited)
    accept(run, of("late"))
    for pair in of("twin"):
        repeat(run, pair)
    for pair in of("failing"):
        fail(run, pair)
    follow(run)
    download_all(run)
    _look(run)


def _look(run: RunContext) -> None:
    if run.options.fail_fast and run.unexpected:
        raise _Stop


def _counting(progress: Progress | None, total: int) -> Callable[[str], None]:
    """Counts requests for ``progress``; there may turn out to be more of them than planned."""
    if progress is None:
        return lambda _: None
    lock, done = threading.Lock(), 0

    def count(what: str) -> None:
        nonlocal done
        with lock:
            done += 1
            progress(what, done, max(done, total))

    return count
