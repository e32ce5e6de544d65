"""Probe access: no key, a wrong key, the key in the wrong place, each scenario, and unknown models and jobs."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlencode

from segmind_ltx_conformance.payloads import base, example_picture
from segmind_ltx_conformance.prober.context import RunContext, accepted
from segmind_ltx_conformance.prober.options import Options
from segmind_ltx_conformance.prober.packs import documented_first, models_of
from segmind_ltx_conformance.prober.selection import AccessProbe, wants_access
from segmind_ltx_conformance.prober.single_jobs import latest_job
from segmind_ltx_conformance.recording import Exchange
from segmind_ltx_conformance.target import SCENARIO_STATUS, Target
from segmind_ltx_spec import Contract, Model

STAGE_STATUS: Final = {
    "missing-key": 401,
    "wrong-key": 401,
    "bearer": 401,
    "query": 401,
    "unknown-model": 404,
    "unknown-id": 404,
}
"""The expected status of the other stages in this module."""
MALFORMED_ID: Final = "no-such-request"
"""A request id that is not even a UUID."""


def unknown_id(seed: int) -> str:
    """Return a request id that no server gave out."""
    return str(uuid.UUID(int=random.Random(f"id {seed}").getrandbits(128), version=4))  # noqa: S311  not a secret


def access_probes(target: Target, contract: Contract, options: Options) -> Iterator[AccessProbe]:
    """Yield every access probe of the selected stages and clauses."""
    models = models_of(contract, options)
    for probe in _all_probes(target, options, models):
        if options.clauses is None or wants_access(contract, options.clauses, models, probe):
            yield probe


def _all_probes(target: Target, options: Options, models: list[Model]) -> Iterator[AccessProbe]:
    posts = [(model, path) for model in models for path in (model.v1, model.v2)]
    # Routes that the five pages name come first: after one acceptance nothing else of the same kind is sent.
    posts.sort(key=lambda post: post[1] == post[0].v2 and post[0].v2_source.grade != "D")
    gets = ["/v2/requests/{job}", "/v2/requests/{job}/status"]
    keys: dict[str, str | None] = {"missing-key": None, "wrong-key": "wrong"}
    stages = [(stage, stage, key) for stage, key in keys.items()]
    stages += [("scenario", f"scenario {name}", name) for name in SCENARIO_STATUS if name in target.keys]
    for stage, name, key in stages:
        if options.wants(stage):
            yield from (AccessProbe(stage, name, "POST", model, path, key) for model, path in posts)
            if name != "scenario no_credits":
                yield from (AccessProbe(stage, name, "GET", None, path, key) for path in gets)
    first = next(iter(documented_first(models)), None)
    for stage in ("bearer", "query"):
        if options.wants(stage) and "valid" in target.keys and first:
            yield AccessProbe(stage, stage, "POST", first, first.v2, None)
            yield AccessProbe(stage, stage, "GET", None, gets[1], None)
    if options.wants("unknown-model") and "valid" in target.keys and first:
        for version in ("v1", "v2"):
            yield AccessProbe("unknown-model", "unknown-model", "POST", first, f"/{version}/no-such-model", "valid")
    if options.wants("unknown-id") and "valid" in target.keys:
        for name in (unknown_id(options.seed + 1), MALFORMED_ID):
            yield from (
                AccessProbe("unknown-id", "unknown-id", "GET", None, path.format(job=name), "valid") for path in gets
            )


def probe_access(run: RunContext) -> None:
    """Send the access probes. After one accepted POST, skip the other POSTs of the same kind."""
    for name in SCENARIO_STATUS:
        if name not in run.target.keys and run.options.wants("scenario"):
            run.skip("scenario", None, f"no key for {name}")
    job = latest_job(run)
    known = job.path.rpartition("/")[2] if job else unknown_id(run.options.seed)
    kinds: dict[str, list[AccessProbe]] = {}
    for probe in access_probes(run.target, run.contract, run.options):
        kinds.setdefault(probe.name, []).append(probe)
    run.each(kinds.values(), lambda kind: _kind(run, kind, known))


def _kind(run: RunContext, kind: list[AccessProbe], job: str) -> None:
    accepted_before = False
    for probe in kind:
        path = probe.path.format(job=job)
        # A route that is not offered cannot refuse anything.
        if probe.model is not None and (probe.model.slug, "v2") in run.missing_routes and path == probe.model.v2:
            continue
        headers, query = _elsewhere(run, probe.stage)
        label = f"{probe.name} {probe.method} {path}"
        exchange: Exchange | None = None
        if probe.model is None:
            exchange = run.get(label, path + query, probe.key, headers)
        elif accepted_before:
            run.skip(probe.stage, probe.model.slug, f"fuse: {probe.name} was accepted before")
        else:
            body = base(probe.model, run.target.picture or example_picture(run.contract))
            exchange = run.trial(label, path + query, probe.model, body, probe.key, headers)
            accepted_before = exchange is not None and accepted(exchange)
        expected = STAGE_STATUS.get(probe.stage) or SCENARIO_STATUS.get(probe.key or "")
        # What a GET with such a key gets is not documented.
        judged = exchange is not None and not (probe.stage == "scenario" and probe.model is None)
        run.unexpected = run.unexpected or (judged and exchange is not None and exchange.status != expected)


def _elsewhere(run: RunContext, stage: str) -> tuple[dict[str, str], str]:
    """Return headers and a query that carry the key in the wrong place."""
    if stage == "bearer":
        return {"authorization": f"Bearer {run.target.keys['valid']}"}, ""
    if stage == "query":
        key = run.target.keys["valid"]
        # Use the two parameter names that a server is likely to read.
        return {}, "?" + urlencode({"api_key": key, "x-api-key": key})
    return {}, ""
