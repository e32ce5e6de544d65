"""Perform a whole run, from the first GET to the last."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

from attrs import evolve

from segmind_ltx_conformance.prober.accept import ReservedItem, accept, audit
from segmind_ltx_conformance.prober.access import probe_access, unknown_id
from segmind_ltx_conformance.prober.bisect import find_cause
from segmind_ltx_conformance.prober.budget import Reserve
from segmind_ltx_conformance.prober.context import RunContext
from segmind_ltx_conformance.prober.downloads import download_all
from segmind_ltx_conformance.prober.follow import follow
from segmind_ltx_conformance.prober.http import Recorder, UnresponsiveTargetError
from segmind_ltx_conformance.prober.items import items_of
from segmind_ltx_conformance.prober.negative import probe_open_cases, refuse
from segmind_ltx_conformance.prober.options import STAGES, CannotRunError, Interrupted, Options
from segmind_ltx_conformance.prober.packs import Item
from segmind_ltx_conformance.prober.plan import budget_of, check, plan
from segmind_ltx_conformance.prober.retention import check_retention, final_results, visit
from segmind_ltx_conformance.prober.single_jobs import read_differently, submit_duplicate, submit_failing
from segmind_ltx_conformance.recording import Recording
from segmind_ltx_conformance.requirements import VALID, is_refused
from segmind_ltx_conformance.target import Target
from segmind_ltx_spec import Contract

Progress = Callable[[str, int, int], None]


class _Stop(Exception):  # noqa: N818  not an error: the options ask for it
    """End the run after the first unexpected response."""


class _KeyRefusedError(Exception):
    """The key that should work does not, so that nothing more would be shown."""


def probe(target: Target, contract: Contract, options: Options, progress: Progress | None = None) -> Recording:
    """Send the planned requests and return the recording.

    ``progress`` is called after each request with its label, the number sent, and the expected total. Raises
    `CannotRunError` if nothing could be tested, and `Interrupted`, with the recording so far, if the run was
    interrupted or failed.
    """
    check(target, contract, options)
    recorder = Recorder(
        target, options.seed, _counter(progress, plan(target, contract, options).requests if progress else 0)
    )
    run = RunContext(
        target,
        contract,
        options,
        recorder,
        budget_of(target, contract, options),
        clock_control=target.advance is not None,
    )
    return _recorded(run, lambda: _stages(run))


def resume(target: Target, contract: Contract, recording: Recording, progress: Progress | None = None) -> Recording:
    """Make the second visit: read the jobs of an earlier recording again. Nothing is submitted.

    The returned recording begins with the earlier exchanges.
    """
    if "valid" not in target.keys:
        raise CannotRunError("a second visit needs the key of the first visit, as valid in [keys]")
    if not final_results(recording):
        raise CannotRunError("the recording contains no job with a final state, so there is no job to read again")
    recorder = Recorder(target, 0, _counter(progress, 0))
    offset = (datetime.now(UTC) - recording.started).total_seconds()
    run = RunContext(target, contract, Options(), recorder, budget_of(target, contract, Options(free=True)))

    def stages() -> None:
        _check_reachable(run)
        visit(run, recording, offset)

    try:
        return _joined(recording, _recorded(run, stages), offset)
    except Interrupted as interruption:
        raise Interrupted(_joined(recording, interruption.recording, offset), str(interruption)) from interruption


def _joined(recording: Recording, late: Recording, offset: float) -> Recording:
    """Join the recordings of both visits."""
    later = tuple(evolve(exchange, at=exchange.at + offset) for exchange in late.exchanges)
    # The second visit does what the first one had to skip.
    skips = [skip for skip in recording.skips if skip.what != "retention"]
    skips += [skip for skip in late.skips if skip.what == "retention" and skip not in skips]
    return evolve(recording, exchanges=(*recording.exchanges, *later), skips=tuple(skips))


def _recorded(run: RunContext, stages: Callable[[], None]) -> Recording:
    try:
        stages()
    except CannotRunError:
        raise
    except _Stop:
        run.end_early("fail-fast: a response was unexpected")
    except _KeyRefusedError:
        run.end_early("the key for valid does not work")
    except UnresponsiveTargetError as gone:
        run.end_early(f"the target stopped responding: {gone}")
    except KeyboardInterrupt:
        run.end_early("interrupted")
        raise Interrupted(run.recording(), "interrupted") from None
    except Exception as error:
        # Keep the recording: it may have been paid for.
        why = run.target.keys.redact(f"{type(error).__name__}: {error}")
        run.end_early(f"the prober failed: {why}")
        raise Interrupted(run.recording(), f"the prober failed: {why}") from error
    finally:
        run.recorder.close()
    return run.recording()


def _stages(run: RunContext) -> None:
    _check_reachable(run)
    _record_left_out(run)
    if run.key is None:
        run.skip("accept", None, "no key for valid")
    if "failing" not in run.target.keys and run.options.wants("failing"):
        run.skip("failing", None, "no key for failing")
    left = _run_paid(run, items_of(run.target, run.contract, run.options))
    # The steps before `check_retention` need a job that is still there, the steps after it need none.
    for step in (read_differently, probe_access, check_retention, refuse, probe_open_cases):
        stage = {check_retention: "retention", probe_open_cases: "open"}.get(step)
        if stage is None or run.options.wants(stage):
            step(run)
            _stop_if_unexpected(run)
    # All invalid payloads were sent, so their reserve is free now.
    run.budget.reserve_for_trials = Reserve()
    for item in _run_paid(run, left):
        run.skip(item.stage, item.model.slug, f"budget: no room for {item.version} #{item.number}")


def _record_left_out(run: RunContext) -> None:
    """Record the stages and models that the options leave out."""
    for stage in STAGES:
        if not run.options.wants(stage):
            chosen = run.options.stages is None or stage in run.options.stages
            run.skip(
                stage, None, "it may be billed, and --free allows only free requests" if chosen else "not selected"
            )
    for slug in run.contract.models.keys() - {model.slug for model in run.models}:
        for stage in ("accept", "refuse", "malformed", "bulk", "missing-key", "wrong-key", "scenario"):
            run.skip(stage, slug, "the model is not selected")


def _check_reachable(run: RunContext) -> None:
    exchange = run.get("unknown-id reachable", f"/v2/requests/{unknown_id(run.options.seed)}", run.key)
    if exchange.status == 0:
        raise CannotRunError(
            f"{run.target.base_url} does not respond ({exchange.fault}): is the server running, and is base_url right?"
        )


def _run_paid(run: RunContext, items: list[Item]) -> list[Item]:
    """Make the paid calls in passes, because the real cost of one pass may leave room for another.

    Returns the items for which there was no room.
    """
    while items:
        reserved, left = list[ReservedItem](), list[Item]()
        for item in items:
            reservation = run.budget.reserve(item.model.usd_high)
            reserved.append((item, reservation)) if reservation else left.append(item)
        if not reserved:
            break
        _run_pass(run, reserved)
        items = left
    return items


def _run_pass(run: RunContext, reserved: list[ReservedItem]) -> None:
    def of(*kinds: str) -> list[ReservedItem]:
        return [pair for pair in reserved if pair[0].kind in kinds]

    run.deferred[:] = of("v1")
    for kind in ("v2", "v1"):
        pending = of("v2") if kind == "v2" else run.deferred[:]
        if kind == "v1":
            # Send the slowest first, so that all blocking calls finish sooner.
            pending.sort(key=lambda pair: -pair[0].model.seconds)
            run.deferred[:] = of("audit")
        refused = accept(run, pending)
        if is_refused(VALID, run.recorder.exchanges):
            raise _KeyRefusedError
        for item, _ in refused:
            find_cause(run, item)
        follow(run)
        download_all(run)
        _stop_if_unexpected(run)
    audited, run.deferred[:] = run.deferred[:], []
    audit(run, audited)
    accept(run, of("late"))
    for pair in of("duplicate"):
        submit_duplicate(run, pair)
    for pair in of("failing"):
        submit_failing(run, pair)
    follow(run)
    download_all(run)
    _stop_if_unexpected(run)


def _stop_if_unexpected(run: RunContext) -> None:
    if run.options.fail_fast and run.unexpected:
        raise _Stop


def _counter(progress: Progress | None, total: int) -> Callable[[str], None]:
    """Return a callback that counts requests for ``progress``; the total grows if there are more than planned."""
    if progress is None:
        return lambda _: None
    lock, done = threading.Lock(), 0

    def count(what: str) -> None:
        nonlocal done
        with lock:
            done += 1
            progress(what, done, max(done, total))

    return count
