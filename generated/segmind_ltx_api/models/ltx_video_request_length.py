from typing import Literal

LtxVideoRequestLength = Literal[97, 129, 161, 193, 225, 257]

LTX_VIDEO_REQUEST_LENGTH_VALUES: set[LtxVideoRequestLength] = {
    97,
    129,
    161,
    193,
    225,
    257,
}


def check_ltx_video_request_length(value: int) -> LtxVideoRequestLength:
    if value in LTX_VIDEO_REQUEST_LENGTH_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {LTX_VIDEO_REQUEST_LENGTH_VALUES!r}")
