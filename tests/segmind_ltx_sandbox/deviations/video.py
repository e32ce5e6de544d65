"""Videos: sizes, frames, speed and sound that differ from the request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import evolve

from segmind_ltx_sandbox.deviations.base import BehaviourFactory, Deviation, factory
from segmind_ltx_sandbox.deviations.defaults import defaults, seeds_and_images
from segmind_ltx_sandbox.service.behaviour import Behaviour
from segmind_ltx_sandbox.video.spec import VideoSpec
from segmind_ltx_spec import Contract, Model

SpecChange = Callable[[VideoSpec, Mapping[str, Any]], VideoSpec]


class ChangesVideo(Behaviour):
    """Changes the videos of one model. ``change`` gets the spec of the video and the payload."""

    def __init__(self, contract: Contract, slug: str, change: SpecChange) -> None:
        super().__init__(contract)
        self._slug, self._change_spec = slug, change

    def video_spec(self, model: Model, payload: Mapping[str, Any]) -> VideoSpec:
        """Return the changed spec."""
        video_spec = super().video_spec(model, payload)
        return self._change_spec(video_spec, payload) if model.slug == self._slug else video_spec


def changing_video(slug: str, change: SpecChange) -> BehaviourFactory:
    """Return a factory of services that change the videos of one model."""
    return factory(ChangesVideo, slug, change)


def videos(contract: Contract) -> Iterator[Deviation]:
    """Yield the deviations about the videos of every model."""
    for model in contract.models.values():
        yield from _sizes(model)
        yield from _lengths(model)
        yield from _sounds(model)
        yield from defaults(model)
    yield from seeds_and_images(contract)


def _made(model: Model, part: str, label: str, says: str, change: SpecChange, clause: str | None = None) -> Deviation:
    return Deviation(
        f"video/{model.slug}/{part}-{label}",
        (clause or f"{model.slug}.video.{part}",),
        f"{model.slug}: {says}.",
        changing_video(model.slug, change),
    )


def _sizes(model: Model) -> Iterator[Deviation]:
    def stepped(step: int) -> SpecChange:
        return lambda spec, _: evolve(
            spec, width=max(step, spec.width // step * step), height=max(step, spec.height // step * step)
        )

    def at_most(pixels: int) -> SpecChange:
        def change(video_spec: VideoSpec, _: Mapping[str, Any]) -> VideoSpec:
            larger = max(video_spec.width, video_spec.height)
            share = min(1.0, pixels / larger)
            return evolve(
                video_spec,
                width=round(video_spec.width * share / 2) * 2,
                height=round(video_spec.height * share / 2) * 2,
            )

        return change

    yield _made(
        model,
        "size",
        "swapped",
        "width and height are swapped",
        lambda spec, _: evolve(spec, width=spec.height, height=spec.width),
    )
    if model.video["size"]["rule"] == "sides":
        # A difference below the step of the model family breaks no page.
        yield _made(model, "size", "off-by-32", "videos are 32 pixels too high", _taller(32))
        yield _made(model, "size", "off-by-8", "videos are 8 pixels too high", _taller(8), "video.exact")
        yield _made(model, "size", "of-640", "no side is longer than 640 pixels", at_most(640))
    else:
        yield _made(model, "size", "halved", "both sides are halved", _halved)
        yield _made(model, "size", "of-64", "sides are rounded down to multiples of 64", stepped(64))
    if model.video["size"]["rule"] == "table":
        yield _made(model, "size", "never-4k", "4k is made as 2k", at_most(2560))


def _halved(video_spec: VideoSpec, _: Mapping[str, Any]) -> VideoSpec:
    """Halve both sides."""
    return evolve(video_spec, width=video_spec.width // 4 * 2, height=video_spec.height // 4 * 2)


def _taller(pixels: int) -> SpecChange:
    return lambda video_spec, _: evolve(video_spec, height=video_spec.height + pixels)


def _lengths(model: Model) -> Iterator[Deviation]:
    if model.video["frames"]["rule"] == "seconds":
        yield _made(
            model,
            "frames",
            "a-second-short",
            "videos are a second too short",
            lambda spec, _: evolve(spec, frames=spec.frames - spec.fps),
        )
        yield _made(
            model,
            "frames",
            "a-second-long",
            "videos are a second too long",
            lambda spec, _: evolve(spec, frames=spec.frames + spec.fps),
        )
        yield _made(model, "frames", "at-most-8-s", "10 seconds are made as 8", lambda spec, _: _no_longer(spec, 8))
        yield _made(model, "fps", "30", "videos have 30 frames a second", _faster(30))
        yield _made(model, "fps", "50", "videos have 50 frames a second", _faster(50))
        return
    for step in (-1, 1):
        yield _made(model, "frames", f"off-by-{step}", f"there are {step:+d} frames", _longer(step), "video.exact")
    yield _made(model, "frames", "off-by-8", "there are +8 frames", _longer(8))
    yield _made(
        model,
        "frames",
        "half",
        "there are half as many frames",
        lambda spec, _: evolve(spec, frames=(spec.frames + 1) // 2),
    )
    # The number of frames stays, so that only the speed is wrong.
    yield _made(model, "fps", "doubled", "videos run at double speed", lambda spec, _: evolve(spec, fps=2 * spec.fps))
    yield _made(model, "fps", "always-25", "videos have 25 frames a second", lambda spec, _: evolve(spec, fps=25))
    yield _made(
        model,
        "fps",
        "at-most-15",
        "videos have 15 frames a second at most",
        lambda spec, _: evolve(spec, fps=min(15, spec.fps)),
    )


def _longer(frames: int) -> SpecChange:
    return lambda video_spec, _: evolve(
        video_spec, frames=max(2, video_spec.frames + frames) if frames < 0 else video_spec.frames + frames
    )


def _no_longer(video_spec: VideoSpec, seconds: int) -> VideoSpec:
    return evolve(video_spec, frames=min(video_spec.frames, seconds * video_spec.fps))


def _faster(fps: int) -> SpecChange:
    return lambda video_spec, _: evolve(video_spec, fps=fps, frames=video_spec.frames * fps // video_spec.fps)


def _sounds(model: Model) -> Iterator[Deviation]:
    rule = model.video["sound"]
    yield _made(
        model,
        "sound",
        "inverted",
        "the sound is inverted: silent videos have sound, and the others have none",
        _loud(None),
    )
    if "parameter" in rule:
        yield _made(model, "sound", "always", f"{rule['parameter']} is ignored: always sound", _loud(True))
        yield _made(model, "sound", "never", f"{rule['parameter']} is ignored: never sound", _loud(False))


def _loud(sound: bool | None) -> SpecChange:
    return lambda video_spec, _: evolve(video_spec, sound=not video_spec.sound if sound is None else sound)
