"""Valid payloads: all packs on v2 and v1, and the three blocking calls that are sent alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from segmind_ltx_conformance.payloads import refusals
from segmind_ltx_conformance.prober.budget import Reservation
from segmind_ltx_conformance.prober.context import Job, RunContext, accepted, cost_of, text_at
from segmind_ltx_conformance.prober.follow import output_of
from segmind_ltx_conformance.prober.packs import Item
from segmind_ltx_conformance.recording import Exchange

Held = tuple[Item, Reservation]

NO_SUCH_MODEL: Final = "/v2/no-such-model"
READS: Final = 10
REFUSED: Final = 5
TAKEN_APART: Final = frozenset({400, 404, 406, 409, 410, 413, 415, 422})
"""The refusals that may be about what is in the body; a server's own fault that stays is one as well."""


def submit(
    run: RunContext, item: Item, hold: Reservation, probe: str, key: str = "valid", **headers: str
) -> Exchange | None:
    """Send a pack to its route; None where that route is not offered."""
    place = (item.model.slug, item.version)
    if place in run.closed:
        run.budget.close(hold, accepted=False)
        return None
    one = run.paid(probe, item.path, item.body, hold, key, headers)
    if accepted(one):
        run.good.setdefault(place, []).extend(item.pack.values())
        note(run, item, one, hold, key)
    elif item.version == "v2" and one.status == 404:
        run.closed.add(place)
        run.skip("accept", item.model.slug, "v2 is not offered")
    else:
        run.unexpected = True
    return one


def note(run: RunContext, item: Item, one: Exchange, hold: Reservation, key: str) -> None:
    """Remember what came of an accepted call: a job to follow, or a video."""
    label = (one.probe or "").partition(" ")[2]
    if item.version == "v1":
        run.budget.settle(hold, cost_of(one))
        if (location := output_of(one)) is not None:
            run.outputs.append((label, location))
        return
    if (request_id := text_at(one, "request_id")) is None:
        run.unexpected = True
        return
    job = Job(request_id, label, item.model, key, one.at, run.wire.moved, hold, item.body, one)
    run.jobs.append(job)


def accept(run: RunContext, held: Sequence[Held]) -> list[tuple[Item, Exchange]]:
    """Send packs, several at once; answers with those that were refused for what may be in them."""

    def one(pair: Held) -> tuple[Item, Exchange | None]:
        item, hold = pair
        return item, submit(run, item, hold, f"accept {item.version} {item.model.slug} #{item.number}")

    begun = len(run.jobs)
    sent = run.each(held, one)
    # In the order in which they were sent, not in that of the answers: what is chosen later must not depend on chance.
    places = {f"{item.version} {item.model.slug} #{item.number}": place for place, (item, _) in enumerate(held)}
    run.jobs[begun:] = sorted(run.jobs[begun:], key=lambda job: places[job.label])
    return [(item, got) for item, got in sent if got and (got.status in TAKEN_APART or got.status >= 500)]


def audit(run: RunContext, held: Sequence[Held]) -> None:
    """Blocking calls alone: between the first two nothing but reads, between the next nothing but refusals."""
    job = next((job for job in reversed(run.jobs) if job.over), None)
    path = job.path if job else "/v2/requests/no-such-request"
    for place, (item, hold) in enumerate(held):
        if place == 1:
            for number in range(READS):
                run.get(f"audit read {number}", path if number % 2 else f"{path}/status", "valid")
        elif place == 2:
            wrong = [one for one in refusals(item.model, run.picture) if isinstance(one.body, dict)][:REFUSED]
            for number, refusal in enumerate(wrong):
                # The first that is accepted after all is enough.
                got = run.trial(f"audit refused {number}", item.path, item.model, refusal.body, "valid")
                if got is None or accepted(got):
                    break
            run.trial("audit refused unknown model", NO_SUCH_MODEL, item.model, item.body, "valid")
        submit(run, item, hold, f"audit call {item.model.slug} #{item.number}")
