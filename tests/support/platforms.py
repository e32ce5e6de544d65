"""Decide which tests cannot run on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Container

ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def skip_reason(marks: Container[str], platform: str = sys.platform, root: bool = ROOT) -> str | None:
    """Return why a test with these marks is skipped, or None if it can run."""
    if "linux_only" in marks and platform != "linux":
        return f"needs Linux, this is {platform}"
    if "needs_root" in marks and not root:
        return "needs root"
    return None
