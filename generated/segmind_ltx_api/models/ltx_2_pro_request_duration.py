from typing import Literal

Ltx2ProRequestDuration = Literal[6, 8, 10]

LTX_2_PRO_REQUEST_DURATION_VALUES: set[Ltx2ProRequestDuration] = {
    6,
    8,
    10,
}


def check_ltx_2_pro_request_duration(value: int) -> Ltx2ProRequestDuration:
    if value in LTX_2_PRO_REQUEST_DURATION_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {LTX_2_PRO_REQUEST_DURATION_VALUES!r}")
