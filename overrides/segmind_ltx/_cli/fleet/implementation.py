"""What the commands of a fleet run. Importing it needs the extra ``fleet``; `extra.load_fleet` does so."""

from __future__ import annotations

from segmind_ltx._cli.fleet.batch import fleet_batch
from segmind_ltx._cli.fleet.jobs import show_jobs
from segmind_ltx._cli.fleet.settling import doubt_rows, settle_row
from segmind_ltx._fleet.worker import Worker, WorkerOptions


class Fleet:
    """The functions and classes behind the commands, in one place and with their types."""

    batch = staticmethod(fleet_batch)
    show_jobs = staticmethod(show_jobs)
    settle_row = staticmethod(settle_row)
    doubt_rows = staticmethod(doubt_rows)
    Worker = Worker
    WorkerOptions = WorkerOptions
