"""An emulator of the HTTP API behind the LTX video models that Segmind hosts. It runs no model and needs no key.

`create_app` makes the ASGI application, `segmind_ltx_sandbox.testing.running_sandbox` a server for a test, and
``python -m segmind_ltx_sandbox`` one on a port.
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
