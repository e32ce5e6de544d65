from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="Ltx219BI2VRequest")


@_attrs_define
class Ltx219BI2VRequest:
    """Parameters of ltx-2-19b-i2v. Usually 109 s, about 0.455 USD.

    Attributes:
        prompt (str): Describes the scene of the video. (required)
        image (str): Location of the image. (required; a URI, or a file on this machine)
        negative_prompt (str | Unset): What to avoid. (default "blurry, low quality, still frame, frames, watermark,
            overlay, titles, has blurbox, has subtitles")
        width (int | Unset): Width of the video, in pixels. (256 to 1280; default 720)
        height (int | Unset): Height of the video, in pixels. (256 to 1280; default 1280)
        num_frames (int | Unset): Length of the video, in frames. (1 to 400; default 181)
        fps (int | Unset): Frames a second. (1 to 30; default 24)
        guidance_scale (float | Unset): How closely the video follows the prompt. (1 to 20; default 4)
        seed (int | Unset): Makes a video reproducible. The service uses its default seed if it is left out. (default
            42)
    """

    prompt: str
    image: str
    negative_prompt: str | Unset = UNSET
    width: int | Unset = UNSET
    height: int | Unset = UNSET
    num_frames: int | Unset = UNSET
    fps: int | Unset = UNSET
    guidance_scale: float | Unset = UNSET
    seed: int | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        prompt = self.prompt

        image = self.image

        negative_prompt = self.negative_prompt

        width = self.width

        height = self.height

        num_frames = self.num_frames

        fps = self.fps

        guidance_scale = self.guidance_scale

        seed = self.seed

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "prompt": prompt,
                "image": image,
            }
        )
        if negative_prompt is not UNSET:
            field_dict["negative_prompt"] = negative_prompt
        if width is not UNSET:
            field_dict["width"] = width
        if height is not UNSET:
            field_dict["height"] = height
        if num_frames is not UNSET:
            field_dict["num_frames"] = num_frames
        if fps is not UNSET:
            field_dict["fps"] = fps
        if guidance_scale is not UNSET:
            field_dict["guidance_scale"] = guidance_scale
        if seed is not UNSET:
            field_dict["seed"] = seed

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        prompt = d.pop("prompt")

        image = d.pop("image")

        negative_prompt = d.pop("negative_prompt", UNSET)

        width = d.pop("width", UNSET)

        height = d.pop("height", UNSET)

        num_frames = d.pop("num_frames", UNSET)

        fps = d.pop("fps", UNSET)

        guidance_scale = d.pop("guidance_scale", UNSET)

        seed = d.pop("seed", UNSET)

        ltx_2_19b_i2v_request = cls(
            prompt=prompt,
            image=image,
            negative_prompt=negative_prompt,
            width=width,
            height=height,
            num_frames=num_frames,
            fps=fps,
            guidance_scale=guidance_scale,
            seed=seed,
        )

        ltx_2_19b_i2v_request.additional_properties = d
        return ltx_2_19b_i2v_request

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
