"""Say how to install an extra: as this copy was installed, since no package index has the project."""

from __future__ import annotations

import json
import shlex
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any
from urllib.parse import unquote, urlsplit

NAME = "segmind-ltx"
_PIP = "python -m pip install"


def install_command(extra: str) -> str:
    """Return the command that installs an extra from where this copy came from, or from a checkout."""
    try:
        text = distribution(NAME).read_text("direct_url.json") or "{}"
        origin: dict[str, Any] = json.loads(text)
    except (PackageNotFoundError, ValueError, OSError):
        origin = {}
    url = origin.get("url")
    if not isinstance(url, str):
        return f"{_PIP} '.[{extra}]' in a checkout of the project"
    version_control: dict[str, Any] | None = origin.get("vcs_info")
    if version_control:
        source = f"{NAME}[{extra}] @ {version_control.get('vcs', 'git')}+{url}"
        return f"{_PIP} {shlex.quote(source)}"
    if urlsplit(url).scheme != "file":
        return f"{_PIP} {shlex.quote(f'{NAME}[{extra}] @ {url}')}"
    folder = unquote(urlsplit(url).path)
    editable = "-e " if "editable" in str(origin.get("dir_info")) else ""
    return f"{_PIP} {editable}{shlex.quote(f'{folder}[{extra}]')}"
