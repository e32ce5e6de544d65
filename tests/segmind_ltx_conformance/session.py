"""Run the suite from a profile to its reports, for the command line and for the pytest plugin."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen

from segmind_ltx_conformance.checks import Judgement
from segmind_ltx_conformance.coverage import stages_for, stages_of
from segmind_ltx_conformance.har import read_recording
from segmind_ltx_conformance.known import Entry, KnownError, apply, read_known
from segmind_ltx_conformance.recording import Recording, RecordingError
from segmind_ltx_conformance.report import RECORDING, write_recording
from segmind_ltx_conformance.report.document import Run
from segmind_ltx_conformance.report.files import ensure_writable
from segmind_ltx_conformance.report.redact import Redactor
from segmind_ltx_conformance.report.spending import spent
from segmind_ltx_conformance.requirements import (
    NO_REQUIREMENTS,
    RequirementError,
    Requirements,
    requirements_of,
    unmet,
    with_options,
    without_blame,
)
from segmind_ltx_conformance.target import Keys, ProfileError, Target, read_target
from segmind_ltx_spec import Clause, Contract, clauses, load

VISITS: Final = ("start", "resume")
"""The two visits that test retention if the target's clock cannot be advanced."""

Progress = Callable[[str, int, int], None]
"""Called after each request with its probe label, the number of requests sent, and the expected total."""


class RefusedError(Exception):
    """The run cannot start; the message says what to change. It never contains a key."""


@frozen
class RunOptions:
    """The options of a run. ``select`` holds globs or parts of clause ids; empty means all clauses."""

    select: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    free: bool = False
    fail_fast: bool = False
    jobs: int = 8
    seed: int = 0
    videos: bool = True
    visit: str | None = None
    every_version: bool = False
    """Send what is selected by every version of the API; by default one is enough."""
    require: tuple[str, ...] = ()
    known: Path | None = None


@frozen
class Session:
    """A valid combination of profile and options.

    ``only`` holds the ids of the clauses to judge; None means all of them.
    """

    target: Target
    contract: Contract
    options: RunOptions
    only: frozenset[str] | None
    redact: Redactor
    requirements: Requirements
    known: tuple[Entry, ...] = ()

    @property
    def prober_options(self) -> Any:
        """The options for the prober."""
        from segmind_ltx_conformance.prober import Options

        options = self.options
        return Options(
            seed=options.seed,
            jobs=options.jobs,
            free=options.free,
            videos=options.videos,
            models=frozenset(options.models) or None,
            stages=self._stages(),
            fail_fast=options.fail_fast,
            clauses=self.only if options.select else None,
            every_version=options.every_version,
        )

    def _stages(self) -> frozenset[str] | None:
        """Return the stages that test the clauses: for selected clauses no more than they need; None for all."""
        if self.only is None:
            return None
        chosen = [clause for clause in clauses(self.contract) if clause.id in self.only]
        if self.options.select:
            return stages_for(chosen)
        return frozenset(stage for clause in chosen for stage in stages_of(clause))


def prepare(profile: Path, options: RunOptions) -> Session:
    """Read the profile and check the options. Raises `RefusedError`."""
    try:
        target = read_target(profile)
    except ProfileError as error:
        raise RefusedError(str(error)) from None
    contract = load()
    if unknown := [slug for slug in options.models if slug not in contract.models]:
        raise RefusedError(f"no model is called {', '.join(unknown)}; there are {', '.join(contract.models)}")
    if options.visit is not None and options.visit not in VISITS:
        raise RefusedError(f"--visit is one of {', '.join(VISITS)}")
    try:
        requirements = with_options(requirements_of(target.require, f"{profile}: [require]"), options.require)
        known = read_known(options.known, contract) if options.known else ()
    except (RequirementError, KnownError) as error:
        raise RefusedError(str(error)) from None
    only = selected(clauses(contract), options.select, options.models)
    return Session(target, contract, options, only, Redactor.of(target.keys), requirements, known)


