"""Send requests to a target and record the responses. The judge decides what they mean."""

from segmind_ltx_conformance.prober.options import STAGES, CannotRunError, Interrupted, Options
from segmind_ltx_conformance.prober.plan import Plan, Row, plan
from segmind_ltx_conformance.prober.probe import probe, resume

__all__ = ["STAGES", "CannotRunError", "Interrupted", "Options", "Plan", "Row", "plan", "probe", "resume"]
