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
from typing import TYPE_CHECKING, Any

from segmind_ltx.client import Client, Job
from segmind_ltx.errors import (
    ApiStatusError,
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
    NoAnswerError,
    NotFoundError,
    OutputExistsError,
    ParameterError,
    PermissionDeniedError,
    RateLimitedError,
    SegmindLtxError,
    ServerError,
    SubmitUncertainError,
    UnexpectedAnswerError,
    WaitTimeoutError,
)

if TYPE_CHECKING:
    from segmind_ltx.aio import AsyncClient, AsyncJob
    from segmind_ltx.many import Outcome
    from segmind_ltx.video import AsyncVideo, JobStatus, Video
    from segmind_ltx_api import requests
    from segmind_ltx_api.requests import *  # noqa: F403 - one class a model, as the spec has them

__version__ = "0.1.0"

# A library leaves it to the program whether and where its log appears.
logging.getLogger(__name__).addHandler(logging.NullHandler())

__all__ = [
    "ApiStatusError",
    "AsyncClient",
    "AsyncJob",
    "AsyncVideo",
    "AuthenticationError",
    "BadGatewayError",
    "BadRequestError",
    "Client",
    "ConfigurationError",
    "DownloadError",
    "GatewayTimeoutError",
    "InsufficientCreditsError",
    "InternalServerError",
    "Job",
    "JobFailedError",
    "JobNotFinishedError",
    "JobStatus",
    "ModelRetiredError",
    "NoAnswerError",
    "NotFoundError",
    "Outcome",
    "OutputExistsError",
    "ParameterError",
    "PermissionDeniedError",
    "RateLimitedError",
    "SegmindLtxError",
    "ServerError",
    "SubmitUncertainError",
    "UnexpectedAnswerError",
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

_LATER = {
    "AsyncClient": "segmind_ltx.aio",
    "AsyncJob": "segmind_ltx.aio",
    "AsyncVideo": "segmind_ltx.video",
    "JobStatus": "segmind_ltx.video",
    "Outcome": "segmind_ltx.many",
    "Video": "segmind_ltx.video",
}


def __getattr__(name: str) -> Any:
    # The generated classes and attrs are imported when they are first needed: they take longer to import than all
    # that is hand-written here. And a program uses one of the two clients.
    home = _LATER.get(name) or ("segmind_ltx_api.requests" if name.endswith("Request") else None)
    if home is None or not hasattr(module := import_module(home), name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(module, name)
    globals()[name] = value
    return value
