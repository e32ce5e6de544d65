from typing import Literal

Ltx2FastRequestResolution = Literal["1080p", "2k", "4k"]

LTX_2_FAST_REQUEST_RESOLUTION_VALUES: set[Ltx2FastRequestResolution] = {
    "1080p",
    "2k",
    "4k",
}


def check_ltx_2_fast_request_resolution(value: str) -> Ltx2FastRequestResolution:
    if value in LTX_2_FAST_REQUEST_RESOLUTION_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {LTX_2_FAST_REQUEST_RESOLUTION_VALUES!r}")
