"""Make the pictures of the README, against the sandbox. Run by ``nox -s pictures``.

``docs/pictures/videos.png`` shows frames of the demo's five videos, ``docs/pictures/report.png`` the report of a run of
the conformance suite, photographed with headless Chromium. Return 1 if a step fails.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import av
from PIL import Image, ImageDraw, ImageFont

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "docs" / "pictures"
PROFILE: Final = ROOT / "docs" / "targets" / "sandbox.toml"
MAX_BYTES: Final = 300_000

MOMENTS: Final = (2.1, 2.4, 2.7)
"""Seconds; close together, because the disc in the videos comes back every second."""
HEIGHT: Final = 140
GAP: Final = 6
LABEL: Final = 16

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
WINDOW: Final = (1000, 1230)
FLAGS: Final = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--hide-scrollbars"),
)


class PictureError(Exception):
    """A picture cannot be made; the message says why."""


def main() -> int:
    """Make both pictures."""
    FOLDER.mkdir(exist_ok=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            _save(_strip(Path(folder)), FOLDER / "videos.png")
            _save(_report(Path(folder)), FOLDER / "report.png")
    except PictureError as error:
        print(f"The pictures were not made: {error}", file=sys.stderr)
        return 1
    return 0


def _strip(folder: Path) -> Image.Image:
    """Run the demo, and put frames of its videos into one picture: a column for each video."""
    _run([sys.executable, "-m", "segmind_ltx", "demo", "--out", str(folder / "videos")])
    columns = [_column(path) for path in sorted((folder / "videos").glob("*.mp4"))]
    if len(columns) != 5:
        raise PictureError(f"the demo wrote {len(columns)} videos, not 5")
    width = sum(column.width for column in columns) + GAP * (len(columns) - 1)
    strip = Image.new("RGB", (width, columns[0].height), "white")
    left = 0
    for column in columns:
        strip.paste(column, (left, 0))
        left += column.width + GAP
    return strip


def _column(path: Path) -> Image.Image:
    """Draw the name of a video, and frames below it."""
    frames = list(_frames(path))
    column = Image.new("RGB", (frames[0].width, LABEL + len(frames) * (HEIGHT + GAP) - GAP), "white")
    font = ImageFont.load_default(11)
    ImageDraw.Draw(column).text((0, 0), path.stem, fill="#1f2328", font=font)
    for number, frame in enumerate(frames):
        column.paste(frame, (0, LABEL + number * (HEIGHT + GAP)))
    return column


def _frames(path: Path) -> Iterator[Image.Image]:
    """Yield the first frame after each of the moments, made small."""
    moments = list(MOMENTS)
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if moments and frame.time >= moments[0]:
                del moments[0]
                # Partly untyped: PyAV's frames, and Pillow's sizes if numpy is not installed.
                image: Any = frame
                image = image.to_image()
                small: Image.Image = image.resize(
                    (round(image.width * HEIGHT / image.height), HEIGHT), Image.Resampling.LANCZOS
                )
                yield small


def _report(folder: Path) -> Image.Image:
    """Run the suite against a sandbox, and photograph the top of its report."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise PictureError(f"none of {', '.join(BROWSERS)} is installed")
    with _sandbox() as url:
        profile = folder / "target.toml"
        text = PROFILE.read_text(encoding="utf-8")
        profile.write_text(text.replace("http://127.0.0.1:8900", url), encoding="utf-8")
        suite = [sys.executable, "-m", "segmind_ltx", "conformance", "--target", str(profile)]
        _run([*suite, "--report", str(folder / "out")])
    size, shot = f"--window-size={WINDOW[0]},{WINDOW[1]}", folder / "shot.png"
    options = [size, f"--user-data-dir={folder / 'browser'}", f"--screenshot={shot}"]
    _run([browser, *FLAGS, *options, (folder / "out" / "report.html").as_uri()])
    with Image.open(shot) as image:
        return image.convert("RGB")


@contextmanager
def _sandbox() -> Generator[str]:
    """Run the sandbox on a free port, and yield its address."""
    command = [sys.executable, "-m", "segmind_ltx_sandbox", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield (process.stdout.readline() if process.stdout else "").split()[-1]
        finally:
            process.terminate()


def _save(picture: Image.Image, path: Path) -> None:
    """Save a picture with few colours, so that it stays small."""
    partial = path.with_suffix(".part")
    picture.quantize(128, method=Image.Quantize.MEDIANCUT).save(partial, format="PNG", optimize=True)
    size = partial.stat().st_size
    if size > MAX_BYTES:
        partial.unlink()
        raise PictureError(f"{path.name} has {size:,} bytes; at most {MAX_BYTES:,} are allowed")
    partial.replace(path)
    print(f"{path.relative_to(ROOT)}: {picture.width}x{picture.height}, {size:,} bytes")


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise PictureError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    sys.exit(main())
