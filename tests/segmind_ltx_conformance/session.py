"""A run from its profile to its reports, for the command line and for the pytest plugin."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen

from segmind_ltx_conformance.checks import Judgement
from segmind_ltx_conformance.coverage import stages_for
from segmind_ltx_conformance.recording import Recording, RecordingError, read_recording
from segmind_ltx_conformance.report import RECORDING, write_recording
from segmind_ltx_conformance.report.document import Run
from segmind_ltx_conformance.report.files import writable
from segmind_ltx_conformance.report.redact import Redactor
from segmind_ltx_conformance.report.spending import spent
from segmind_ltx_conformance.target import Keys, ProfileError, Target, read_target
from segmind_ltx_spec import Clause, Contract, clauses, load

VISITS: Final = ("start", "resume")
"""The two visits in which the hour of a result is seen on a target whose clock cannot be moved."""

Progress = Callable[[str, int, int], None]
"""Told what was sent, how many requests that makes, and of how many."""


class RefusedError(Exception):
    """The run cannot begin; the message says what to change. No key is ever in it."""


@frozen
class RunOptions:
    """What is asked of a run. ``select`` are globs or parts of clause ids; empty: all of them."""

    select: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    free: bool = False
    fail_fast: bool = False
    jobs: int = 8
    seed: int = 0
    videos: bool = True
    visit: str | None = None


@frozen
class Session:
    """A wish that can be granted. ``only`` are the ids of the clauses to be judged, None where that is all of them."""

    target: Target
    contract: Contract
    wish: RunOptions
    only: frozenset[str] | None
    redact: Redactor

    @property
    def options(self) -> Any:
        """The prober's."""
        from segmind_ltx_conformance.prober import Options

        wish = self.wish
        return Options(
            seed=wish.seed,
            jobs=wish.jobs,
            free=wish.free,
            videos=wish.videos,
            models=frozenset(wish.models) or None,
            stages=None
            if self.only is None
            else stages_for(one for one in clauses(self.contract) if one.id in self.only),
            fail_fast=wish.fail_fast,
        )


def prepare(profile: Path, wish: RunOptions) -> Session:
    """Read the profile, and see that there is something to do. Raises `RefusedError`."""
    try:
        target = read_target(profile)
    except ProfileError as error:
        raise RefusedError(str(error)) from None
    contract = load()
    if unknown := [slug for slug in wish.models if slug not in contract.models]:
        raise RefusedError(f"no model is called {', '.join(unknown)}; there are {', '.join(contract.models)}")
    if wish.visit is not None and wish.visit not in VISITS:
        raise RefusedError(f"--visit is one of {', '.join(VISITS)}")
    return Session(
        target, contract, wish, selected(clauses(contract), wish.select, wish.models), Redactor.of(target.keys)
    )


def selected(known: Iterable[Clause], patterns: Sequence[str], models: Collection[str]) -> frozenset[str] | None:
    """The ids that are asked for, None where that is all. Raises `RefusedError` where a pattern matches nothing."""
    if not patterns and not models:
        return None
    able = [clause for clause in known if not models or set(models) & set(clause.models)]
    if not patterns:
        return frozenset(clause.id for clause in able)
    found: set[str] = set()
    for pattern in patterns:
        matching = {one.id for one in able if pattern in one.id or fnmatchcase(one.id, pattern)}
        if not matching:
            raise RefusedError(f"--select {pattern} matches no clause{' of these models' if models else ''}")
        found |= matching
    return frozenset(found)


def check_folder(folder: Path, visit: str | None = None) -> None:
    """See that the reports can be written there, before anything is paid for. Raises `RefusedError`."""
    try:
        writable(folder)
    except OSError as error:
        raise RefusedError(f"{folder}: the report cannot be written there: {error.strerror}") from None
    if visit == "start" and (folder / RECORDING).exists():
        raise RefusedError(f"{folder / RECORDING} exists, and may hold jobs to come back to: choose another folder")


def ledger_of(session: Session, folder: Path) -> Recording:
    """What the first visit left. Raises `RefusedError`."""
    path = folder / RECORDING
    try:
        ledger = read_recording(path)
    except RecordingError as error:
        raise RefusedError(f"nothing to resume: {error}") from None
    if ledger.base_url != session.target.base_url:
        raise RefusedError(f"{path} is of {ledger.base_url}, and the target is {session.target.base_url}")
    return ledger


def perform(session: Session, folder: Path, progress: Progress) -> Run:
    """Probe, save what was recorded, and judge it. Raises `RefusedError`, `OSError`, and what the prober raises.

    Whatever ends the run, what was recorded until then is saved: it may have been paid for.
    """
    from segmind_ltx_conformance import prober

    ledger = ledger_of(session, folder) if session.wish.visit == "resume" else None
    began = time.monotonic()
    try:
        if ledger is None:
            recording = prober.probe(session.target, session.contract, session.options, progress)
        else:
            recording = prober.resume(session.target, session.contract, ledger, progress)
    except prober.CannotRunError as error:
        raise RefusedError(str(error)) from None
    except prober.Interrupted as stopped:
        if len(stopped.recording.exchanges) >= len(ledger.exchanges if ledger else ()):
            write_recording(folder, session.redact.recording(stopped.recording))
        raise
    recording = session.redact.recording(recording)
    write_recording(folder, recording)
    seconds = time.monotonic() - began
    judgement = judged(recording, session.contract, session.only, session.wish.models)
    return Run(recording, judgement, spent(recording, session.contract), session.wish.seed, seconds)


def judge_file(path: Path, base_url: str | None) -> Run:
    """Judge a recording that somebody made. Raises `RefusedError`."""
    try:
        recording = read_recording(path, base_url)
    except RecordingError as error:
        raise RefusedError(str(error)) from None
    recording = Redactor.of(Keys(), recording).recording(recording)
    contract = load()
    return Run(recording, judged(recording, contract, None, ()), spent(recording, contract))


def judged(recording: Recording, contract: Contract, only: frozenset[str] | None, models: Collection[str]) -> Judgement:
    """The judgement, of the selected models alone where there is a selection."""
    from segmind_ltx_conformance.judge import judge

    whole = judge(recording, contract, only)
    if not models:
        return whole
    return evolve(
        whole,
        checks=tuple(one for one in whole.checks if one.model is None or one.model in models),
        observations=tuple(one for one in whole.observations if one.model is None or one.model in models),
    )
