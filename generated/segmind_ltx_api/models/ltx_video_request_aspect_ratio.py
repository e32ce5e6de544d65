from typing import Literal

LtxVideoRequestAspectRatio = Literal[
    "16:9", "1:1", "1:2", "21:9", "2:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "9:21"
]

LTX_VIDEO_REQUEST_ASPECT_RATIO_VALUES: set[LtxVideoRequestAspectRatio] = {
    "16:9",
    "1:1",
    "1:2",
    "21:9",
    "2:1",
    "2:3",
    "3:2",
    "3:4",
    "4:3",
    "4:5",
    "5:4",
    "9:16",
    "9:21",
}


def check_ltx_video_request_aspect_ratio(value: str) -> LtxVideoRequestAspectRatio:
    if value in LTX_VIDEO_REQUEST_ASPECT_RATIO_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {LTX_VIDEO_REQUEST_ASPECT_RATIO_VALUES!r}")
