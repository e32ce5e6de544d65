"""The signatures of the client's calls, for each model. Written from the spec by `nox -s regenerate`; never edited.

Only type checkers and editors read them: nothing here runs. `Submit[Job]` is the type of a method that takes a model's
name and its parameters, or a request object, and returns a `Job`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, NotRequired, Protocol, Required, TypeAlias, TypedDict, TypeVar, Unpack, overload

from .models import (
    Ltx2FastRequest,
    Ltx2ProRequest,
    Ltx219BI2VRequest,
    Ltx219BT2VRequest,
    LtxVideoRequest,
)

AnyRequest: TypeAlias = LtxVideoRequest | Ltx219BT2VRequest | Ltx219BI2VRequest | Ltx2FastRequest | Ltx2ProRequest
ModelName: TypeAlias = Literal[
    "ltx-video",
    "ltx-2-19b-t2v",
    "ltx-2-19b-i2v",
    "ltx-2-fast",
    "ltx-2-pro",
]

Result_co = TypeVar("Result_co", covariant=True)
Status_co = TypeVar("Status_co", covariant=True)


class LtxVideoParams(TypedDict):
    """The parameters of ltx-video."""

    prompt: Required[str]
    negative_prompt: NotRequired[str]
    aspect_ratio: NotRequired[
        Literal["1:1", "1:2", "2:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "9:21", "16:9", "21:9"]
    ]
    target_size: NotRequired[Literal[512, 576, 640, 704, 768, 832, 896, 960, 1024]]
    length: NotRequired[Literal[97, 129, 161, 193, 225, 257]]
    steps: NotRequired[int]
    cfg: NotRequired[float]
    seed: NotRequired[int]
    image: NotRequired[str | None | Path]


class Ltx219BT2VParams(TypedDict):
    """The parameters of ltx-2-19b-t2v."""

    prompt: Required[str]
    negative_prompt: NotRequired[str]
    width: NotRequired[int]
    height: NotRequired[int]
    num_frames: NotRequired[int]
    fps: NotRequired[int]
    guidance_scale: NotRequired[float]
    seed: NotRequired[int]


class Ltx219BI2VParams(TypedDict):
    """The parameters of ltx-2-19b-i2v."""

    prompt: Required[str]
    image: Required[str | Path]
    negative_prompt: NotRequired[str]
    width: NotRequired[int]
    height: NotRequired[int]
    num_frames: NotRequired[int]
    fps: NotRequired[int]
    guidance_scale: NotRequired[float]
    seed: NotRequired[int]


class Ltx2FastParams(TypedDict):
    """The parameters of ltx-2-fast."""

    prompt: Required[str]
    duration: NotRequired[Literal[6, 8, 10]]
    resolution: NotRequired[Literal["1080p", "2k", "4k"]]
    generate_audio: NotRequired[bool]
    image: NotRequired[str | None | Path]


class Ltx2ProParams(TypedDict):
    """The parameters of ltx-2-pro."""

    prompt: Required[str]
    duration: NotRequired[Literal[6, 8, 10]]
    resolution: NotRequired[Literal["1080p", "2k", "4k"]]
    generate_audio: NotRequired[bool]
    image: NotRequired[str | Path]


class Submit(Protocol[Result_co]):
    """Submit a job: a model's name and its parameters, or a request object."""

    @overload
    def __call__(self, model: Literal["ltx-video"], /, **parameters: Unpack[LtxVideoParams]) -> Result_co: ...

    @overload
    def __call__(self, model: Literal["ltx-2-19b-t2v"], /, **parameters: Unpack[Ltx219BT2VParams]) -> Result_co: ...

    @overload
    def __call__(self, model: Literal["ltx-2-19b-i2v"], /, **parameters: Unpack[Ltx219BI2VParams]) -> Result_co: ...

    @overload
    def __call__(self, model: Literal["ltx-2-fast"], /, **parameters: Unpack[Ltx2FastParams]) -> Result_co: ...

    @overload
    def __call__(self, model: Literal["ltx-2-pro"], /, **parameters: Unpack[Ltx2ProParams]) -> Result_co: ...

    @overload
    def __call__(self, model: AnyRequest, /) -> Result_co: ...


class Generate(Protocol[Result_co, Status_co]):
    """Submit a job, and wait for its video."""

    @overload
    def __call__(
        self,
        model: Literal["ltx-video"],
        /,
        *,
        timeout: float | None = None,
        on_status: Callable[[Status_co], object] | None = None,
        **parameters: Unpack[LtxVideoParams],
    ) -> Result_co: ...

    @overload
    def __call__(
        self,
        model: Literal["ltx-2-19b-t2v"],
        /,
        *,
        timeout: float | None = None,
        on_status: Callable[[Status_co], object] | None = None,
        **parameters: Unpack[Ltx219BT2VParams],
    ) -> Result_co: ...

    @overload
    def __call__(
        self,
        model: Literal["ltx-2-19b-i2v"],
        /,
        *,
        timeout: float | None = None,
        on_status: Callable[[Status_co], object] | None = None,
        **parameters: Unpack[Ltx219BI2VParams],
    ) -> Result_co: ...

    @overload
    def __call__(
        self,
        model: Literal["ltx-2-fast"],
        /,
        *,
        timeout: float | None = None,
        on_status: Callable[[Status_co], object] | None = None,
        **parameters: Unpack[Ltx2FastParams],
    ) -> Result_co: ...

    @overload
    def __call__(
        self,
        model: Literal["ltx-2-pro"],
        /,
        *,
        timeout: float | None = None,
        on_status: Callable[[Status_co], object] | None = None,
        **parameters: Unpack[Ltx2ProParams],
    ) -> Result_co: ...

    @overload
    def __call__(
        self,
        model: AnyRequest,
        /,
        *,
        timeout: float | None = None,
        on_status: Callable[[Status_co], object] | None = None,
    ) -> Result_co: ...


class GenerateBlocking(Protocol[Result_co]):
    """Make one blocking v1 call."""

    @overload
    def __call__(
        self,
        model: Literal["ltx-video"],
        /,
        *,
        timeout: float | None = None,
        **parameters: Unpack[LtxVideoParams],
    ) -> Result_co: ...

    @overload
    def __call__(
        self,
        model: Literal["ltx-2-19b-t2v"],
        /,
        *,
        timeout: float | None = None,
        **parameters: Unpack[Ltx219BT2VParams],
    ) -> Result_co: ...

    @overload
    def __call__(
        self,
        model: Literal["ltx-2-19b-i2v"],
        /,
        *,
        timeout: float | None = None,
        **parameters: Unpack[Ltx219BI2VParams],
    ) -> Result_co: ...

    @overload
    def __call__(
        self,
        model: Literal["ltx-2-fast"],
        /,
        *,
        timeout: float | None = None,
        **parameters: Unpack[Ltx2FastParams],
    ) -> Result_co: ...

    @overload
    def __call__(
        self,
        model: Literal["ltx-2-pro"],
        /,
        *,
        timeout: float | None = None,
        **parameters: Unpack[Ltx2ProParams],
    ) -> Result_co: ...

    @overload
    def __call__(self, model: AnyRequest, /, *, timeout: float | None = None) -> Result_co: ...
