from typing import Literal

LtxVideoRequestTargetSize = Literal[512, 576, 640, 704, 768, 832, 896, 960, 1024]

LTX_VIDEO_REQUEST_TARGET_SIZE_VALUES: set[LtxVideoRequestTargetSize] = {
    512,
    576,
    640,
    704,
    768,
    832,
    896,
    960,
    1024,
}


def check_ltx_video_request_target_size(value: int) -> LtxVideoRequestTargetSize:
    if value in LTX_VIDEO_REQUEST_TARGET_SIZE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {LTX_VIDEO_REQUEST_TARGET_SIZE_VALUES!r}")
