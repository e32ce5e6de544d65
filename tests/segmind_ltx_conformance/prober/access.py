"""Who may call: no key, a wrong one, the key in the wrong place, the scenarios; and what does not exist."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlencode

from attrs import frozen

from segmind_ltx_conformance.payloads import base, picture_of
from segmind_ltx_conformance.prober.context import RunContext, accepted
from segmind_ltx_conformance.prober.options import Options
from segmind_ltx_conformance.prober.packs import models_of
from segmind_ltx_conformance.prober.single_jobs import youngest
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
"""What the other stages here are answered with."""
UNKNOWN: Final = "no-such-request"
"""An id that is not even a UUID."""


@frozen
class AccessProbe:
    """A request that ought to be refused for who asks. ``path`` is None for the two GETs of a job."""

    stage: str
    name: str
    method: str
    model: Model | None
    path: str
    key: str | None


def unknown_id(seed: int) -> str:
    """An id that nobody gave out."""
    return str(uuid.UUID(int=random.Random(f"id {seed}").getrandbits(128), version=4))  # noqa: S311  no secret


def knocks(target: Target, contract: Contract, options: Options) -> Iterator[AccessProbe]:
    """Every such request; ``{job}`` in a path stands for the id of a job."""
    models = models_of(contract, options)
    posts = [(model, path) for model in models for path in (model.v1, model.v2)]
    gets = ["/v2/requests/{job}", "/v2/requests/{job}/status"]
    keys: dict[str, str | None] = {"missing-key": None, "wrong-key": "wrong"}
    stages = [(stage, stage, key) for stage, key in keys.items()]
    stages += [("scenario", f"scenario {name}", name) for name in SCENARIO_STATUS if name in target.keys]
    for stage, name, key in stages:
        if options.wants(stage):
            yield from (AccessProbe(stage, name, "POST", model, path, key) for model, path in posts)
            if name != "scenario no_credits":
                yield from (AccessProbe(stage, name, "GET", None, path, key) for path in gets)
    for stage in ("bearer", "query"):
        if options.wants(stage) and "valid" in target.keys and models:
            yield AccessProbe(stage, stage, "POST", models[0], models[0].v2, None)
            yield AccessProbe(stage, stage, "GET", None, gets[1], None)
    if options.wants("unknown-model") and "valid" in target.keys and models:
        for version in ("v1", "v2"):
            yield AccessProbe("unknown-model", "unknown-model", "POST", models[0], f"/{version}/no-such-model", "valid")
    if options.wants("unknown-id") and "valid" in target.keys:
        for name in (unknown_id(options.seed + 1), UNKNOWN):
            yield from (
                AccessProbe("unknown-id", "unknown-id", "GET", None, path.format(job=name), "valid") for path in gets
            )


def knock_everywhere(run: RunContext) -> None:
    """Send them; at the first POST of a kind that is accepted, the others of that kind are left out."""
    for name in SCENARIO_STATUS:
        if name not in run.target.keys and run.options.wants("scenario"):
            run.skip("scenario", None, f"no key for {name}")
    job = youngest(run)
    known = job.path.rpartition("/")[2] if job else unknown_id(run.options.seed)
    kinds: dict[str, list[AccessProbe]] = {}
    for one in knocks(run.target, run.contract, run.options):
        kinds.setdefault(one.name, []).append(one)
    run.each(kinds.values(), lambda kind: _kind(run, kind, known))


def _kind(run: RunContext, kind: list[AccessProbe], job: str) -> None:
    blown = False
    for one in kind:
        path = one.path.format(job=job)
        # A route that is not offered has nothing to be refused at.
        if one.model is not None and (one.model.slug, "v2") in run.closed and path == one.model.v2:
            continue
        headers, query = _elsewhere(run, one.stage)
        probe = f"{one.name} {one.method} {path}"
        got: Exchange | None = None
        if one.model is None:
            got = run.get(probe, path + query, one.key, headers)
        elif blown:
            run.skip(one.stage, one.model.slug, f"fuse: {one.name} was accepted before")
        else:
            body = base(one.model, run.target.picture or picture_of(run.contract))
            got = run.trial(probe, path + query, one.model, body, one.key, headers)
            blown = got is not None and accepted(got)
        expected = STAGE_STATUS.get(one.stage) or SCENARIO_STATUS.get(one.key or "")
        run.unexpected = run.unexpected or (got is not None and got.status != expected)


def _elsewhere(run: RunContext, stage: str) -> tuple[dict[str, str], str]:
    """The key where it does not belong: headers and query."""
    if stage == "bearer":
        return {"authorization": f"Bearer {run.target.keys['valid']}"}, ""
    if stage == "query":
        key = run.target.keys["valid"]
        # Under the two names that a server would look for it.
        return {}, "?" + urlencode({"api_key": key, "x-api-key": key})
    return {}, ""
