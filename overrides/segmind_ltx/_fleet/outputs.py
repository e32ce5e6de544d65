"""Save videos in a folder, or wherever fsspec writes: whole or not at all."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final, cast

import anyio.to_thread
from fsspec.core import url_to_fs  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType] - no stubs

from segmind_ltx._core.download import download
from segmind_ltx._core.results import VideoFacts
from segmind_ltx._files import PartialFile
from segmind_ltx._fleet.calls import FleetDriver
from segmind_ltx.errors import ConfigurationError, DownloadError

WHOLE: Final = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "adl", "memory"})
"""Stores in which an object appears only when it is complete."""


def is_remote(target: str) -> bool:
    """Whether a target is an address of fsspec, such as s3://bucket/folder, not a folder of this machine."""
    return "://" in target and not target.startswith(("file://", "local://"))


def local_folder(target: str) -> Path:
    """Return the folder of a target that is not remote."""
    return Path(target.removeprefix("file://").removeprefix("local://"))


def open_target(target: str) -> tuple[Any, str]:
    """Return the file system of a remote target and the path in it. Raises `ConfigurationError`."""
    try:
        found: tuple[Any, str] = cast("tuple[Any, str]", url_to_fs(target))
    except (ImportError, ValueError) as error:
        raise ConfigurationError(
            f"--out {target}: {error}. Install the package that opens it (s3fs, gcsfs or adlfs) on every machine"
        ) from None
    return found


def existing_names(target: str) -> set[str]:
    """Return the names of the files that are in a target."""
    if not is_remote(target):
        folder = local_folder(target)
        return {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    system, path = open_target(target)
    try:
        return {str(name).rstrip("/").rpartition("/")[2] for name in system.ls(path, detail=False)}
    except FileNotFoundError:
        return set()
    except Exception as error:  # Each store has exceptions of its own.
        raise ConfigurationError(f"--out {target} cannot be listed: {type(error).__name__}: {error}") from None


class Outputs:
    """Saves the videos of a worker."""

    async def save(self, driver: FleetDriver, facts: VideoFacts, target: str, name: str) -> str:
        """Save a video under its name in ``target``, and return where it is. Raises `DownloadError`.

        A file of that name is replaced: it is the same row's, from a worker that ended before it could say so.
        """
        if not is_remote(target):
            folder = local_folder(target)
            await anyio.to_thread.run_sync(lambda: folder.mkdir(parents=True, exist_ok=True))
            path = await self._download(driver, facts, folder / name)
            return str(path)
        with tempfile.TemporaryDirectory(prefix="segmind-ltx-") as folder_name:
            path = await self._download(driver, facts, Path(folder_name) / "video")
            address = f"{target.rstrip('/')}/{name}"
            await anyio.to_thread.run_sync(_upload, path, address, facts)
        return address

    async def _download(self, driver: FleetDriver, facts: VideoFacts, path: Path) -> Path:
        with PartialFile(path, overwrite=True, request_id=facts.request_id, url=facts.url) as file:
            sink = file.sink(None)
            if facts.url is None:
                raise file.error("the result has no address of a video")
            await driver.run(download(driver.context, facts.url, file, sink, facts.file_size))
            return await anyio.to_thread.run_sync(file.commit)


def _upload(path: Path, address: str, facts: VideoFacts) -> None:
    system, remote = open_target(address)
    try:
        protocol = system.protocol if isinstance(system.protocol, str) else system.protocol[0]
        if protocol in WHOLE:
            system.put_file(str(path), remote)
            return
        partial = f"{remote}.part"
        system.makedirs(remote.rpartition("/")[0], exist_ok=True)
        system.put_file(str(path), partial)
        system.mv(partial, remote)
    except Exception as error:  # Each store has exceptions of its own.
        raise DownloadError(
            f"{address} cannot be written: {type(error).__name__}: {error}",
            request_id=facts.request_id,
            url=facts.url,
        ) from None
