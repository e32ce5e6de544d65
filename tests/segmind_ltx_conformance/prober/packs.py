"""The paid calls of a run, in the order in which they deserve what may be spent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import field, frozen

from segmind_ltx_conformance.payloads import Choice, base, body_of, packs, picture_of
from segmind_ltx_conformance.prober.options import Options
from segmind_ltx_conformance.target import Target
from segmind_ltx_spec import Contract, Model

AUDITED: Final = 3
"""How many blocking calls are sent alone, so that what they cost can be told from what else is billed."""


@frozen
class Item:
    """A call that would be billed. ``kind`` is v2, v1, audit, late, twin or failing; ``rank`` orders them."""

    kind: str
    model: Model
    number: int
    rank: tuple[int, int, float]
    pack: Mapping[str, Choice] = field(factory=dict[str, Choice], repr=False)
    body: Mapping[str, Any] = field(factory=dict[str, Any], repr=False)

    @property
    def stage(self) -> str:
        """The stage that it belongs to."""
        return {"v2": "accept", "v1": "accept", "late": "accept"}.get(self.kind, self.kind)

    @property
    def version(self) -> str:
        """The version of the route that it is sent to."""
        return "v1" if self.kind in {"v1", "audit"} else "v2"

    @property
    def path(self) -> str:
        """That route."""
        return self.model.v1 if self.version == "v1" else self.model.v2


def encoded(body: Any) -> bytes:
    """A body as it is sent: bytes as they are, anything else as JSON."""
    return body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()


def models_of(contract: Contract, options: Options) -> list[Model]:
    """The selected models, the cheapest first."""
    found = [one for one in contract.models.values() if options.models is None or one.slug in options.models]
    return sorted(found, key=lambda one: (one.usd_high, one.seconds))


def items_of(target: Target, contract: Contract, options: Options) -> list[Item]:
    """Every paid call that is planned; one of each model comes before a second of any, the cheapest first."""
    models = models_of(contract, options)
    if options.free or "valid" not in target.keys or not models:
        return []
    picture = target.picture or picture_of(contract)
    found = list(_packed(models, options, picture, clock_control=target.advance is not None))
    first = models[0]
    whole = base(first, picture)
    if not options.all_packs and options.one_job:
        found.append(Item("v2", first, 1, (0, 0, first.usd_high), body=whole))
    if options.wants("failing") and "failing" in target.keys:
        found.append(Item("failing", first, 1, (0, 1, first.usd_high), body=whole))
    if options.wants("twin"):
        found.append(Item("twin", first, 1, (0, 3, first.usd_high)))
    return sorted(found, key=lambda one: (one.rank, one.number))


def _packed(models: list[Model], options: Options, picture: str, *, clock_control: bool) -> Iterator[Item]:
    for model in models:
        made = packs(model, picture, options.seed)
        sure = [pack for pack in made if not any(one.clause.endswith("-inferred") for one in pack.values())]
        audited = min(AUDITED, len(sure)) if model is models[0] and options.wants("audit") else 0
        for number, pack in enumerate(made):
            body = body_of(model, pack, picture)
            if options.all_packs:
                # Held back to be the youngest job, whose hour can be watched to its end.
                late = clock_control and model is models[0] and options.wants("retention") and number == len(sure) - 1
                kind = "late" if late else "v2"
                yield Item(kind, model, number + 1, (number, 0, model.usd_high), pack, body)
            if pack not in sure:
                continue
            if number >= len(sure) - audited:
                yield Item("audit", model, number + 1, (1, 2, model.usd_high), pack, body)
            elif options.all_packs:
                yield Item("v1", model, number + 1, (number, 2, model.usd_high), pack, body)
