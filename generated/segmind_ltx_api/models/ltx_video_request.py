from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.ltx_video_request_aspect_ratio import LtxVideoRequestAspectRatio, check_ltx_video_request_aspect_ratio
from ..models.ltx_video_request_length import LtxVideoRequestLength, check_ltx_video_request_length
from ..models.ltx_video_request_target_size import LtxVideoRequestTargetSize, check_ltx_video_request_target_size
from ..types import UNSET, Unset

T = TypeVar("T", bound="LtxVideoRequest")


@_attrs_define
class LtxVideoRequest:
    """Parameters of ltx-video. Usually 55 s, about 0.057 USD.

    Attributes:
        prompt (str): What the video shows. This model needs long descriptive prompts; the quality suffers if they are
            short. (required)
        negative_prompt (str | Unset): What the video must not show. (default "low quality, worst quality, deformed,
            distorted")
        aspect_ratio (LtxVideoRequestAspectRatio | Unset): Width to height of the video. Ignored if an image is given.
            (one of 1:1, 1:2, 2:1, 2:3, 3:2, 3:4, 4:3, 4:5, 5:4, 9:16, 9:21, 16:9, 21:9; default "3:2")
        target_size (LtxVideoRequestTargetSize | Unset): Target size of the video. (one of 512, 576, 640, 704, 768, 832,
            896, 960, 1024; default 640)
        length (LtxVideoRequestLength | Unset): Length of the video, in frames. (one of 97, 129, 161, 193, 225, 257;
            default 97)
        steps (int | Unset): Number of steps. (1 to 50; default 30)
        cfg (float | Unset): How closely the video follows the prompt. (1 to 20; default 3)
        seed (int | Unset): Makes a video reproducible. Random if it is left out.
        image (None | str | Unset): Location of an image to use as the first frame; null for none. (a URI, or a file on
            this machine; default None)
    """

    prompt: str
    negative_prompt: str | Unset = UNSET
    aspect_ratio: LtxVideoRequestAspectRatio | Unset = UNSET
    target_size: LtxVideoRequestTargetSize | Unset = UNSET
    length: LtxVideoRequestLength | Unset = UNSET
    steps: int | Unset = UNSET
    cfg: float | Unset = UNSET
    seed: int | Unset = UNSET
    image: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        prompt = self.prompt

        negative_prompt = self.negative_prompt

        aspect_ratio: str | Unset = UNSET
        if not isinstance(self.aspect_ratio, Unset):
            aspect_ratio = self.aspect_ratio

        target_size: int | Unset = UNSET
        if not isinstance(self.target_size, Unset):
            target_size = self.target_size

        length: int | Unset = UNSET
        if not isinstance(self.length, Unset):
            length = self.length

        steps = self.steps

        cfg = self.cfg

        seed = self.seed

        image: None | str | Unset
        if isinstance(self.image, Unset):
            image = UNSET
        else:
            image = self.image

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "prompt": prompt,
            }
        )
        if negative_prompt is not UNSET:
            field_dict["negative_prompt"] = negative_prompt
        if aspect_ratio is not UNSET:
            field_dict["aspect_ratio"] = aspect_ratio
        if target_size is not UNSET:
            field_dict["target_size"] = target_size
        if length is not UNSET:
            field_dict["length"] = length
        if steps is not UNSET:
            field_dict["steps"] = steps
        if cfg is not UNSET:
            field_dict["cfg"] = cfg
        if seed is not UNSET:
            field_dict["seed"] = seed
        if image is not UNSET:
            field_dict["image"] = image

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        prompt = d.pop("prompt")

        negative_prompt = d.pop("negative_prompt", UNSET)

        _aspect_ratio = d.pop("aspect_ratio", UNSET)
        aspect_ratio: LtxVideoRequestAspectRatio | Unset
        if isinstance(_aspect_ratio, Unset):
            aspect_ratio = UNSET
        else:
            aspect_ratio = check_ltx_video_request_aspect_ratio(_aspect_ratio)

        _target_size = d.pop("target_size", UNSET)
        target_size: LtxVideoRequestTargetSize | Unset
        if isinstance(_target_size, Unset):
            target_size = UNSET
        else:
            target_size = check_ltx_video_request_target_size(_target_size)

        _length = d.pop("length", UNSET)
        length: LtxVideoRequestLength | Unset
        if isinstance(_length, Unset):
            length = UNSET
        else:
            length = check_ltx_video_request_length(_length)

        steps = d.pop("steps", UNSET)

        cfg = d.pop("cfg", UNSET)

        seed = d.pop("seed", UNSET)

        def _parse_image(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        image = _parse_image(d.pop("image", UNSET))

        ltx_video_request = cls(
            prompt=prompt,
            negative_prompt=negative_prompt,
            aspect_ratio=aspect_ratio,
            target_size=target_size,
            length=length,
            steps=steps,
            cfg=cfg,
            seed=seed,
            image=image,
        )

        ltx_video_request.additional_properties = d
        return ltx_video_request

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
