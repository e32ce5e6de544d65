"""Find what OLD and NEW name: a file, a folder, or a revision of the git repository at hand."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attrs import field, frozen

from segmind_ltx_spec.changes.document import CLAUSES_FILE, CannotCompareError, Document, parse, read_file, read_folder
from segmind_ltx_spec.changes.markers import Marker, scan, scan_text

GIT: Final = "git:"
HERE: Final = Path(__file__).resolve().parents[3]
"""The checkout, if the package runs from one."""
_PACKAGE: Final = "segmind_ltx/"
_VERSION: Final = re.compile(r"""^__version__(?::\s*\S+)?\s*=\s*["']([^"']+)["']""", re.MULTILINE)
_GIT_TIMEOUT: Final = 60.0


@frozen
class Source:
    """One side: the contract, and the hand-written client of the same revision if it is at hand."""

    document: Document
    revision: str | None = None
    file: str = "openapi.yaml"
    """Path of openapi.yaml for annotations."""
    client: dict[str, str] = field(factory=dict[str, str], repr=False)
    """The hand-written modules by path; empty if they are not at hand."""

    @property
    def package_version(self) -> str | None:
        """The version of the Python package of this side."""
        for name, text in self.client.items():
            found = _VERSION.search(text) if name.endswith(f"{_PACKAGE}__init__.py") else None
            if found:
                return found[1]
        return None


def read_source(name: str, folder: Path | None = None) -> Source:
    """Read what OLD or NEW names, relative to the current folder. Raises `CannotCompareError`."""
    if name.startswith(GIT):
        return _of_revision(name, name.removeprefix(GIT), folder or Path.cwd())
    path = Path(name) if folder is None else folder / name
    if path.is_dir():
        inside = next(
            (
                one
                for one in (path, path / "segmind_ltx_spec", path / "spec/segmind_ltx_spec")
                if (one / "openapi.yaml").is_file()
            ),
            path,
        )
        return Source(read_folder(name, inside), file=(inside / "openapi.yaml").as_posix())
    return Source(read_file(name, path), file=path.as_posix())


def _of_revision(label: str, revision: str, folder: Path) -> Source:
    if not revision or revision.startswith("-"):
        raise CannotCompareError(f"{label}: a revision is missing; use for example git:HEAD~1")
    root = Path(_git(label, folder, "rev-parse", "--show-toplevel").strip())
    commit = _git(label, root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").strip()
    names = _git(label, root, "ls-tree", "-r", "--name-only", "-z", commit).split("\0")
    files = [one for one in names if one == "openapi.yaml" or one.endswith("/openapi.yaml")]
    own = [one for one in files if one.endswith("segmind_ltx_spec/openapi.yaml")] or files
    if len(own) != 1:
        raise CannotCompareError(
            f"{label}: there is {'no' if not own else 'more than one'} openapi.yaml in this revision"
        )
    beside = own[0].removesuffix("openapi.yaml") + CLAUSES_FILE
    clauses = _git(label, root, "show", f"{commit}:{beside}") if beside in names else None
    document = parse(label, _git(label, root, "show", f"{commit}:{own[0]}"), clauses)
    modules = [one for one in names if one.endswith(".py") and f"/{_PACKAGE}" in one and one.startswith("overrides/")]
    return Source(document, commit, own[0], dict(_texts(label, root, commit, modules)))


def _texts(label: str, root: Path, commit: str, names: list[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        yield name, _git(label, root, "show", f"{commit}:{name}")


def _git(label: str, folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_GIT_TIMEOUT)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotCompareError(f"{label}: git cannot be run: {error}") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise CannotCompareError(f"{label}: no such revision, or no git repository here. {said}".rstrip())
    try:
        return done.stdout.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CannotCompareError(f"{label}: a file of this revision is not UTF-8: {error}") from None


def markers_for(new: Source) -> list[Marker]:
    """Read the markers in the hand-written client: of the new revision, of this checkout, or as it is installed."""
    found = [marker for name, text in new.client.items() for marker in scan_text(text, name)]
    if found:
        return found
    folder = hand_written_folder()
    return [] if folder is None else scan(folder, shown_from=folder.parent.parent)


def hand_written_folder() -> Path | None:
    """Return the folder of the hand-written client; None if there is none here."""
    checkout = HERE / "overrides" / "segmind_ltx"
    if checkout.is_dir():
        return checkout
    spec = importlib.util.find_spec("segmind_ltx")
    places = list(spec.submodule_search_locations or []) if spec is not None else []
    return Path(places[0]) if places else None
