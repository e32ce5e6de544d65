"""Jobs: their state as a pure function of time, and the store that forgets them."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from attrs import define, field

from segmind_ltx_sandbox.service.accounts import Account
from segmind_ltx_sandbox.service.clock import round_time
from segmind_ltx_sandbox.video.spec import VideoSpec


class State(StrEnum):
    """The four states of a job, in the order in which they may follow each other."""

    QUEUED = "QUEUED"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


@define(eq=False)
class Job:
    """A submitted job. Holds what its responses and its video need, and not the payload."""

    id: str
    account: Account = field(repr=False)
    video_spec: VideoSpec = field(repr=False)
    cost: float
    submitted: float
    queue_time: float
    inference_time: float
    fails: bool
    remaining: float | None = None
    """The account's balance after the job was charged."""
    file_size: int | None = None
    """Size of the video once it was rendered, so that later reads of the result need not render it again."""

    @property
    def ended(self) -> float:
        """Return the time at which the job ends."""
        return round_time(self.submitted + self.queue_time + self.inference_time)

    def settled(self, remaining: float) -> None:
        """Record the balance after the job was charged."""
        self.remaining = remaining


def state_at(job: Job, now: float) -> State:
    """Return the state of a job from its times alone: it cannot go backwards and needs no background task."""
    if now >= job.ended:
        return State.FAILED if job.fails else State.COMPLETED
    return State.PROCESSING if now >= job.submitted + job.queue_time else State.QUEUED


class JobStore:
    """Jobs by id, until ``retention`` seconds after they ended.

    The documents say that results are retained for one hour. A result exists once the job has ended, so the hour
    starts there, and the job's status is kept as long.
    """

    def __init__(self, retention: float) -> None:
        """Keep jobs for ``retention`` seconds after their end."""
        self.retention = retention
        self._jobs: dict[str, Job] = {}

    def __len__(self) -> int:
        """Return how many jobs are remembered."""
        return len(self._jobs)

    def __iter__(self) -> Iterator[Job]:
        """Iterate over the remembered jobs, oldest first."""
        return iter(list(self._jobs.values()))

    def add(self, job: Job) -> None:
        """Remember a job, and forget those that have expired."""
        self._evict(job.submitted)
        self._jobs[job.id] = job

    def find(self, job_id: str, account: Account, now: float) -> Job | None:
        """Return the job, or None if it is unknown, expired, or another account's."""
        job = self._jobs.get(job_id)
        if job is None or job.account is not account or self._expired(job, now):
            return None
        return job

    def _expired(self, job: Job, now: float) -> bool:
        return now > job.ended + self.retention

    def _evict(self, now: float) -> None:
        # Jobs are in the order of submission. If an expired job follows one of a slower model, it is forgotten later;
        # until then `find` hides it.
        while self._jobs:
            first = next(iter(self._jobs))
            if not self._expired(self._jobs[first], now):
                return
            del self._jobs[first]
