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
    from segmind_ltx_api.contract import MODELS, Model, Parameter

    # generated imports: by `nox -s regenerate`
    from segmind_ltx_api.requests import Ltx2FastRequest as Ltx2FastRequest
    from segmind_ltx_api.requests import Ltx2ProRequest as Ltx2ProRequest
    from segmind_ltx_api.requests import Ltx219BI2VRequest as Ltx219BI2VRequest
    from segmind_ltx_api.requests import Ltx219BT2VRequest as Ltx219BT2VRequest
    from segmind_ltx_api.requests import LtxVideoRequest as LtxVideoRequest
    # end

__version__ = "0.1.0"

# A library writes no log of its own accord: the program decides whether and where its log appears.
logging.getLogger(__name__).addHandler(logging.NullHandler())

__all__ = [
    "MODELS",
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
    "Model",
    "ModelRetiredError",
    "NotFoundError",
    "Outcome",
    "OutputExistsError",
    "Parameter",
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
__all__ += [
    # generated names: by `nox -s regenerate`
    "Ltx2FastRequest",
    "Ltx2ProRequest",
    "Ltx219BI2VRequest",
    "Ltx219BT2VRequest",
    "LtxVideoRequest",
    # end
]

_MODULES: Final = {
    "AsyncClient": "segmind_ltx.async_client",
    "AsyncJob": "segmind_ltx.async_client",
    "AsyncVideo": "segmind_ltx.video",
    "Client": "segmind_ltx.client",
    "Clock": "segmind_ltx._clock",
    "Job": "segmind_ltx.client",
    "JobStatus": "segmind_ltx._core.results",
    "LabelledRequest": "segmind_ltx._many.generate",
    "Ledger": "segmind_ltx.ledger",
    "MODELS": "segmind_ltx_api.contract",
    "Model": "segmind_ltx_api.contract",
    "Outcome": "segmind_ltx._many.generate",
    "Parameter": "segmind_ltx_api.contract",
    "Progress": "segmind_ltx._files",
    "Video": "segmind_ltx.video",
}


def _module_of(name: str) -> str | None:
    if name.endswith("Error"):
        return "segmind_ltx.errors"
    return _MODULES.get(name) or ("segmind_ltx_api.requests" if name.endswith("Request") else None)


def __getattr__(name: str) -> Any:
    # Import lazily, here only: a program loads just the modules that it uses. Every other module imports at its top.
    module_name = _module_of(name)
    if module_name is None or not hasattr(module := import_module(module_name), name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
