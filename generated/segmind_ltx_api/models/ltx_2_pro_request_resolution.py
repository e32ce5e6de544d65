from typing import Literal

Ltx2ProRequestResolution = Literal["1080p", "2k", "4k"]

LTX_2_PRO_REQUEST_RESOLUTION_VALUES: set[Ltx2ProRequestResolution] = {
    "1080p",
    "2k",
    "4k",
}


def check_ltx_2_pro_request_resolution(value: str) -> Ltx2ProRequestResolution:
    if value in LTX_2_PRO_REQUEST_RESOLUTION_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {LTX_2_PRO_REQUEST_RESOLUTION_VALUES!r}")
