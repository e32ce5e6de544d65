"""Check the name of a file before a download."""

from __future__ import annotations

from pathlib import Path

import pytest

import segmind_ltx as ltx
from segmind_ltx._files import PartialFile


def test_path_is_checked_without_pathlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is too long is refused before anything is written, also if pathlib no longer raises for it."""

    def missing(*_: object, **__: object) -> bool:
        return False

    for name in ("exists", "is_dir", "is_file"):
        monkeypatch.setattr(Path, name, missing)
    with (
        pytest.raises(ltx.DownloadError, match="too long"),
        PartialFile(tmp_path / ("x" * 300), overwrite=False, request_id=None, url=None),
    ):
        raise AssertionError("it was opened")
