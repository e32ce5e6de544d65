"""Check which marks skip a test, and that the marks are registered."""

from __future__ import annotations

import pytest

from support.platforms import skip_reason


@pytest.mark.parametrize(
    ("marks", "platform", "root", "reason"),
    [
        (set[str](), "win32", False, None),
        ({"linux_only"}, "linux", False, None),
        ({"linux_only"}, "darwin", True, "needs Linux, this is darwin"),
        ({"linux_only", "needs_root"}, "linux", False, "needs root"),
        ({"linux_only", "needs_root"}, "linux", True, None),
    ],
    ids=["plain", "Linux", "macOS", "user", "root"],  # A set's text would differ between processes.
)
def test_skip_reason(marks: set[str], platform: str, root: bool, reason: str | None) -> None:
    """A test is skipped, with the reason, if and only if its platform or its user lacks something."""
    assert skip_reason(marks, platform, root) == reason


def test_marks_registered(pytestconfig: pytest.Config) -> None:
    """Both marks are registered, so that --strict-markers accepts them."""
    registered = {line.partition(":")[0] for line in pytestconfig.getini("markers")}
    assert {"linux_only", "needs_root"} <= registered
