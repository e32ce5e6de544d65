"""Emulate the HTTP API behind the LTX video models that Segmind hosts. Runs no model and needs no key.

`create_app` returns the ASGI application, `segmind_ltx_sandbox.testing.running_sandbox` starts a server for a test, and
``python -m segmind_ltx_sandbox`` starts one on a port.
"""

from segmind_ltx_sandbox.http.app import create_app
from segmind_ltx_sandbox.service.behaviour import Behaviour
from segmind_ltx_sandbox.service.clock import Clock, ManualClock, SystemClock
from segmind_ltx_sandbox.service.sandbox import Sandbox
from segmind_ltx_sandbox.service.scenarios import SCENARIOS, VALID, Scenario, key_of

__all__ = [
    "SCENARIOS",
    "VALID",
    "Behaviour",
    "Clock",
    "ManualClock",
    "Sandbox",
    "Scenario",
    "SystemClock",
    "create_app",
    "key_of",
]
