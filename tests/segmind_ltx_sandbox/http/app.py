"""Create the sandbox as an ASGI application, with the routes of the API."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import unquote

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from segmind_ltx_sandbox.http import assets, control
from segmind_ltx_sandbox.http.faults import Faults
from segmind_ltx_sandbox.http.origin import origin_of
from segmind_ltx_sandbox.http.traffic import Traffic
from segmind_ltx_sandbox.messages import ApiRequest, ApiResponse
from segmind_ltx_sandbox.service.behaviour import Behaviour
from segmind_ltx_sandbox.service.clock import Clock, SystemClock
from segmind_ltx_sandbox.service.outputs import VideoCache
from segmind_ltx_sandbox.service.sandbox import Sandbox
from segmind_ltx_sandbox.service.scenarios import Scenario
from segmind_ltx_spec import Contract, Model, load

SPEED: Final = 60.0
"""The default speed of jobs, as a multiple of real time."""

CREDITS_USD: Final = 1_000_000.0
"""The credits of an account at the start: enough for a load test, so that they run out only if a test wants that."""

LOOPBACK: Final = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
"""The origins whose pages may call the sandbox from a browser."""

Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(
    contract: Contract | None = None,
    *,
    clock: Clock | None = None,
    speed: float = SPEED,
    v1_bytes: bool = False,
    credits_usd: float = CREDITS_USD,
    behaviour: Callable[[Contract], Behaviour] = Behaviour,
    videos: VideoCache | None = None,
) -> SandboxApp:
    """Return the sandbox for a contract, by default for the shipped one.

    ``speed`` shortens the durations of jobs and nothing else; 1 is real time. Blocking calls return JSON, unless
    ``v1_bytes`` is true or the request prefers a video (``Accept: video/*``). ``behaviour`` makes the object that
    decides: a `Behaviour` or a subclass. Several sandboxes may share ``videos``, so that each video is rendered once.
    The `Sandbox` is at ``app.state.sandbox``, the requests so far are at ``app.traffic``.
    """
    decisions = behaviour(load() if contract is None else contract)
    sandbox = Sandbox(
        decisions, clock or SystemClock(), speed=speed, v1_bytes=v1_bytes, credits_usd=credits_usd, videos=videos
    )
    api = Api(sandbox)
    faults = Faults(decisions, sandbox.clock)
    app = SandboxApp(
        Traffic(sandbox.clock, faults),
        faults,
        routes=[*api.routes(), *assets.routes(sandbox), *control.routes(sandbox)],
        exception_handlers={404: api.no_such_route, 405: api.wrong_method},
        middleware=[
            Middleware(CORSMiddleware, allow_origin_regex=LOOPBACK, allow_methods=["*"], allow_headers=["*"]),
            Middleware(KeepEncodedSlashes),
        ],
    )
    app.router.redirect_slashes = False  # The service treats a path with a slash at its end as unknown.
    app.state.sandbox = sandbox
    return app


class SandboxApp(Starlette):
    """The application. It sees each request first, so that it can keep it or drop its connection."""

    def __init__(self, traffic: Traffic, faults: Faults, **options: Any) -> None:
        """Keep the requests in ``traffic``; ``options`` are Starlette's."""
        super().__init__(**options)
        self.traffic, self.faults = traffic, faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request and keep it."""
        await self.traffic.call(self.handle, scope, receive, send)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request. Its response is dated by the sandbox's clock, as is the end of a rate limit."""

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(self.state.sandbox.clock.utc(), usegmt=True)
                message = {**message, "headers": [*message["headers"], (b"date", date.encode())]}
            await send(message)

        await super().__call__(scope, receive, dated)


class Api:
    """The routes of the API: check the key and the request, and send the sandbox's response."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Serve ``sandbox``."""
        self._sandbox = sandbox
        self._behaviour = sandbox.behaviour

    def routes(self) -> list[Route]:
        """Return the routes: two for each model of the contract, and those of the jobs."""
        found = [
            Route("/v2/requests/{request_id}/status", self._read_endpoint("poll", self._status)),
            Route("/v2/requests/{request_id}", self._read_endpoint("result", self._result)),
            Route(
                "/v1/requests/{request_id}", self._read_endpoint("alias", self._result)
            ),  # P: poll_url, for older clients.
        ]
        for model in self._sandbox.contract.models.values():
            for kind, path, handle in (("v2", model.v2, self._submit), ("v1", model.v1, self._generate)):
                if self._behaviour.offers(model, kind):
                    found.append(Route(path, self._post_endpoint(kind, model, handle), methods=["POST"]))
        return found

    async def no_such_route(self, request: Request, _: Exception) -> Response:
        """Return 404 if the caller has a valid key, or if the path is outside the API."""
        api_request = api_request_of(request, "other")
        scenario = self._admit(api_request) if request.url.path.startswith(("/v1/", "/v2/")) else None
        return self._send(
            api_request, scenario if isinstance(scenario, ApiResponse) else self._behaviour.no_such_route()
        )

    async def wrong_method(self, request: Request, error: Exception) -> Response:
        """Return 405 as HTML. P: a gateway sends it before any key is checked."""
        headers = (error.headers if isinstance(error, HTTPException) else None) or {}
        return self._send(api_request_of(request, "other"), self._behaviour.wrong_method(headers.get("Allow", "")))

    def _post_endpoint(
        self,
        kind: str,
        model: Model,
        handle: Callable[[Request, Model, dict[str, object], Scenario], Awaitable[ApiResponse]],
    ) -> Endpoint:
        """Return an endpoint that makes the checks of v1 and v2 in the order of the service."""

        async def endpoint(request: Request) -> Response:
            api_request = api_request_of(request, kind, model)
            if (response := self._behaviour.intercept(api_request)) is not None:
                return self._send(api_request, response)
            scenario: Scenario | ApiResponse | None = None
            payload: dict[str, object] | ApiResponse = {}
            for check in self._behaviour.order:
                match check:
                    case "key":
                        scenario = self._sandbox.admit(self._behaviour.admitted(api_request))
                    case "credits" if isinstance(scenario, Scenario):
                        scenario = self._sandbox.funded(scenario)
                    case _:
                        payload = self._payload(api_request, model, await request.body())
                if isinstance(refusal := payload if isinstance(payload, ApiResponse) else scenario, ApiResponse):
                    return self._send(api_request, refusal)
            assert isinstance(scenario, Scenario)  # noqa: S101  the order has the key's check
            assert not isinstance(payload, ApiResponse)  # noqa: S101  it would have been sent
            return self._send(api_request, await handle(request, model, payload, scenario))

        return endpoint

    def _payload(self, api_request: ApiRequest, model: Model, body: bytes) -> dict[str, object] | ApiResponse:
        payload = self._behaviour.parsed(api_request, body)
        return payload if isinstance(payload, ApiResponse) else self._behaviour.validated(api_request, model, payload)

    def _read_endpoint(self, kind: str, handle: Callable[[str, Scenario, str], Awaitable[ApiResponse]]) -> Endpoint:
        """Return an endpoint that reads a job."""

        async def endpoint(request: Request) -> Response:
            api_request = api_request_of(request, kind)
            scenario = self._admit(api_request)
            if isinstance(scenario, ApiResponse):
                return self._send(api_request, scenario)
            return self._send(
                api_request, await handle(request.path_params["request_id"], scenario, origin_of(request))
            )

        return endpoint

    async def _submit(
        self, request: Request, model: Model, payload: dict[str, object], scenario: Scenario
    ) -> ApiResponse:
        if self._behaviour.submit_seconds:
            await anyio.sleep(self._behaviour.submit_seconds)
        return self._sandbox.submit(model, payload, scenario, origin_of(request))

    async def _generate(
        self, request: Request, model: Model, payload: dict[str, object], scenario: Scenario
    ) -> ApiResponse:
        as_bytes = self._sandbox.v1_bytes or self._behaviour.returns_bytes(request.headers)
        return await self._sandbox.generate(model, payload, scenario, origin_of(request), as_bytes=as_bytes)

    async def _status(self, request_id: str, scenario: Scenario, origin: str) -> ApiResponse:
        return self._sandbox.status(request_id, scenario, origin)

    async def _result(self, request_id: str, scenario: Scenario, origin: str) -> ApiResponse:
        return await self._sandbox.result(request_id, scenario, origin)

    def _admit(self, api_request: ApiRequest) -> Scenario | ApiResponse:
        response = self._behaviour.intercept(api_request)
        if response is not None:
            return response
        scenario = self._sandbox.admit(self._behaviour.admitted(api_request))
        paying = api_request.method == "POST" and isinstance(scenario, Scenario)
        return self._sandbox.funded(scenario) if paying and isinstance(scenario, Scenario) else scenario

    def _send(self, api_request: ApiRequest, response: ApiResponse) -> Response:
        return self._behaviour.finalize(api_request, response).to_starlette()


def api_request_of(request: Request, kind: str, model: Model | None = None) -> ApiRequest:
    """Return a Starlette request as an `ApiRequest`."""
    return ApiRequest(kind, request.method, request.url.path, request.headers, request.query_params, model)


class KeepEncodedSlashes:
    """Keeps ``%2F`` in a segment of the path, which would become a separator if it were decoded before routing."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application with encoded slashes still encoded."""
        raw: bytes = scope.get("raw_path") or b""
        if b"%2f" in raw.lower():
            kept = re.sub(r"%2f", "%252F", raw.decode("latin-1").partition("?")[0], flags=re.IGNORECASE)
            scope = {**scope, "path": unquote(kept)}
        await self._app(scope, receive, send)
