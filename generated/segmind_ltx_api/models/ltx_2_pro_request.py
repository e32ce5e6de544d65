from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.ltx_2_pro_request_duration import Ltx2ProRequestDuration, check_ltx_2_pro_request_duration
from ..models.ltx_2_pro_request_resolution import Ltx2ProRequestResolution, check_ltx_2_pro_request_resolution
from ..types import UNSET, Unset

T = TypeVar("T", bound="Ltx2ProRequest")


@_attrs_define
class Ltx2ProRequest:
    """Parameters of ltx-2-pro. Usually 71 s, 0.3 to 2 USD.

    Attributes:
        prompt (str): Describes the video. Detailed prompts give vivid results. (required)
        duration (Ltx2ProRequestDuration | Unset): Length of the video, in seconds by inference. Short ones suit demos,
            longer ones detailed scenes. (one of 6, 8, 10; default 6)
        resolution (Ltx2ProRequestResolution | Unset): Resolution of the video; 1080p for the web, 4k for the cinema.
            (one of 1080p, 2k, 4k; default "1080p")
        generate_audio (bool | Unset): Whether the video has sound; meant for interactive or detailed presentations.
            (default True)
        image (str | Unset): Location of an image; a JPEG or PNG of high resolution gives the best results. (a URI, or a
            file on this machine)
    """

    prompt: str
    duration: Ltx2ProRequestDuration | Unset = UNSET
    resolution: Ltx2ProRequestResolution | Unset = UNSET
    generate_audio: bool | Unset = UNSET
    image: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        prompt = self.prompt

        duration: int | Unset = UNSET
        if not isinstance(self.duration, Unset):
            duration = self.duration

        resolution: str | Unset = UNSET
        if not isinstance(self.resolution, Unset):
            resolution = self.resolution

        generate_audio = self.generate_audio

        image = self.image

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "prompt": prompt,
            }
        )
        if duration is not UNSET:
            field_dict["duration"] = duration
        if resolution is not UNSET:
            field_dict["resolution"] = resolution
        if generate_audio is not UNSET:
            field_dict["generate_audio"] = generate_audio
        if image is not UNSET:
            field_dict["image"] = image

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        prompt = d.pop("prompt")

        _duration = d.pop("duration", UNSET)
        duration: Ltx2ProRequestDuration | Unset
        if isinstance(_duration, Unset):
            duration = UNSET
        else:
            duration = check_ltx_2_pro_request_duration(_duration)

        _resolution = d.pop("resolution", UNSET)
        resolution: Ltx2ProRequestResolution | Unset
        if isinstance(_resolution, Unset):
            resolution = UNSET
        else:
            resolution = check_ltx_2_pro_request_resolution(_resolution)

        generate_audio = d.pop("generate_audio", UNSET)

        image = d.pop("image", UNSET)

        ltx_2_pro_request = cls(
            prompt=prompt,
            duration=duration,
            resolution=resolution,
            generate_audio=generate_audio,
            image=image,
        )

        ltx_2_pro_request.additional_properties = d
        return ltx_2_pro_request

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
