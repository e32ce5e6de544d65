"""Keys: who is let in without one, with a wrong one, or with one in the wrong place; and routes that are missing."""

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
    """Lets in whom ``admit`` says."""

    def __init__(self, contract: Contract, admit: Admission) -> None:
        super().__init__(contract)
        self._admit = admit

    def admitted(self, request: ApiRequest) -> Scenario | ApiResponse:
        """Another decision in place of the usual one."""
        return self._admit(request, super().admitted(request))


def changing_admission(admit: Admission) -> BehaviourFactory:
    """A service that decides by ``admit`` who is let in."""
    return factory(ChangesAdmission, admit)


def keys() -> Iterator[Deviation]:
    """All of them that are about keys."""
    for kinds in (*((kind,) for kind in ROUTES), ("poll", "result"), ROUTES):
        where = "+".join(kinds) if len(kinds) < len(ROUTES) else "everywhere"
        statuses = tuple(f"{kind}.status.401" for kind in kinds)
        yield Deviation(
            f"key/missing-works/{where}",
            ("auth.missing-key", *statuses),
            f"No key is needed: {where}.",
            changing_admission(_accepting_refused("missing-key", kinds)),
        )
        yield Deviation(
            f"key/wrong-works/{where}",
            ("auth.wrong-key", *statuses),
            f"Any key works: {where}.",
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
        "A missing and a wrong key are answered in the same words.",
        when("missing-key unknown-key", lambda response: evolve(response, content={"error": "unauthorized"})),
    )


def _accepting_refused(cause: str, kinds: tuple[str, ...]) -> Admission:
    def admit(request: ApiRequest, usual: Scenario | ApiResponse) -> Scenario | ApiResponse:
        # A key that is elsewhere than in the header is a matter of its own.
        elsewhere = "authorization" in request.headers or bool(request.query)
        refused = isinstance(usual, ApiResponse) and usual.cause == cause and not elsewhere
        return BY_KEY[VALID] if refused and request.kind in kinds else usual

    return admit


def _refused_scenarios() -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """The scenarios whose keys do not work: name, status and routes."""
    for scenario in BY_KEY.values():
        if scenario.status is not None:
            yield scenario.name, scenario.status, ("v1", "v2")
            yield scenario.name, scenario.status, ("poll", "result")
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
    """Reads the key as a bearer token and nowhere else."""

    def key_in(self, headers: Headers, query: QueryParams) -> str | None:  # noqa: ARG002
        """The bearer token."""
        return _bearer(headers)


class AcceptsBearer(Behaviour):
    """Reads the key as a bearer token as well."""

    def key_in(self, headers: Headers, query: QueryParams) -> str | None:
        """The header, or else the bearer token."""
        return super().key_in(headers, query) or _bearer(headers)


class AcceptsQueryKey(Behaviour):
    """Reads the key from the query as well, under whatever name it stands there."""

    def key_in(self, headers: Headers, query: QueryParams) -> str | None:
        """The header, or else the query."""
        found = [value for _, value in query.multi_items() if value in BY_KEY]
        return super().key_in(headers, query) or (found[0] if found else None)


# Routes


class OmitsRoute(Behaviour):
    """Has no route for one model under one version."""

    def __init__(self, contract: Contract, slug: str, version: str) -> None:
        self._slug, self._version = slug, version
        super().__init__(contract)

    def offers(self, model: Model, version: str) -> bool:
        """All but that one."""
        return (model.slug, version) != (self._slug, self._version)


class ClosesRoute(Behaviour):
    """Answers 404 on one of the routes about jobs."""

    def __init__(self, contract: Contract, kind: str) -> None:
        super().__init__(contract)
        self._kind = kind

    def intercept(self, request: ApiRequest) -> ApiResponse | None:
        """404 there."""
        return error("no-such-route", 404, "no such endpoint") if request.kind == self._kind else None


class RefusesByAccept(Behaviour):
    """Takes the Accept header seriously, as HTTP has it and these documents have not."""

    def intercept(self, request: ApiRequest) -> ApiResponse | None:
        """406 for an Accept header that asks for neither JSON nor anything."""
        wanted = request.headers.get("accept", "*/*")
        if "*/*" in wanted or "json" in wanted:
            return None
        return error("no-credits", 406, "this is not available in that form")


def routes(contract: Contract) -> Iterator[Deviation]:
    """Routes that are missing, and one that is choosy."""
    for model in contract.models.values():
        # Where no page of the five has v2, leaving it out is allowed: there is a variant that does.
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
    yield Deviation(
        "route/accept-header", ("status.406-is-credits",), "Accept: image/png is answered with 406.", RefusesByAccept
    )
