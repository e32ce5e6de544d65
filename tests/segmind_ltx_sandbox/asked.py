"""What was asked for: as much of a request as a decision may rest on."""

from __future__ import annotations

from attrs import field, frozen
from starlette.datastructures import Headers, QueryParams

from segmind_ltx_spec import Model


@frozen
class Asked:
    """A request to a route of the API.

    ``kind`` is v1 or v2 (a POST to a model), poll, result, alias (the result under v1) or other (no such route, or not
    with this method). ``model`` is the one that a POST is for.
    """

    kind: str
    method: str
    path: str
    headers: Headers = field(repr=False)
    query: QueryParams = field(repr=False)
    model: Model | None = None

    @property
    def version(self) -> str:
        """The first part of the path."""
        return self.path.split("/")[1]
