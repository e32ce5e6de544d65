"""The contract of Segmind's five LTX video models: ``openapi.yaml``, its loader, its clauses."""

from segmind_ltx_spec.clauses import Clause, clauses, clauses_by_id
from segmind_ltx_spec.contract import (
    OPENAPI_PATH,
    Contract,
    Model,
    Source,
    SpecError,
    contract_of,
    load,
    read_document,
)
from segmind_ltx_spec.video import ExpectedVideo, expected_video

__all__ = [
    "OPENAPI_PATH",
    "Clause",
    "Contract",
    "ExpectedVideo",
    "Model",
    "Source",
    "SpecError",
    "clauses",
    "clauses_by_id",
    "contract_of",
    "expected_video",
    "load",
    "read_document",
]
