"""The signatures of the client's calls, for each model. Written from the spec by `nox -s regenerate`; never edited.

`PaidCalls[Job, Video, JobStatus]` is the base of a client whose `submit` returns a `Job`. Type checkers and editors read
its overloads, `help()` the signatures and docstrings below them; the clients define the calls.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, Literal, NotRequired, Required, TypeAlias, TypedDict, TypeVar, overload

from .models import (
    Ltx2FastRequest,
    Ltx2ProRequest,
    Ltx219BI2VRequest,
    Ltx219BT2VRequest,
    LtxVideoRequest,
)
from .types import UNSET, Unset

AnyRequest: TypeAlias = LtxVideoRequest | Ltx219BT2VRequest | Ltx219BI2VRequest | Ltx2FastRequest | Ltx2ProRequest
ModelName: TypeAlias = Literal[
    "ltx-video",
    "ltx-2-19b-t2v",
    "ltx-2-19b-i2v",
    "ltx-2-fast",
    "ltx-2-pro",
]

Job_co = TypeVar("Job_co", covariant=True)
Video_co = TypeVar("Video_co", covariant=True)
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
    image: NotRequired[str | Path | None]


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
    image: NotRequired[str | Path | None]


class Ltx2ProParams(TypedDict):
    """The parameters of ltx-2-pro."""

    prompt: Required[str]
    duration: NotRequired[Literal[6, 8, 10]]
    resolution: NotRequired[Literal["1080p", "2k", "4k"]]
    generate_audio: NotRequired[bool]
    image: NotRequired[str | Path]


class PaidCalls(Generic[Job_co, Video_co, Status_co]):
    """The calls that make a video: a model's name and its parameters, or a request object."""

    @overload
    def submit(
        self,
        model: Literal["ltx-video"],
        *,
        prompt: str,
        negative_prompt: str = "low quality, worst quality, deformed, distorted",
        aspect_ratio: Literal[
            "1:1", "1:2", "2:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "9:21", "16:9", "21:9"
        ] = "3:2",
        target_size: Literal[512, 576, 640, 704, 768, 832, 896, 960, 1024] = 640,
        length: Literal[97, 129, 161, 193, 225, 257] = 97,
        steps: int = 30,
        cfg: float = 3,
        seed: int = ...,
        image: str | Path | None = None,
    ) -> Job_co:
        """Submit a job to ltx-video. Once this returns it is billed; keep its `id`.

        Silent video from text, or from a first frame. Usually 55 s, about 0.057 USD.

        Args:
            prompt: What the video shows. This model needs long descriptive prompts; the quality suffers if they are
                short. (required)
            negative_prompt: What the video must not show. (default "low quality, worst quality, deformed, distorted")
            aspect_ratio: Width to height of the video. Ignored if an image is given. (one of 1:1, 1:2, 2:1, 2:3, 3:2,
                3:4, 4:3, 4:5, 5:4, 9:16, 9:21, 16:9, 21:9; default "3:2")
            target_size: Target size of the video. (one of 512, 576, 640, 704, 768, 832, 896, 960, 1024; default 640)
            length: Length of the video, in frames. (one of 97, 129, 161, 193, 225, 257; default 97)
            steps: Number of steps. (1 to 50; default 30)
            cfg: How closely the video follows the prompt. (1 to 20; default 3)
            seed: Makes a video reproducible. Random if it is left out.
            image: Location of an image to use as the first frame; null for none. (a URI, or a file on this machine;
                default None)
        """

    @overload
    def submit(
        self,
        model: Literal["ltx-2-19b-t2v"],
        *,
        prompt: str,
        negative_prompt: str = ...,
        width: int = 1024,
        height: int = 768,
        num_frames: int = 161,
        fps: int = 24,
        guidance_scale: float = 4,
        seed: int = 1234567890,
    ) -> Job_co:
        """Submit a job to ltx-2-19b-t2v. Once this returns it is billed; keep its `id`.

        Video with sound from text, at any size from 256 to 1280 pixels a side. Usually 103 s, about 0.416 USD.

        Args:
            prompt: Describes the scene of the video. (required)
            negative_prompt: What to avoid.
            width: Width of the video, in pixels. (256 to 1280; default 1024)
            height: Height of the video, in pixels. (256 to 1280; default 768)
            num_frames: Length of the video, in frames. (1 to 400; default 161)
            fps: Frames a second. (1 to 30; default 24)
            guidance_scale: How closely the video follows the prompt. (1 to 20; default 4)
            seed: Makes a video reproducible. The service uses its default seed if it is left out. (default
                1234567890)
        """

    @overload
    def submit(
        self,
        model: Literal["ltx-2-19b-i2v"],
        *,
        prompt: str,
        image: str | Path,
        negative_prompt: str = "blurry, low quality, still frame, frames, watermark, overlay, titles, has blurbox, has subtitles",
        width: int = 720,
        height: int = 1280,
        num_frames: int = 181,
        fps: int = 24,
        guidance_scale: float = 4,
        seed: int = 42,
    ) -> Job_co:
        """Submit a job to ltx-2-19b-i2v. Once this returns it is billed; keep its `id`.

        Video with sound from a picture and text, at any size from 256 to 1280 pixels a side. Usually 109 s, about
        0.455 USD.

        Args:
            prompt: Describes the scene of the video. (required)
            image: Location of the image. (required; a URI, or a file on this machine)
            negative_prompt: What to avoid. (default "blurry, low quality, still frame, frames, watermark, overlay,
                titles, has blurbox, has subtitles")
            width: Width of the video, in pixels. (256 to 1280; default 720)
            height: Height of the video, in pixels. (256 to 1280; default 1280)
            num_frames: Length of the video, in frames. (1 to 400; default 181)
            fps: Frames a second. (1 to 30; default 24)
            guidance_scale: How closely the video follows the prompt. (1 to 20; default 4)
            seed: Makes a video reproducible. The service uses its default seed if it is left out. (default 42)
        """

    @overload
    def submit(
        self,
        model: Literal["ltx-2-fast"],
        *,
        prompt: str,
        duration: Literal[6, 8, 10] = 8,
        resolution: Literal["1080p", "2k", "4k"] = "2k",
        generate_audio: bool = True,
        image: str | Path | None = None,
    ) -> Job_co:
        """Submit a job to ltx-2-fast. Once this returns it is billed; keep its `id`.

        Video of 6, 8 or 10 seconds with sound, up to 4k, made quickly. Usually 47 s, 0.3 to 2 USD.

        Args:
            prompt: Describes the video. Details give better results. (required)
            duration: Length of the video, in seconds. A detailed scene needs a longer one. (one of 6, 8, 10; default
                8)
            resolution: Resolution of the video; 4k for high detail. (one of 1080p, 2k, 4k; default "2k")
            generate_audio: Whether the video has sound; meant for dynamic scenes. (default True)
            image: Location of an image; null for none. Use a detailed one if the background is complex. (a URI, or a
                file on this machine; default None)
        """

    @overload
    def submit(
        self,
        model: Literal["ltx-2-pro"],
        *,
        prompt: str,
        duration: Literal[6, 8, 10] = 6,
        resolution: Literal["1080p", "2k", "4k"] = "1080p",
        generate_audio: bool = True,
        image: str | Path = ...,
    ) -> Job_co:
        """Submit a job to ltx-2-pro. Once this returns it is billed; keep its `id`.

        Video of 6, 8 or 10 seconds with sound, up to 4k, with advanced motion control. Usually 71 s, 0.3 to 2 USD.

        Args:
            prompt: Describes the video. Detailed prompts give vivid results. (required)
            duration: Length of the video, in seconds by inference. Short ones suit demos, longer ones detailed
                scenes. (one of 6, 8, 10; default 6)
            resolution: Resolution of the video; 1080p for the web, 4k for the cinema. (one of 1080p, 2k, 4k; default
                "1080p")
            generate_audio: Whether the video has sound; meant for interactive or detailed presentations. (default
                True)
            image: Location of an image; a JPEG or PNG of high resolution gives the best results. (a URI, or a file on
                this machine)
        """

    @overload
    def submit(
        self,
        model: AnyRequest,
    ) -> Job_co:
        """Submit a job, from a request object. Once this returns it is billed; keep its `id`."""

    def submit(
        self,
        model: ModelName | AnyRequest,
        *,
        prompt: str | Unset = UNSET,
        negative_prompt: str | Unset = UNSET,
        aspect_ratio: Literal[
            "1:1", "1:2", "2:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "9:21", "16:9", "21:9"
        ]
        | Unset = UNSET,
        target_size: Literal[512, 576, 640, 704, 768, 832, 896, 960, 1024] | Unset = UNSET,
        length: Literal[97, 129, 161, 193, 225, 257] | Unset = UNSET,
        steps: int | Unset = UNSET,
        cfg: float | Unset = UNSET,
        seed: int | Unset = UNSET,
        image: str | Path | None | Unset = UNSET,
        width: int | Unset = UNSET,
        height: int | Unset = UNSET,
        num_frames: int | Unset = UNSET,
        fps: int | Unset = UNSET,
        guidance_scale: float | Unset = UNSET,
        duration: Literal[6, 8, 10] | Unset = UNSET,
        resolution: Literal["1080p", "2k", "4k"] | Unset = UNSET,
        generate_audio: bool | Unset = UNSET,
    ) -> Any:
        """Each model has its own parameters. One that you leave out is not sent, and the service uses its default.

        ltx-video: Silent video from text, or from a first frame. Usually 55 s, about 0.057 USD.
            prompt: What the video shows. This model needs long descriptive prompts; the quality suffers if they are
                short. (required)
            negative_prompt: What the video must not show. (default "low quality, worst quality, deformed, distorted")
            aspect_ratio: Width to height of the video. Ignored if an image is given. (one of 1:1, 1:2, 2:1, 2:3, 3:2,
                3:4, 4:3, 4:5, 5:4, 9:16, 9:21, 16:9, 21:9; default "3:2")
            target_size: Target size of the video. (one of 512, 576, 640, 704, 768, 832, 896, 960, 1024; default 640)
            length: Length of the video, in frames. (one of 97, 129, 161, 193, 225, 257; default 97)
            steps: Number of steps. (1 to 50; default 30)
            cfg: How closely the video follows the prompt. (1 to 20; default 3)
            seed: Makes a video reproducible. Random if it is left out.
            image: Location of an image to use as the first frame; null for none. (a URI, or a file on this machine;
                default None)

        ltx-2-19b-t2v: Video with sound from text, at any size from 256 to 1280 pixels a side. Usually 103 s, about
        0.416 USD.
            prompt: Describes the scene of the video. (required)
            negative_prompt: What to avoid.
            width: Width of the video, in pixels. (256 to 1280; default 1024)
            height: Height of the video, in pixels. (256 to 1280; default 768)
            num_frames: Length of the video, in frames. (1 to 400; default 161)
            fps: Frames a second. (1 to 30; default 24)
            guidance_scale: How closely the video follows the prompt. (1 to 20; default 4)
            seed: Makes a video reproducible. The service uses its default seed if it is left out. (default
                1234567890)

        ltx-2-19b-i2v: Video with sound from a picture and text, at any size from 256 to 1280 pixels a side. Usually
        109 s, about 0.455 USD.
            prompt: Describes the scene of the video. (required)
            image: Location of the image. (required; a URI, or a file on this machine)
            negative_prompt: What to avoid. (default "blurry, low quality, still frame, frames, watermark, overlay,
                titles, has blurbox, has subtitles")
            width: Width of the video, in pixels. (256 to 1280; default 720)
            height: Height of the video, in pixels. (256 to 1280; default 1280)
            num_frames: Length of the video, in frames. (1 to 400; default 181)
            fps: Frames a second. (1 to 30; default 24)
            guidance_scale: How closely the video follows the prompt. (1 to 20; default 4)
            seed: Makes a video reproducible. The service uses its default seed if it is left out. (default 42)

        ltx-2-fast: Video of 6, 8 or 10 seconds with sound, up to 4k, made quickly. Usually 47 s, 0.3 to 2 USD.
            prompt: Describes the video. Details give better results. (required)
            duration: Length of the video, in seconds. A detailed scene needs a longer one. (one of 6, 8, 10; default
                8)
            resolution: Resolution of the video; 4k for high detail. (one of 1080p, 2k, 4k; default "2k")
            generate_audio: Whether the video has sound; meant for dynamic scenes. (default True)
            image: Location of an image; null for none. Use a detailed one if the background is complex. (a URI, or a
                file on this machine; default None)

        ltx-2-pro: Video of 6, 8 or 10 seconds with sound, up to 4k, with advanced motion control. Usually 71 s, 0.3
        to 2 USD.
            prompt: Describes the video. Detailed prompts give vivid results. (required)
            duration: Length of the video, in seconds by inference. Short ones suit demos, longer ones detailed
                scenes. (one of 6, 8, 10; default 6)
            resolution: Resolution of the video; 1080p for the web, 4k for the cinema. (one of 1080p, 2k, 4k; default
                "1080p")
            generate_audio: Whether the video has sound; meant for interactive or detailed presentations. (default
                True)
            image: Location of an image; a JPEG or PNG of high resolution gives the best results. (a URI, or a file on
                this machine)
        """
        raise NotImplementedError

    @overload
    def generate(
        self,
        model: Literal["ltx-video"],
        *,
        prompt: str,
        negative_prompt: str = "low quality, worst quality, deformed, distorted",
        aspect_ratio: Literal[
            "1:1", "1:2", "2:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "9:21", "16:9", "21:9"
        ] = "3:2",
        target_size: Literal[512, 576, 640, 704, 768, 832, 896, 960, 1024] = 640,
        length: Literal[97, 129, 161, 193, 225, 257] = 97,
        steps: int = 30,
        cfg: float = 3,
        seed: int = ...,
        image: str | Path | None = None,
        timeout: float | None = None,
        on_status: Callable[[Status_co], object] | None = None,
    ) -> Video_co:
        """Submit a job to ltx-video, and wait up to `timeout` seconds for its video. The accepted job is billed.

        Silent video from text, or from a first frame. Usually 55 s, about 0.057 USD.

        Args:
            prompt: What the video shows. This model needs long descriptive prompts; the quality suffers if they are
                short. (required)
            negative_prompt: What the video must not show. (default "low quality, worst quality, deformed, distorted")
            aspect_ratio: Width to height of the video. Ignored if an image is given. (one of 1:1, 1:2, 2:1, 2:3, 3:2,
                3:4, 4:3, 4:5, 5:4, 9:16, 9:21, 16:9, 21:9; default "3:2")
            target_size: Target size of the video. (one of 512, 576, 640, 704, 768, 832, 896, 960, 1024; default 640)
            length: Length of the video, in frames. (one of 97, 129, 161, 193, 225, 257; default 97)
            steps: Number of steps. (1 to 50; default 30)
            cfg: How closely the video follows the prompt. (1 to 20; default 3)
            seed: Makes a video reproducible. Random if it is left out.
            image: Location of an image to use as the first frame; null for none. (a URI, or a file on this machine;
                default None)
        """

    @overload
    def generate(
        self,
        model: Literal["ltx-2-19b-t2v"],
        *,
        prompt: str,
        negative_prompt: str = ...,
        width: int = 1024,
        height: int = 768,
        num_frames: int = 161,
        fps: int = 24,
        guidance_scale: float = 4,
        seed: int = 1234567890,
        timeout: float | None = None,
        on_status: Callable[[Status_co], object] | None = None,
    ) -> Video_co:
        """Submit a job to ltx-2-19b-t2v, and wait up to `timeout` seconds for its video. The accepted job is billed.

        Video with sound from text, at any size from 256 to 1280 pixels a side. Usually 103 s, about 0.416 USD.

        Args:
            prompt: Describes the scene of the video. (required)
            negative_prompt: What to avoid.
            width: Width of the video, in pixels. (256 to 1280; default 1024)
            height: Height of the video, in pixels. (256 to 1280; default 768)
            num_frames: Length of the video, in frames. (1 to 400; default 161)
            fps: Frames a second. (1 to 30; default 24)
            guidance_scale: How closely the video follows the prompt. (1 to 20; default 4)
            seed: Makes a video reproducible. The service uses its default seed if it is left out. (default
                1234567890)
        """

    @overload
    def generate(
        self,
        model: Literal["ltx-2-19b-i2v"],
        *,
        prompt: str,
        image: str | Path,
        negative_prompt: str = "blurry, low quality, still frame, frames, watermark, overlay, titles, has blurbox, has subtitles",
        width: int = 720,
        height: int = 1280,
        num_frames: int = 181,
        fps: int = 24,
        guidance_scale: float = 4,
        seed: int = 42,
        timeout: float | None = None,
        on_status: Callable[[Status_co], object] | None = None,
    ) -> Video_co:
        """Submit a job to ltx-2-19b-i2v, and wait up to `timeout` seconds for its video. The accepted job is billed.

        Video with sound from a picture and text, at any size from 256 to 1280 pixels a side. Usually 109 s, about
        0.455 USD.

        Args:
            prompt: Describes the scene of the video. (required)
            image: Location of the image. (required; a URI, or a file on this machine)
            negative_prompt: What to avoid. (default "blurry, low quality, still frame, frames, watermark, overlay,
                titles, has blurbox, has subtitles")
            width: Width of the video, in pixels. (256 to 1280; default 720)
            height: Height of the video, in pixels. (256 to 1280; default 1280)
            num_frames: Length of the video, in frames. (1 to 400; default 181)
            fps: Frames a second. (1 to 30; default 24)
            guidance_scale: How closely the video follows the prompt. (1 to 20; default 4)
            seed: Makes a video reproducible. The service uses its default seed if it is left out. (default 42)
        """

    @overload
    def generate(
        self,
        model: Literal["ltx-2-fast"],
        *,
        prompt: str,
        duration: Literal[6, 8, 10] = 8,
        resolution: Literal["1080p", "2k", "4k"] = "2k",
        generate_audio: bool = True,
        image: str | Path | None = None,
        timeout: float | None = None,
        on_status: Callable[[Status_co], object] | None = None,
    ) -> Video_co:
        """Submit a job to ltx-2-fast, and wait up to `timeout` seconds for its video. The accepted job is billed.

        Video of 6, 8 or 10 seconds with sound, up to 4k, made quickly. Usually 47 s, 0.3 to 2 USD.

        Args:
            prompt: Describes the video. Details give better results. (required)
            duration: Length of the video, in seconds. A detailed scene needs a longer one. (one of 6, 8, 10; default
                8)
            resolution: Resolution of the video; 4k for high detail. (one of 1080p, 2k, 4k; default "2k")
            generate_audio: Whether the video has sound; meant for dynamic scenes. (default True)
            image: Location of an image; null for none. Use a detailed one if the background is complex. (a URI, or a
                file on this machine; default None)
        """

    @overload
    def generate(
        self,
        model: Literal["ltx-2-pro"],
        *,
        prompt: str,
        duration: Literal[6, 8, 10] = 6,
        resolution: Literal["1080p", "2k", "4k"] = "1080p",
        generate_audio: bool = True,
        image: str | Path = ...,
        timeout: float | None = None,
        on_status: Callable[[Status_co], object] | None = None,
    ) -> Video_co:
        """Submit a job to ltx-2-pro, and wait up to `timeout` seconds for its video. The accepted job is billed.

        Video of 6, 8 or 10 seconds with sound, up to 4k, with advanced motion control. Usually 71 s, 0.3 to 2 USD.

        Args:
            prompt: Describes the video. Detailed prompts give vivid results. (required)
            duration: Length of the video, in seconds by inference. Short ones suit demos, longer ones detailed
                scenes. (one of 6, 8, 10; default 6)
            resolution: Resolution of the video; 1080p for the web, 4k for the cinema. (one of 1080p, 2k, 4k; default
                "1080p")
            generate_audio: Whether the video has sound; meant for interactive or detailed presentations. (default
                True)
            image: Location of an image; a JPEG or PNG of high resolution gives the best results. (a URI, or a file on
                this machine)
        """

    @overload
    def generate(
        self,
        model: AnyRequest,
        *,
        timeout: float | None = None,
        on_status: Callable[[Status_co], object] | None = None,
    ) -> Video_co:
        """Submit a job, from a request object, and wait for its video. The accepted job is billed."""

    def generate(
        self,
        model: ModelName | AnyRequest,
        *,
        prompt: str | Unset = UNSET,
        negative_prompt: str | Unset = UNSET,
        aspect_ratio: Literal[
            "1:1", "1:2", "2:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "9:21", "16:9", "21:9"
        ]
        | Unset = UNSET,
        target_size: Literal[512, 576, 640, 704, 768, 832, 896, 960, 1024] | Unset = UNSET,
        length: Literal[97, 129, 161, 193, 225, 257] | Unset = UNSET,
        steps: int | Unset = UNSET,
        cfg: float | Unset = UNSET,
        seed: int | Unset = UNSET,
        image: str | Path | None | Unset = UNSET,
        width: int | Unset = UNSET,
        height: int | Unset = UNSET,
        num_frames: int | Unset = UNSET,
        fps: int | Unset = UNSET,
        guidance_scale: float | Unset = UNSET,
        duration: Literal[6, 8, 10] | Unset = UNSET,
        resolution: Literal["1080p", "2k", "4k"] | Unset = UNSET,
        generate_audio: bool | Unset = UNSET,
        timeout: float | None = None,
        on_status: Callable[[Status_co], object] | None = None,
    ) -> Any:
        """Each model has its own parameters. One that you leave out is not sent, and the service uses its default.

        ltx-video: Silent video from text, or from a first frame. Usually 55 s, about 0.057 USD.
            prompt: What the video shows. This model needs long descriptive prompts; the quality suffers if they are
                short. (required)
            negative_prompt: What the video must not show. (default "low quality, worst quality, deformed, distorted")
            aspect_ratio: Width to height of the video. Ignored if an image is given. (one of 1:1, 1:2, 2:1, 2:3, 3:2,
                3:4, 4:3, 4:5, 5:4, 9:16, 9:21, 16:9, 21:9; default "3:2")
            target_size: Target size of the video. (one of 512, 576, 640, 704, 768, 832, 896, 960, 1024; default 640)
            length: Length of the video, in frames. (one of 97, 129, 161, 193, 225, 257; default 97)
            steps: Number of steps. (1 to 50; default 30)
            cfg: How closely the video follows the prompt. (1 to 20; default 3)
            seed: Makes a video reproducible. Random if it is left out.
            image: Location of an image to use as the first frame; null for none. (a URI, or a file on this machine;
                default None)

        ltx-2-19b-t2v: Video with sound from text, at any size from 256 to 1280 pixels a side. Usually 103 s, about
        0.416 USD.
            prompt: Describes the scene of the video. (required)
            negative_prompt: What to avoid.
            width: Width of the video, in pixels. (256 to 1280; default 1024)
            height: Height of the video, in pixels. (256 to 1280; default 768)
            num_frames: Length of the video, in frames. (1 to 400; default 161)
            fps: Frames a second. (1 to 30; default 24)
            guidance_scale: How closely the video follows the prompt. (1 to 20; default 4)
            seed: Makes a video reproducible. The service uses its default seed if it is left out. (default
                1234567890)

        ltx-2-19b-i2v: Video with sound from a picture and text, at any size from 256 to 1280 pixels a side. Usually
        109 s, about 0.455 USD.
            prompt: Describes the scene of the video. (required)
            image: Location of the image. (required; a URI, or a file on this machine)
            negative_prompt: What to avoid. (default "blurry, low quality, still frame, frames, watermark, overlay,
                titles, has blurbox, has subtitles")
            width: Width of the video, in pixels. (256 to 1280; default 720)
            height: Height of the video, in pixels. (256 to 1280; default 1280)
            num_frames: Length of the video, in frames. (1 to 400; default 181)
            fps: Frames a second. (1 to 30; default 24)
            guidance_scale: How closely the video follows the prompt. (1 to 20; default 4)
            seed: Makes a video reproducible. The service uses its default seed if it is left out. (default 42)

        ltx-2-fast: Video of 6, 8 or 10 seconds with sound, up to 4k, made quickly. Usually 47 s, 0.3 to 2 USD.
            prompt: Describes the video. Details give better results. (required)
            duration: Length of the video, in seconds. A detailed scene needs a longer one. (one of 6, 8, 10; default
                8)
            resolution: Resolution of the video; 4k for high detail. (one of 1080p, 2k, 4k; default "2k")
            generate_audio: Whether the video has sound; meant for dynamic scenes. (default True)
            image: Location of an image; null for none. Use a detailed one if the background is complex. (a URI, or a
                file on this machine; default None)

        ltx-2-pro: Video of 6, 8 or 10 seconds with sound, up to 4k, with advanced motion control. Usually 71 s, 0.3
        to 2 USD.
            prompt: Describes the video. Detailed prompts give vivid results. (required)
            duration: Length of the video, in seconds by inference. Short ones suit demos, longer ones detailed
                scenes. (one of 6, 8, 10; default 6)
            resolution: Resolution of the video; 1080p for the web, 4k for the cinema. (one of 1080p, 2k, 4k; default
                "1080p")
            generate_audio: Whether the video has sound; meant for interactive or detailed presentations. (default
                True)
            image: Location of an image; a JPEG or PNG of high resolution gives the best results. (a URI, or a file on
                this machine)
        """
        raise NotImplementedError

    @overload
    def generate_blocking(
        self,
        model: Literal["ltx-video"],
        *,
        prompt: str,
        negative_prompt: str = "low quality, worst quality, deformed, distorted",
        aspect_ratio: Literal[
            "1:1", "1:2", "2:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "9:21", "16:9", "21:9"
        ] = "3:2",
        target_size: Literal[512, 576, 640, 704, 768, 832, 896, 960, 1024] = 640,
        length: Literal[97, 129, 161, 193, 225, 257] = 97,
        steps: int = 30,
        cfg: float = 3,
        seed: int = ...,
        image: str | Path | None = None,
        timeout: float | None = None,
    ) -> Video_co:
        """Make one blocking call of ltx-video. If the connection breaks, a paid video is lost; prefer `generate`.

        Silent video from text, or from a first frame. Usually 55 s, about 0.057 USD.

        Args:
            prompt: What the video shows. This model needs long descriptive prompts; the quality suffers if they are
                short. (required)
            negative_prompt: What the video must not show. (default "low quality, worst quality, deformed, distorted")
            aspect_ratio: Width to height of the video. Ignored if an image is given. (one of 1:1, 1:2, 2:1, 2:3, 3:2,
                3:4, 4:3, 4:5, 5:4, 9:16, 9:21, 16:9, 21:9; default "3:2")
            target_size: Target size of the video. (one of 512, 576, 640, 704, 768, 832, 896, 960, 1024; default 640)
            length: Length of the video, in frames. (one of 97, 129, 161, 193, 225, 257; default 97)
            steps: Number of steps. (1 to 50; default 30)
            cfg: How closely the video follows the prompt. (1 to 20; default 3)
            seed: Makes a video reproducible. Random if it is left out.
            image: Location of an image to use as the first frame; null for none. (a URI, or a file on this machine;
                default None)
        """

    @overload
    def generate_blocking(
        self,
        model: Literal["ltx-2-19b-t2v"],
        *,
        prompt: str,
        negative_prompt: str = ...,
        width: int = 1024,
        height: int = 768,
        num_frames: int = 161,
        fps: int = 24,
        guidance_scale: float = 4,
        seed: int = 1234567890,
        timeout: float | None = None,
    ) -> Video_co:
        """Make one blocking call of ltx-2-19b-t2v. If the connection breaks, a paid video is lost; prefer `generate`.

        Video with sound from text, at any size from 256 to 1280 pixels a side. Usually 103 s, about 0.416 USD.

        Args:
            prompt: Describes the scene of the video. (required)
            negative_prompt: What to avoid.
            width: Width of the video, in pixels. (256 to 1280; default 1024)
            height: Height of the video, in pixels. (256 to 1280; default 768)
            num_frames: Length of the video, in frames. (1 to 400; default 161)
            fps: Frames a second. (1 to 30; default 24)
            guidance_scale: How closely the video follows the prompt. (1 to 20; default 4)
            seed: Makes a video reproducible. The service uses its default seed if it is left out. (default
                1234567890)
        """

    @overload
    def generate_blocking(
        self,
        model: Literal["ltx-2-19b-i2v"],
        *,
        prompt: str,
        image: str | Path,
        negative_prompt: str = "blurry, low quality, still frame, frames, watermark, overlay, titles, has blurbox, has subtitles",
        width: int = 720,
        height: int = 1280,
        num_frames: int = 181,
        fps: int = 24,
        guidance_scale: float = 4,
        seed: int = 42,
        timeout: float | None = None,
    ) -> Video_co:
        """Make one blocking call of ltx-2-19b-i2v. If the connection breaks, a paid video is lost; prefer `generate`.

        Video with sound from a picture and text, at any size from 256 to 1280 pixels a side. Usually 109 s, about
        0.455 USD.

        Args:
            prompt: Describes the scene of the video. (required)
            image: Location of the image. (required; a URI, or a file on this machine)
            negative_prompt: What to avoid. (default "blurry, low quality, still frame, frames, watermark, overlay,
                titles, has blurbox, has subtitles")
            width: Width of the video, in pixels. (256 to 1280; default 720)
            height: Height of the video, in pixels. (256 to 1280; default 1280)
            num_frames: Length of the video, in frames. (1 to 400; default 181)
            fps: Frames a second. (1 to 30; default 24)
            guidance_scale: How closely the video follows the prompt. (1 to 20; default 4)
            seed: Makes a video reproducible. The service uses its default seed if it is left out. (default 42)
        """

    @overload
    def generate_blocking(
        self,
        model: Literal["ltx-2-fast"],
        *,
        prompt: str,
        duration: Literal[6, 8, 10] = 8,
        resolution: Literal["1080p", "2k", "4k"] = "2k",
        generate_audio: bool = True,
        image: str | Path | None = None,
        timeout: float | None = None,
    ) -> Video_co:
        """Make one blocking call of ltx-2-fast. If the connection breaks, a paid video is lost; prefer `generate`.

        Video of 6, 8 or 10 seconds with sound, up to 4k, made quickly. Usually 47 s, 0.3 to 2 USD.

        Args:
            prompt: Describes the video. Details give better results. (required)
            duration: Length of the video, in seconds. A detailed scene needs a longer one. (one of 6, 8, 10; default
                8)
            resolution: Resolution of the video; 4k for high detail. (one of 1080p, 2k, 4k; default "2k")
            generate_audio: Whether the video has sound; meant for dynamic scenes. (default True)
            image: Location of an image; null for none. Use a detailed one if the background is complex. (a URI, or a
                file on this machine; default None)
        """

    @overload
    def generate_blocking(
        self,
        model: Literal["ltx-2-pro"],
        *,
        prompt: str,
        duration: Literal[6, 8, 10] = 6,
        resolution: Literal["1080p", "2k", "4k"] = "1080p",
        generate_audio: bool = True,
        image: str | Path = ...,
        timeout: float | None = None,
    ) -> Video_co:
        """Make one blocking call of ltx-2-pro. If the connection breaks, a paid video is lost; prefer `generate`.

        Video of 6, 8 or 10 seconds with sound, up to 4k, with advanced motion control. Usually 71 s, 0.3 to 2 USD.

        Args:
            prompt: Describes the video. Detailed prompts give vivid results. (required)
            duration: Length of the video, in seconds by inference. Short ones suit demos, longer ones detailed
                scenes. (one of 6, 8, 10; default 6)
            resolution: Resolution of the video; 1080p for the web, 4k for the cinema. (one of 1080p, 2k, 4k; default
                "1080p")
            generate_audio: Whether the video has sound; meant for interactive or detailed presentations. (default
                True)
            image: Location of an image; a JPEG or PNG of high resolution gives the best results. (a URI, or a file on
                this machine)
        """

    @overload
    def generate_blocking(
        self,
        model: AnyRequest,
        *,
        timeout: float | None = None,
    ) -> Video_co:
        """Make one blocking call, from a request object. Prefer `generate`."""

    def generate_blocking(
        self,
        model: ModelName | AnyRequest,
        *,
        prompt: str | Unset = UNSET,
        negative_prompt: str | Unset = UNSET,
        aspect_ratio: Literal[
            "1:1", "1:2", "2:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "9:21", "16:9", "21:9"
        ]
        | Unset = UNSET,
        target_size: Literal[512, 576, 640, 704, 768, 832, 896, 960, 1024] | Unset = UNSET,
        length: Literal[97, 129, 161, 193, 225, 257] | Unset = UNSET,
        steps: int | Unset = UNSET,
        cfg: float | Unset = UNSET,
        seed: int | Unset = UNSET,
        image: str | Path | None | Unset = UNSET,
        width: int | Unset = UNSET,
        height: int | Unset = UNSET,
        num_frames: int | Unset = UNSET,
        fps: int | Unset = UNSET,
        guidance_scale: float | Unset = UNSET,
        duration: Literal[6, 8, 10] | Unset = UNSET,
        resolution: Literal["1080p", "2k", "4k"] | Unset = UNSET,
        generate_audio: bool | Unset = UNSET,
        timeout: float | None = None,
    ) -> Any:
        """Each model has its own parameters. One that you leave out is not sent, and the service uses its default.

        ltx-video: Silent video from text, or from a first frame. Usually 55 s, about 0.057 USD.
            prompt: What the video shows. This model needs long descriptive prompts; the quality suffers if they are
                short. (required)
            negative_prompt: What the video must not show. (default "low quality, worst quality, deformed, distorted")
            aspect_ratio: Width to height of the video. Ignored if an image is given. (one of 1:1, 1:2, 2:1, 2:3, 3:2,
                3:4, 4:3, 4:5, 5:4, 9:16, 9:21, 16:9, 21:9; default "3:2")
            target_size: Target size of the video. (one of 512, 576, 640, 704, 768, 832, 896, 960, 1024; default 640)
            length: Length of the video, in frames. (one of 97, 129, 161, 193, 225, 257; default 97)
            steps: Number of steps. (1 to 50; default 30)
            cfg: How closely the video follows the prompt. (1 to 20; default 3)
            seed: Makes a video reproducible. Random if it is left out.
            image: Location of an image to use as the first frame; null for none. (a URI, or a file on this machine;
                default None)

        ltx-2-19b-t2v: Video with sound from text, at any size from 256 to 1280 pixels a side. Usually 103 s, about
        0.416 USD.
            prompt: Describes the scene of the video. (required)
            negative_prompt: What to avoid.
            width: Width of the video, in pixels. (256 to 1280; default 1024)
            height: Height of the video, in pixels. (256 to 1280; default 768)
            num_frames: Length of the video, in frames. (1 to 400; default 161)
            fps: Frames a second. (1 to 30; default 24)
            guidance_scale: How closely the video follows the prompt. (1 to 20; default 4)
            seed: Makes a video reproducible. The service uses its default seed if it is left out. (default
                1234567890)

        ltx-2-19b-i2v: Video with sound from a picture and text, at any size from 256 to 1280 pixels a side. Usually
        109 s, about 0.455 USD.
            prompt: Describes the scene of the video. (required)
            image: Location of the image. (required; a URI, or a file on this machine)
            negative_prompt: What to avoid. (default "blurry, low quality, still frame, frames, watermark, overlay,
                titles, has blurbox, has subtitles")
            width: Width of the video, in pixels. (256 to 1280; default 720)
            height: Height of the video, in pixels. (256 to 1280; default 1280)
            num_frames: Length of the video, in frames. (1 to 400; default 181)
            fps: Frames a second. (1 to 30; default 24)
            guidance_scale: How closely the video follows the prompt. (1 to 20; default 4)
            seed: Makes a video reproducible. The service uses its default seed if it is left out. (default 42)

        ltx-2-fast: Video of 6, 8 or 10 seconds with sound, up to 4k, made quickly. Usually 47 s, 0.3 to 2 USD.
            prompt: Describes the video. Details give better results. (required)
            duration: Length of the video, in seconds. A detailed scene needs a longer one. (one of 6, 8, 10; default
                8)
            resolution: Resolution of the video; 4k for high detail. (one of 1080p, 2k, 4k; default "2k")
            generate_audio: Whether the video has sound; meant for dynamic scenes. (default True)
            image: Location of an image; null for none. Use a detailed one if the background is complex. (a URI, or a
                file on this machine; default None)

        ltx-2-pro: Video of 6, 8 or 10 seconds with sound, up to 4k, with advanced motion control. Usually 71 s, 0.3
        to 2 USD.
            prompt: Describes the video. Detailed prompts give vivid results. (required)
            duration: Length of the video, in seconds by inference. Short ones suit demos, longer ones detailed
                scenes. (one of 6, 8, 10; default 6)
            resolution: Resolution of the video; 1080p for the web, 4k for the cinema. (one of 1080p, 2k, 4k; default
                "1080p")
            generate_audio: Whether the video has sound; meant for interactive or detailed presentations. (default
                True)
            image: Location of an image; a JPEG or PNG of high resolution gives the best results. (a URI, or a file on
                this machine)
        """
        raise NotImplementedError