def selected(known: Iterable[Clause], patterns: Sequence[str], models: Collection[str]) -> frozenset[str] | None:
    """Return the ids of the selected clauses, or None for all. Raises `RefusedError` if a pattern matches nothing."""
    if not patterns and not models:
        return None
    candidates = [clause for clause in known if not models or set(models) & set(clause.models)]
    if not patterns:
        return frozenset(clause.id for clause in candidates)
    found: set[str] = set()
    for pattern in patterns:
        matching = {clause.id for clause in candidates if pattern in clause.id or fnmatchcase(clause.id, pattern)}
        if not matching:
            raise RefusedError(f"--select {pattern} matches no clause{' of these models' if models else ''}")
        found |= matching
    return frozenset(found)


def check_folder(folder: Path, visit: str | None = None) -> None:
    """Check that reports can be written to ``folder`` before anything is paid for. Raises `RefusedError`."""
    try:
        ensure_writable(folder)
    except OSError as error:
        raise RefusedError(f"{folder}: cannot write the report there: {error.strerror}") from None
    if visit == "start" and (folder / RECORDING).exists():
        raise RefusedError(f"{folder / RECORDING} exists and may contain paid jobs: choose another folder")


def earlier_recording(session: Session, folder: Path) -> Recording:
    """Read the recording of the first visit. Raises `RefusedError`."""
    path = folder / RECORDING
    try:
        earlier = read_recording(path)
    except RecordingError as error:
        raise RefusedError(f"nothing to resume: {error}") from None
    if earlier.base_url != session.target.base_url:
        raise RefusedError(f"{path} is a recording of {earlier.base_url}, but the target is {session.target.base_url}")
    return earlier


def perform(session: Session, folder: Path, progress: Progress) -> Run:
    """Probe the target, save the recording, and judge it.

    Raises `RefusedError`, `OSError` and the prober's exceptions. However the run ends, the recording so far is saved,
    because it may have been paid for.
    """
    from segmind_ltx_conformance import prober

    earlier = earlier_recording(session, folder) if session.options.visit == "resume" else None
    started = time.monotonic()
    try:
        if earlier is None:
            recording = prober.probe(session.target, session.contract, session.prober_options, progress)
        else:
            recording = prober.resume(session.target, session.contract, earlier, progress)
    except prober.CannotRunError as error:
        raise RefusedError(str(error)) from None
    except prober.Interrupted as stopped:
        if len(stopped.recording.exchanges) >= len(earlier.exchanges if earlier else ()):
            write_recording(folder, session.redact.recording(stopped.recording))
        raise
    recording = session.redact.recording(recording)
    write_recording(folder, recording)
    seconds = time.monotonic() - started
    return judged(session, recording, seconds)


def judged(session: Session, recording: Recording, seconds: float | None = None) -> Run:
    """Judge the recording of a run, with its requirements and known failures."""
    contract, options = session.contract, session.options
    judgement = judge_selected(recording, contract, session.only, options.models)
    judgement = without_blame(judgement, recording)
    missing = tuple(unmet(session.requirements, recording, judgement, contract, session.target.keys))
    judgement = apply(judgement, session.known, date.today(), whole=session.only is None)
    return Run(recording, evolve(judgement, unmet=missing), spent(recording, contract), options.seed, seconds)


def judge_file(path: Path, base_url: str | None, require: Sequence[str] = (), known: Path | None = None) -> Run:
    """Judge a recording from a file; nothing is required unless ``require`` says so. Raises `RefusedError`."""
    contract = load()
    try:
        recording = read_recording(path, base_url)
        required = with_options(NO_REQUIREMENTS, require)
        entries = read_known(known, contract) if known else ()
    except (RecordingError, RequirementError, KnownError) as error:
        raise RefusedError(str(error)) from None
    recording = Redactor.of(Keys(), recording).recording(recording)
    judgement = judge_selected(recording, contract, None, ())
    missing = tuple(unmet(required, recording, judgement, contract))
    judgement = apply(judgement, entries, date.today(), whole=True)
    return Run(recording, evolve(judgement, unmet=missing), spent(recording, contract))


def judge_selected(
    recording: Recording, contract: Contract, only: frozenset[str] | None, models: Collection[str]
) -> Judgement:
    """Judge a recording; if models are selected, keep only their checks."""
    from segmind_ltx_conformance.judge import judge

    judgement = judge(recording, contract, only)
    if not models:
        return judgement
    return evolve(
        judgement,
        checks=tuple(check for check in judgement.checks if check.model is None or check.model in models),
        observations=tuple(check for check in judgement.observations if check.model is None or check.model in models),
    )
