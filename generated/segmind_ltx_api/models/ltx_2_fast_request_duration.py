from typing import Literal

Ltx2FastRequestDuration = Literal[6, 8, 10]

LTX_2_FAST_REQUEST_DURATION_VALUES: set[Ltx2FastRequestDuration] = {
    6,
    8,
    10,
}


def check_ltx_2_fast_request_duration(value: int) -> Ltx2FastRequestDuration:
    if value in LTX_2_FAST_REQUEST_DURATION_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {LTX_2_FAST_REQUEST_DURATION_VALUES!r}")
