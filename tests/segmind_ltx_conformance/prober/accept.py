"""Send valid payloads: all packs under v2 and v1, and the three blocking calls of the audit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from segmind_ltx_conformance.bodies import id_in, locations_in
from segmind_ltx_conformance.payloads import refusals
from segmind_ltx_conformance.prober.budget import Reservation
from segmind_ltx_conformance.prober.context import Job, RunContext, accepted, cost_of
from segmind_ltx_conformance.prober.packs import Item
from segmind_ltx_conformance.recording import Exchange

ReservedItem = tuple[Item, Reservation]

UNKNOWN_MODEL_PATH: Final = "/v2/no-such-model"
AUDIT_READS: Final = 10
AUDIT_REFUSALS: Final = 5
BODY_REFUSALS: Final = frozenset({400, 404, 406, 409, 410, 413, 415, 422})
"""The refusals that the body may have caused. A persistent 5xx counts as well."""


def submit(
    run: RunContext, item: Item, reservation: Reservation, probe: str, key: str = "valid", **headers: str
) -> Exchange | None:
    """Send a pack to its route and return the exchange; None if the target does not offer that route."""
    route = (item.model.slug, item.version)
    if route in run.missing_routes:
        run.budget.close(reservation, accepted=False)
        return None
    exchange = run.paid(probe, item.path, item.body, reservation, key, headers)
    if accepted(exchange):
        run.accepted_choices.setdefault(route, []).extend(item.pack.values())
        record_accepted(run, item, exchange, reservation, key)
    elif item.version == "v2" and exchange.status == 404:
        run.missing_routes.add(route)
        run.skip("accept", item.model.slug, "the target does not offer v2")
    else:
        run.unexpected = True
    return exchange


def record_accepted(run: RunContext, item: Item, exchange: Exchange, reservation: Reservation, key: str) -> None:
    """Record the result of an accepted call: a job to poll, or a video to download."""
    label = (exchange.probe or "").partition(" ")[2]
    if item.version == "v1":
        run.budget.settle(reservation, cost_of(exchange))
        run.outputs += [(label, location) for location in locations_in(exchange.json, anywhere=True)[:1]]
        return
    if (request_id := id_in(exchange.json)) is None:
        run.unexpected = True
        return
    job = Job(request_id, label, item.model, key, exchange.at, run.recorder.advanced, reservation, item.body, exchange)
    run.jobs.append(job)
    # The state right after the response shows whether the submit waited for the job.
    run.get(f"poll {label} at once", f"{job.path}/status", key)


def accept(run: RunContext, reserved_items: Sequence[ReservedItem]) -> list[tuple[Item, Exchange]]:
    """Send packs concurrently; return those that were refused, if their body may be the cause."""

    def submit_one(reserved: ReservedItem) -> tuple[Item, Exchange | None]:
        item, reservation = reserved
        return item, submit(run, item, reservation, f"accept {item.version} {item.model.slug} #{item.number}")

    begun = len(run.jobs)
    sent = run.each(reserved_items, submit_one)
    # Sort by the order of sending: later choices must not depend on the order of the responses.
    positions = {
        f"{item.version} {item.model.slug} #{item.number}": position
        for position, (item, _) in enumerate(reserved_items)
    }
    run.jobs[begun:] = sorted(run.jobs[begun:], key=lambda job: positions[job.label])
    return [
        (item, exchange)
        for item, exchange in sent
        if exchange and (exchange.status in BODY_REFUSALS or exchange.status >= 500)
    ]


def audit(run: RunContext, reserved_items: Sequence[ReservedItem]) -> None:
    """Send blocking calls one by one: reads between the first two, refused requests between the next two."""
    job = next((job for job in reversed(run.jobs) if job.polling_ended), None)
    path = job.path if job else "/v2/requests/no-such-request"
    for position, (item, reservation) in enumerate(reserved_items):
        if position == 1:
            for number in range(AUDIT_READS):
                run.get(f"audit read {number}", path if number % 2 else f"{path}/status", "valid")
        elif position == 2:
            wrong = [refusal for refusal in refusals(item.model, run.picture) if isinstance(refusal.body, dict)][
                :AUDIT_REFUSALS
            ]
            for number, refusal in enumerate(wrong):
                # Stop at the first acceptance: it was billed.
                exchange = run.trial(f"audit refused {number}", item.path, item.model, refusal.body, "valid")
                if exchange is None or accepted(exchange):
                    break
            run.trial("audit refused unknown model", UNKNOWN_MODEL_PATH, item.model, item.body, "valid")
        submit(run, item, reservation, f"audit call {item.model.slug} #{item.number}")
