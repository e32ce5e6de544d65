"""Keys that should be refused but work, keys that work in the wrong place, and missing routes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from attrs import evolve
from starlette.datastructures import Headers, QueryParams

from segmind_ltx_sandbox.deviations.base import BehaviourFactory, Deviation, factory, when
from segmind_ltx_sandbox.messages import ApiRequest, ApiResponse, error, refused_key
from segmind_ltx_sandbox.service.behaviour import Behaviour
from segmind_ltx_sandbox.service.scenarios import BY_KEY, VALID, Scenario
from segmind_ltx_spec import Contract, Model

ROUTES: Final = ("v1", "v2", "poll", "result")
Admission = Callable[[ApiRequest, Scenario | ApiResponse], Scenario | ApiResponse]


class ChangesAdmission(Behaviour):
    """Decides by ``admit`` which requests are refused for their key."""

    def __init__(self, contract: Contract, admit: Admission) -> None:
        super().__init__(contract)
        self._admit = admit

    def admitted(self, request: ApiRequest) -> Scenario | ApiResponse:
        """Return the decision of ``admit``."""
        return self._admit(request, super().admitted(request))


def changing_admission(admit: Admission) -> BehaviourFactory:
    """Return a factory of services that decide by ``admit``."""
    return factory(ChangesAdmission, admit)


def keys() -> Iterator[Deviation]:
    """Yield the deviations about keys."""
    for kinds in (*((kind,) for kind in ROUTES), ("poll", "result"), ROUTES):
        routes = "+".join(kinds) if len(kinds) < len(ROUTES) else "everywhere"
        statuses = tuple(f"{kind}.status.401" for kind in kinds)
        yield Deviation(
            f"key/missing-works/{routes}",
            ("auth.missing-key", *statuses),
            f"No key is needed: {routes}.",
            changing_admission(_accepting_refused("missing-key", kinds)),
        )
        yield Deviation(
            f"key/wrong-works/{routes}",
            ("auth.wrong-key", *statuses),
            f"Any key works: {routes}.",
            changing_admission(_accepting_refused("unknown-key", kinds)),
        )
    for name, status, kinds in _refused_scenarios():
        yield Deviation(
            f"key/{name}-works/{kinds[0]}",
            tuple(f"{kind}.status.{status}" for kind in kinds),
            f"The key of the scenario {name} works: {', '.join(kinds)}.",
            changing_admission(_accepting_scenario(name, kinds)),
        )
    for kind in ROUTES:
        yield Deviation(
            f"key/header-refused/{kind}",
            ("auth.key-in-header",),
            f"A good key in the header is refused: {kind}.",
            changing_admission(_refusing_header_key(kind)),
        )
    yield Deviation(
        "key/other-header", ("auth.key-in-header",), "The key is read from Authorization alone.", ReadsOnlyBearer
    )
    yield Deviation("key/in-query", ("auth.only-in-header",), "A key in the query works too.", AcceptsQueryKey)
    yield Deviation("key/as-bearer", ("auth.only-in-header",), "A key as a bearer token works too.", AcceptsBearer)
    yield Deviation(
        "key/one-message",
        ("auth.messages-differ",),
        "A missing and a wrong key get the same message.",
        when("missing-key unknown-key", lambda response: evolve(response, content={"error": "unauthorized"})),
    )


def _accepting_refused(cause: str, kinds: tuple[str, ...]) -> Admission:
    def admit(request: ApiRequest, usual: Scenario | ApiResponse) -> Scenario | ApiResponse:
        # If the key is in another place than the header, another clause is broken.
        elsewhere = "authorization" in request.headers or bool(request.query)
        refused = isinstance(usual, ApiResponse) and usual.cause == cause and not elsewhere
        return BY_KEY[VALID] if refused and request.kind in kinds else usual

    return admit


def _refused_scenarios() -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """Yield name, status and routes of the scenarios whose keys are refused."""
    for scenario in BY_KEY.values():
        if scenario.status is not None:
            yield scenario.name, scenario.status, ("v1", "v2")
        elif not scenario.funded:
            yield scenario.name, 406, ("v1", "v2")


def _accepting_scenario(name: str, kinds: tuple[str, ...]) -> Admission:
    def admit(request: ApiRequest, usual: Scenario | ApiResponse) -> Scenario | ApiResponse:
        meant = isinstance(usual, Scenario) and usual.name == name and request.kind in kinds
        return BY_KEY[VALID] if meant else usual

    return admit


def _refusing_header_key(kind: str) -> Admission:
    def admit(request: ApiRequest, usual: Scenario | ApiResponse) -> Scenario | ApiResponse:
        if isinstance(usual, ApiResponse) or request.kind != kind:
            return usual
        return refused_key("unknown-key", "API key is not valid", "not in this header")

    return admit


def _bearer(headers: Headers) -> str | None:
    kind, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() or None if kind.lower() == "bearer" else None


class ReadsOnlyBearer(Behaviour):
    """Reads the key from a bearer token alone."""

    def key_in(self, headers: Headers, query: QueryParams) -> str | None:  # noqa: ARG002
        """Return the bearer token."""
        return _bearer(headers)


class AcceptsBearer(Behaviour):
    """Reads the key from a bearer token if the header is missing."""

    def key_in(self, headers: Headers, query: QueryParams) -> str | None:
        """Return the header, else the bearer token."""
        return super().key_in(headers, query) or _bearer(headers)


class AcceptsQueryKey(Behaviour):
    """Reads the key from the query if the header is missing, under any name."""

    def key_in(self, headers: Headers, query: QueryParams) -> str | None:
        """Return the header, else the first known key in the query."""
        found = [value for _, value in query.multi_items() if value in BY_KEY]
        return super().key_in(headers, query) or (found[0] if found else None)


# Routes


class OmitsRoute(Behaviour):
    """Omits the route of one model under one version."""

    def __init__(self, contract: Contract, slug: str, version: str) -> None:
        self._slug, self._version = slug, version
        super().__init__(contract)

    def offers(self, model: Model, version: str) -> bool:
        """Return whether this is another route."""
        return (model.slug, version) != (self._slug, self._version)


class ClosesRoute(Behaviour):
    """Returns 404 on one of the routes about jobs."""

    def __init__(self, contract: Contract, kind: str) -> None:
        super().__init__(contract)
        self._kind = kind

    def intercept(self, request: ApiRequest) -> ApiResponse | None:
        """Return 404 on that route."""
        return error("no-such-route", 404, "no such endpoint") if request.kind == self._kind else None


class RefusesByAccept(Behaviour):
    """Refuses by the Accept header, as HTTP allows and the documents do not."""

    def intercept(self, request: ApiRequest) -> ApiResponse | None:
        """Return 406 if the Accept header allows neither JSON nor any type."""
        wanted = request.headers.get("accept", "*/*")
        if "*/*" in wanted or "json" in wanted:
            return None
        return error("no-credits", 406, "this is not available in that form")


def routes(contract: Contract) -> Iterator[Deviation]:
    """Yield deviations with missing routes, and one that refuses by the Accept header."""
    for model in contract.models.values():
        # If no page of the five names v2 for a model, omitting it is allowed; a variant does so.
        for version in ("v1", "v2") if model.v2_source.grade == "D" else ("v1",):
            yield Deviation(
                f"route/{model.slug}/{version}",
                (f"{model.slug}.{version}",),
                f"There is no POST /{version}/{model.slug}.",
                factory(OmitsRoute, model.slug, version),
            )
    for kind in ("poll", "result"):
        yield Deviation(
            f"route/{kind}",
            (f"{kind}.route",),
            f"The route {kind} does not exist.",
            factory(ClosesRoute, kind),
        )
    yield Deviation("route/accept-header", ("status.no-406-by-accept",), "Accept: image/png gets 406.", RefusesByAccept)
