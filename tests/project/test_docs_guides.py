"""The programs in the guides run as they are printed, against the sandbox."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from segmind_ltx_sandbox.testing import running_sandbox

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("guide", ["first-video", "many-jobs", "testing", "fleet"])
def test_guide_programs_run(guide: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs in a guide do what it says, against the sandbox; the tests in one are tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEGMIND_LEDGER", raising=False)
    text = (ROOT / f"docs/{guide}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert blocks
    with running_sandbox(speed=1e6) as sandbox:
        monkeypatch.setenv("SEGMIND_BASE_URL", sandbox.base_url)
        monkeypatch.setenv("SEGMIND_API_KEY", sandbox.key)
        for block in blocks:
            names: dict[str, Any] = {"__name__": guide}
            exec(compile(block, f"{guide}.md", "exec"), names)  # noqa: S102 - our own guide
            arguments = {"sandbox": sandbox, "tmp_path": tmp_path}
            for name, test in names.items():
                if name.startswith("test_"):
                    test(**{key: arguments[key] for key in arguments if key in test.__annotations__})
