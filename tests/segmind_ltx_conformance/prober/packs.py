"""Define a paid call of a run, and encode its body."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from attrs import field, frozen

from segmind_ltx_conformance.payloads import Choice
from segmind_ltx_conformance.prober.options import Options
from segmind_ltx_spec import Contract, Model

AUDIT_CALLS: Final = 3
"""How many blocking calls are sent alone, so that the credits show what else is billed."""


@frozen
class Item:
    """A call that would be billed. ``kind`` is v2, v1, audit, late, duplicate or failing; ``rank`` is its priority."""

    kind: str
    model: Model
    number: int
    rank: tuple[int, int, float]
    pack: Mapping[str, Choice] = field(factory=dict[str, Choice], repr=False)
    body: Mapping[str, Any] = field(factory=dict[str, Any], repr=False)

    @property
    def stage(self) -> str:
        """The stage of the call."""
        return {"v2": "accept", "v1": "accept", "late": "accept"}.get(self.kind, self.kind)

    @property
    def version(self) -> str:
        """The version of its route."""
        return "v1" if self.kind in {"v1", "audit"} else "v2"

    @property
    def path(self) -> str:
        """The path of its route."""
        return self.model.v1 if self.version == "v1" else self.model.v2


def encode_body(body: Any) -> bytes:
    """Encode a body: bytes stay as they are, anything else becomes JSON."""
    return body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()


def models_of(contract: Contract, options: Options) -> list[Model]:
    """Return the selected models, the cheapest first."""
    models = [model for model in contract.models.values() if options.models is None or model.slug in options.models]
    return sorted(models, key=lambda model: (model.usd_high, model.seconds))


def documented_first(models: Iterable[Model]) -> list[Model]:
    """Sort models whose own page names v2 before the others, which only other pages give a v2.

    The first one stands for all in what is tested with a single job: on an undocumented route a broken clause of
    grade D is only a warning.
    """
    return sorted(models, key=lambda model: model.v2_source.grade != "D")
