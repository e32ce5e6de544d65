"""The programs in the guides run as they are printed, against the sandbox; test_plugin.py runs those of testing.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from segmind_ltx_sandbox.testing import running_sandbox

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("guide", ["first-video", "many-jobs", "many-machines"])
def test_guide_programs_run(guide: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs in a guide do what it says, against the sandbox."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEGMIND_LEDGER", raising=False)
    text = (ROOT / f"docs/{guide}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert blocks
    with running_sandbox(speed=1e6) as sandbox:
        monkeypatch.setenv("SEGMIND_BASE_URL", sandbox.base_url)
        monkeypatch.setenv("SEGMIND_API_KEY", sandbox.key)
        for block in blocks:
            exec(compile(block, f"{guide}.md", "exec"), {"__name__": guide})  # noqa: S102 - our own guide
