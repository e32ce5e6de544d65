"""Say what a change of the contract means: for HTTP callers, for Python programs, for servers, and by hand."""

from segmind_ltx_spec.changes.collect import Change, Place, Unjudged
from segmind_ltx_spec.changes.comparison import Comparison, compare
from segmind_ltx_spec.changes.document import CannotCompareError, Document, parse, read_file, read_folder
from segmind_ltx_spec.changes.verdicts import Bump, Verdict, Verdicts

__all__ = [
    "Bump",
    "CannotCompareError",
    "Change",
    "Comparison",
    "Document",
    "Place",
    "Unjudged",
    "Verdict",
    "Verdicts",
    "compare",
    "parse",
    "read_file",
    "read_folder",
]
