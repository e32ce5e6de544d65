"""The request types, one for each model. Written from the spec by `nox -s regenerate`; never edited."""

from .models import (
    Ltx2FastRequest,
    Ltx2ProRequest,
    Ltx219BI2VRequest,
    Ltx219BT2VRequest,
    LtxVideoRequest,
)

__all__ = [
    "LtxVideoRequest",
    "Ltx219BT2VRequest",
    "Ltx219BI2VRequest",
    "Ltx2FastRequest",
    "Ltx2ProRequest",
]
