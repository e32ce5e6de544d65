"""Write the files of a run: a recording, a JSON report, JUnit XML, an HTML page and a badge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from segmind_ltx_conformance.recording import Recording
from segmind_ltx_conformance.report.badge import badge
from segmind_ltx_conformance.report.document import Run, document
from segmind_ltx_conformance.report.files import write_atomically
from segmind_ltx_conformance.report.junit import junit

RECORDING: Final = "recording.har"
"""The recording's name in the report folder."""


def write_reports(folder: Path, run: Run) -> tuple[Path, ...]:
    """Write all reports of a run into a folder, each file atomically. Raises `OSError`.

    The recording is not among them: it was paid for, so it is written before anything is judged.
    """
    from segmind_ltx_conformance.report.page import page

    reports = {
        "report.json": json.dumps(document(run), ensure_ascii=False, indent=1) + "\n",
        "junit.xml": junit(run),
        "report.html": page(run),
        "summary.svg": badge(run.judgement),
    }
    return tuple(write_atomically(folder / name, text) for name, text in reports.items())


def write_recording(folder: Path, recording: Recording) -> Path:
    """Write the recording into the report folder. Raises `OSError`."""
    return write_atomically(folder / RECORDING, json.dumps(recording.to_har(), ensure_ascii=False) + "\n")
