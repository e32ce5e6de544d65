"""Submit single jobs with a purpose, a duplicate and one that fails, and read a job in other ways."""

from __future__ import annotations

from attrs import evolve

from segmind_ltx_conformance.prober.accept import ReservedItem, submit
from segmind_ltx_conformance.prober.context import Job, RunContext, text_at
from segmind_ltx_conformance.prober.follow import same_origin

IMAGE_ONLY = {"accept": "image/png"}
"""A type that no route returns. Here 406 means lacking credits, so it must not be the response."""


def submit_duplicate(run: RunContext, reserved_item: ReservedItem) -> None:
    """Send an accepted submit again, if possible one with a seed."""
    item, reservation = reserved_item
    candidates = [
        job for job in run.jobs if job.key == "valid" and job.state == "COMPLETED" and job.model == item.model
    ]
    candidates = candidates or [job for job in run.jobs if job.key == "valid"]
    chosen = next(
        (job for job in candidates if isinstance(job.body.get("seed"), int)), candidates[0] if candidates else None
    )
    if chosen is None:
        run.budget.close(reservation, accepted=False)
        run.skip("duplicate", item.model.slug, "no submit was accepted, so none can be repeated")
        return
    again = evolve(item, model=chosen.model, body=chosen.body)
    submit(run, again, reservation, f"duplicate {chosen.model.slug}")


def submit_failing(run: RunContext, reserved_item: ReservedItem) -> None:
    """Submit a job with the key whose jobs fail."""
    item, reservation = reserved_item
    submit(run, item, reservation, f"failing {item.model.slug}", "failing")


def latest_job(run: RunContext) -> Job | None:
    """Return the last job of the valid key, if possible one that is COMPLETED, of a model with a documented v2."""
    jobs = [job for job in run.jobs if job.key == "valid"]
    return max(jobs, key=lambda job: (job.state == "COMPLETED", job.documented, jobs.index(job)), default=None)


def read_differently(run: RunContext) -> None:
    """Read a job through its alias, from another account, and with an Accept header for another type."""
    job = latest_job(run)
    wanted = [stage for stage in ("alias", "address", "other-account", "accept-header") if run.options.wants(stage)]
    if job is None:
        for stage in wanted:
            run.skip(stage, None, "no job was accepted")
        return
    if "alias" in wanted:
        url = text_at(job.answer, "poll_url")
        full_url = same_origin(run, url, job.answer.url) if url else None
        if full_url is None:
            run.skip("alias", None, "poll_url leads to another origin" if url else "no poll_url was given")
        else:
            run.get("alias", full_url, "valid")
    if "address" in wanted:
        for name in ("status_url", "response_url", "poll_url"):
            url = text_at(job.answer, name)
            if url and url.startswith(("http://", "https://")) and same_origin(run, url, job.answer.url) is None:
                run.get(f"address {name}", url, None)
    if "other-account" in wanted:
        if "other" in run.target.keys:
            run.get("other-account", job.path, "other")
        else:
            run.skip("other-account", None, "no key for other")
    if "accept-header" in wanted:
        run.get("accept-header", f"{job.path}/status", "valid", IMAGE_ONLY)
