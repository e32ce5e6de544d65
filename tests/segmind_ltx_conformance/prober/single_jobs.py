"""Single jobs with a purpose: the twin, the one that fails; and other ways to read a job."""

from __future__ import annotations

from attrs import evolve

from segmind_ltx_conformance.prober.accept import Held, submit
from segmind_ltx_conformance.prober.context import Job, RunContext, text_at
from segmind_ltx_conformance.prober.follow import same_origin

PICTURE = {"accept": "image/png"}
"""What no route has. 406 means credits here, so that it must not be the answer."""


def repeat(run: RunContext, held: Held) -> None:
    """Send once more what was accepted, the seed the same where there is one."""
    item, hold = held
    done = [job for job in run.jobs if job.key == "valid" and job.state == "COMPLETED" and job.model == item.model]
    done = done or [job for job in run.jobs if job.key == "valid"]
    chosen = next((job for job in done if isinstance(job.body.get("seed"), int)), done[0] if done else None)
    if chosen is None:
        run.budget.close(hold, accepted=False)
        run.skip("twin", item.model.slug, "no submit was accepted that could be repeated")
        return
    again = evolve(item, model=chosen.model, body=chosen.body)
    submit(run, again, hold, f"twin {chosen.model.slug}", **PICTURE)


def fail(run: RunContext, held: Held) -> None:
    """Submit a job with the key whose jobs fail."""
    item, hold = held
    submit(run, item, hold, f"failing {item.model.slug}", "failing")


def youngest(run: RunContext) -> Job | None:
    """The job that was submitted last with the valid key, one that is done where there is one."""
    mine = [job for job in run.jobs if job.key == "valid"]
    return next((job for job in reversed(mine) if job.state == "COMPLETED"), mine[-1] if mine else None)


def other_reads(run: RunContext) -> None:
    """The job through its alias, from another account, and with an Accept header for something else."""
    job = youngest(run)
    wanted = [stage for stage in ("alias", "address", "other-account", "accept-header") if run.options.wants(stage)]
    if job is None:
        for stage in wanted:
            run.skip(stage, None, "no job was accepted")
        return
    if "alias" in wanted:
        given = text_at(job.answer, "poll_url")
        location = same_origin(run, given) if given else None
        if location is None:
            run.skip("alias", None, "poll_url lies on another origin" if given else "no poll_url was given")
        else:
            run.get("alias", location, "valid")
    if "address" in wanted:
        for name in ("status_url", "response_url", "poll_url"):
            given = text_at(job.answer, name)
            if given and given.startswith(("http://", "https://")) and same_origin(run, given) is None:
                run.get(f"address {name}", given, None)
    if "other-account" in wanted:
        if "other" in run.target.keys:
            run.get("other-account", job.path, "other")
        else:
            run.skip("other-account", None, "no key for other")
    if "accept-header" in wanted:
        run.get("accept-header", f"{job.path}/status", "valid", PICTURE)
