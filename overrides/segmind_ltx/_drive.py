"""The two drivers: they do what flows ask for, one with `httpx.Client`, one with `httpx.AsyncClient`.

The key is put on each call to the API, and on nothing else: it is no default header of the HTTP client, so neither
a redirect nor an address taken from an answer can carry it away. What httpx raises becomes a plain `Lost` before
a flow sees it, so that no frame with headers in it hangs on an exception of ours.
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable
from typing import Protocol

import httpx

from segmind_ltx._intake import FAULTS, Intake, lost
from segmind_ltx._notes import Notes
from segmind_ltx._settings import Secret
from segmind_ltx._wire import Answer, Call, Env, Flow, Lost, Pause, Reply, T
from segmind_ltx.errors import ConfigurationError

CONNECT_TIMEOUT = 10.0
"""Seconds to find a connection; nothing has been sent then."""


class Clock(Protocol):
    """Time as the client sees it, in seconds; pass your own to test without waiting."""

    def monotonic(self) -> float:
        """Now, on a clock that never goes back."""
        ...

    def time(self) -> float:
        """Now, since the epoch."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; called by `Client`."""
        ...

    def asleep(self, seconds: float) -> Awaitable[None]:
        """Wait; called by `AsyncClient`."""
        ...


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Now, on a clock that never goes back."""
        return time.monotonic()

    def time(self) -> float:
        """Now, since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """Wait, under asyncio or trio."""
        import anyio  # Here, since the sync client has no use for it.

        await anyio.sleep(seconds)


class _Common:
    def __init__(self, base_url: str, key: Secret, clock: Clock, retries: int, notes: Notes) -> None:
        self.base_url: str = base_url
        self.notes: Notes = notes
        self._key, self._clock = key, clock
        self.env: Env = Env(now=clock.monotonic, time=clock.time, random=random.random, retries=retries, seen={})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.base_url}>"

    def _request(self, http: httpx.Client | httpx.AsyncClient, call: Call) -> httpx.Request | Lost:
        if http.is_closed:
            raise ConfigurationError("this client is closed; make a new one")
        try:
            return self._built(http, call)
        except (httpx.InvalidURL, ValueError) as error:
            # An address out of an answer may be anything; what cannot be built is not sent.
            return Lost(f"{type(error).__name__}: {error}", sent=False)

    def _built(self, http: httpx.Client | httpx.AsyncClient, call: Call) -> httpx.Request:
        timeout = httpx.Timeout(call.timeout, connect=min(CONNECT_TIMEOUT, call.timeout))
        if call.sink is not None:
            return http.build_request(call.method, call.target, timeout=timeout)
        headers = {"x-api-key": self._key.reveal()}
        return http.build_request(
            call.method, self.base_url + call.target, json=call.json, headers=headers, timeout=timeout
        )


class Driver(_Common):
    """Runs flows, and waits where they say so."""

    def __init__(
        self, http: httpx.Client, base_url: str, key: Secret, clock: Clock, retries: int, notes: Notes
    ) -> None:
        super().__init__(base_url, key, clock, retries, notes)
        self.http = http

    def run(self, flow: Flow[T]) -> T:
        """Do what the flow asks for until it has its result."""
        reply: Reply = None
        while True:
            try:
                effect = flow.send(reply)
            except StopIteration as stop:
                result: T = stop.value
                return result
            if isinstance(effect, Pause):
                self._clock.sleep(effect.seconds)
                reply = None
            else:
                reply = self._call(effect)

    def _call(self, call: Call) -> Answer | Lost:
        request = self._request(self.http, call)
        if isinstance(request, Lost):
            return request
        try:
            response = self.http.send(request, stream=True, follow_redirects=False)
        except FAULTS as error:
            return lost(error)
        intake = Intake(call, response)
        try:
            for chunk in response.iter_bytes():
                if not intake.take(chunk):
                    break
        except FAULTS as error:
            intake.broken = lost(error).reason
        finally:
            response.close()
        return intake.answer(self._key)


class AsyncDriver(_Common):
    """Runs the same flows under asyncio or trio."""

    def __init__(
        self, http: httpx.AsyncClient, base_url: str, key: Secret, clock: Clock, retries: int, notes: Notes
    ) -> None:
        super().__init__(base_url, key, clock, retries, notes)
        self.http = http

    async def run(self, flow: Flow[T]) -> T:
        """Do what the flow asks for until it has its result."""
        reply: Reply = None
        while True:
            try:
                effect = flow.send(reply)
            except StopIteration as stop:
                result: T = stop.value
                return result
            if isinstance(effect, Pause):
                await self._clock.asleep(effect.seconds)
                reply = None
            else:
                reply = await self._call(effect)

    async def _call(self, call: Call) -> Answer | Lost:
        request = self._request(self.http, call)
        if isinstance(request, Lost):
            return request
        try:
            response = await self.http.send(request, stream=True, follow_redirects=False)
        except FAULTS as error:
            return lost(error)
        intake = Intake(call, response)
        try:
            async for chunk in response.aiter_bytes():
                if not intake.take(chunk):
                    break
        except FAULTS as error:
            intake.broken = lost(error).reason
        finally:
            await response.aclose()
        return intake.answer(self._key)
