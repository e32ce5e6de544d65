"""Make a run for the tests of the reports: every outcome, a failure that causes others, and hostile text."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from attrs import evolve

from segmind_ltx_conformance.checks import Check, Judgement, Observation, Outcome
from segmind_ltx_conformance.recording import Exchange, Recording
from segmind_ltx_conformance.report.document import Run
from segmind_ltx_conformance.report.spending import spent
from segmind_ltx_spec import Clause, clauses, load

BASE = "http://127.0.0.1:8900"
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> [bold]\x1b[31m\x00\u202e]]>&amp;'\"\ud800"
JSON = {"content-type": "application/json"}
SENT = {**JSON, "x-api-key": "[valid key]"}


def exchange(
    method: str, path: str, status: int, sent: object = None, response: object = None, key: str | None = "valid"
) -> Exchange:
    """Return an exchange with a target at `BASE`."""
    body = b"" if response is None else json.dumps(response).encode()
    headers = {**JSON, "x-api-key": f"[{key} key]"} if key else JSON
    text = None if sent is None else json.dumps(sent)
    return Exchange(method, f"{BASE}{path}", key, 1.5, status, headers, text, JSON, body, len(body), probe="accept x")


def recording() -> Recording:
    """Return the recording of a server that accepts 7 as a duration, and whose errors contain markup."""
    exchanges = (
        exchange(
            "POST", "/v2/ltx-2-pro", 200, {"prompt": "it's", "duration": 7}, {"request_id": "a", "error": HOSTILE}
        ),
        exchange("GET", "/v2/requests/a", 200, None, {"status": "COMPLETED", "metrics": {"cost": 0.25}}),
        exchange("POST", "/v2/ltx-2-pro", 401, {"prompt": "x"}, {"error": "no key"}, key=None),
        exchange("POST", "/v2/ltx-2-fast", 403, {"prompt": "x"}, {"error": "no"}, key="forbidden"),
        exchange("POST", "/v1/ltx-video", 200, {"prompt": "x"}, {"output": "y"}),
        exchange("GET", "/v2/requests/gone", 0),
    )
    return Recording(BASE, exchanges, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))


def judgement() -> Judgement:
    """Return a judgement of all clauses with every outcome in it."""
    checks = tuple(check for clause in clauses() for check in _checks(clause))
    observations = (
        Observation("unknown parameters", "ltx-2-pro", "ignored", (0,)),
        Observation("unknown parameters", "ltx-video", "ignored", (0,)),
        Observation("error form", None, HOSTILE, (0,)),
    )
    return Judgement(checks, observations)


def run() -> Run:
    """Return the whole run."""
    recorded = recording()
    return Run(recorded, judgement(), spent(recorded, load()), seed=7, seconds=12.3456)


def green() -> Run:
    """Return the same run with every failure replaced by a pass."""
    whole = run()
    kept = (Outcome.PASSED, Outcome.NOT_EXERCISED)
    checks = tuple(
        check if check.outcome in kept else Check(check.clause, check.model, Outcome.PASSED, "as it should be")
        for check in whole.judgement.checks
    )
    return evolve(whole, judgement=Judgement(checks))


SPECIAL = {
    "ltx-2-pro.duration.enum": (Outcome.FAILED, "duration=7 was accepted", (0,), None),
    "status.invalid-is-400": (Outcome.FAILED, "answered with 200", (0,), "ltx-2-pro.duration.enum"),
    "auth.messages-differ": (Outcome.WARNED, f"both say {HOSTILE}", (2, 3), None),
    "video.seed-repeats": (Outcome.NOTED, "the same seed made two videos", (0, 1), None),
    "job.kept-one-hour": (Outcome.INCONCLUSIVE, "no answer in 5 attempts", (5,), None),
    "output.seven-days": (Outcome.NOT_EXERCISED, "the target has no clock to move", (), None),
    "job.reads-agree": (Outcome.ERROR, "KeyError: 'status'", (1,), None),
    "accepted-job.status": (Outcome.WARNED, HOSTILE, (0,), "ltx-2-pro.duration.enum"),
}


def _checks(clause: Clause) -> list[Check]:
    if clause.id in SPECIAL:
        outcome, detail, exchanges, cause = SPECIAL[clause.id]
        model = clause.models[0] if len(clause.models) == 1 else None
        return [Check(clause, model, outcome, detail, exchanges, 3, cause)]
    if clause.id.endswith(".null"):
        return [Check(clause, clause.models[0], Outcome.NOT_EXERCISED, "left out by --no-videos")]
    models = clause.models if clause.kind in {"auth", "status", "payload", "video"} else (None,)
    return [Check(clause, model, Outcome.PASSED, "as it should be", (0, 1), 4) for model in models]
