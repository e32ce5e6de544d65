"""A client for the five LTX video models that Segmind hosts. Independent; not made by Segmind.

::

    from segmind_ltx import Client

    with Client() as client:  # reads SEGMIND_API_KEY
        job = client.submit("ltx-2-pro", prompt="A kite rises above a windy beach.", duration=6)
        print(job.id)  # billed from here on; keep it
        job.wait().save("kite.mp4")
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from segmind_ltx._clock import Clock
    from segmind_ltx._core.results import JobStatus
    from segmind_ltx._files import Progress
    from segmind_ltx._many.generate import LabelledRequest, Outcome
    from segmind_ltx.async_client import AsyncClient, AsyncJob
    from segmind_ltx.client import Client, Job
    from segmind_ltx.errors import (
        APIConnectionError,
        APIStatusError,
        AuthenticationError,
        BadGatewayError,
        BadRequestError,
        ConfigurationError,
        DownloadError,
        GatewayTimeoutError,
        InsufficientCreditsError,
        InternalServerError,
        JobFailedError,
        JobNotFinishedError,
        ModelRetiredError,
        NotFoundError,
        OutputExistsError,
        ParameterError,
        PermissionDeniedError,
        RateLimitError,
        SegmindLtxError,
        ServerError,
        SubmitUncertainError,
        UnexpectedResponseError,
        WaitTimeoutError,
    )
    from segmind_ltx.ledger import Ledger
    from segmind_ltx.video import AsyncVideo, Video
    from segmind_ltx_api import requests
    from segmind_ltx_api.requests import *  # noqa: F403 - one class a model, as the spec has them

__version__ = "0.1.0"

# A library leaves it to the program whether and where its log appears.
logging.getLogger(__name__).addHandler(logging.NullHandler())

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "AsyncClient",
    "AsyncJob",
    "AsyncVideo",
    "AuthenticationError",
    "BadGatewayError",
    "BadRequestError",
    "Client",
    "Clock",
    "ConfigurationError",
    "DownloadError",
    "GatewayTimeoutError",
    "InsufficientCreditsError",
    "InternalServerError",
    "Job",
    "JobFailedError",
    "JobNotFinishedError",
    "JobStatus",
    "LabelledRequest",
    "Ledger",
    "ModelRetiredError",
    "NotFoundError",
    "Outcome",
    "OutputExistsError",
    "ParameterError",
    "PermissionDeniedError",
    "Progress",
    "RateLimitError",
    "SegmindLtxError",
    "ServerError",
    "SubmitUncertainError",
    "UnexpectedResponseError",
    "Video",
    "WaitTimeoutError",
]

if TYPE_CHECKING:
    __all__ += requests.__all__
else:  # The same without importing them; a further model's type is missing in a star import alone.
    __all__ += [  # noqa: F405 - `__getattr__` below gives them
        "Ltx2FastRequest",
        "Ltx2ProRequest",
        "Ltx219BI2VRequest",
        "Ltx219BT2VRequest",
        "LtxVideoRequest",
    ]

_HOMES: Final = {
    "AsyncClient": "segmind_ltx.async_client",
    "AsyncJob": "segmind_ltx.async_client",
    "AsyncVideo": "segmind_ltx.video",
    "Client": "segmind_ltx.client",
    "Clock": "segmind_ltx._clock",
    "Job": "segmind_ltx.client",
    "JobStatus": "segmind_ltx._core.results",
    "LabelledRequest": "segmind_ltx._many.generate",
    "Ledger": "segmind_ltx.ledger",
    "Outcome": "segmind_ltx._many.generate",
    "Progress": "segmind_ltx._files",
    "Video": "segmind_ltx.video",
}


def _home(name: str) -> str | None:
    if name.endswith("Error"):
        return "segmind_ltx.errors"
    return _HOMES.get(name) or ("segmind_ltx_api.requests" if name.endswith("Request") else None)


def __getattr__(name: str) -> Any:
    # The one lazy door: a program pays for the modules that it uses, and every other module imports at its top.
    home = _home(name)
    if home is None or not hasattr(module := import_module(home), name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
