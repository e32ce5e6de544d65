"""The video: sizes, frames, speed and sound that are not those asked for; defaults that are not those documented."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import evolve

from segmind_ltx_sandbox.deviations.base import BehaviourFactory, Deviation, factory
from segmind_ltx_sandbox.service.behaviour import Behaviour
from segmind_ltx_sandbox.video.spec import VideoSpec
from segmind_ltx_spec import Contract, Model

Cook = Callable[[VideoSpec, Mapping[str, Any]], VideoSpec]


class Cooking(Behaviour):
    """Makes other videos with one model: ``cook`` gets the recipe and the payload."""

    def __init__(self, contract: Contract, slug: str, cook: Cook) -> None:
        super().__init__(contract)
        self._slug, self._cook = slug, cook

    def video_spec(self, model: Model, payload: Mapping[str, Any]) -> VideoSpec:
        """The other recipe."""
        video_spec = super().video_spec(model, payload)
        return self._cook(video_spec, payload) if model.slug == self._slug else video_spec


class Defaulting(Behaviour):
    """Has another default for one parameter of one model."""

    def __init__(self, contract: Contract, slug: str, name: str, default: Any) -> None:
        super().__init__(contract)
        self._slug, self._default = slug, {name: default}

    def video_spec(self, model: Model, payload: Mapping[str, Any]) -> VideoSpec:
        """With that default."""
        return super().video_spec(model, self._filled(model, payload))

    def seed(self, model: Model, payload: Mapping[str, Any], request_id: str) -> int:
        """With that default."""
        return super().seed(model, self._filled(model, payload), request_id)

    def _filled(self, model: Model, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**self._default, **payload} if model.slug == self._slug else payload


def cooking(slug: str, cook: Cook) -> BehaviourFactory:
    """A service that makes other videos."""
    return factory(Cooking, slug, cook)


def videos(contract: Contract) -> Iterator[Deviation]:
    """Those of every model."""
    for model in contract.models.values():
        yield from _sizes(model)
        yield from _lengths(model)
        yield from _sounds(model)
        yield from _defaults(model)
    yield from _particular(contract)


def _made(model: Model, part: str, label: str, says: str, cook: Cook) -> Deviation:
    return Deviation(
        f"video/{model.slug}/{part}-{label}",
        (f"{model.slug}.video.{part}",),
        f"{model.slug}: {says}.",
        cooking(model.slug, cook),
    )


def _sizes(model: Model) -> Iterator[Deviation]:
    def stepped(step: int) -> Cook:
        return lambda r, _: evolve(
            r, width=max(step, r.width // step * step), height=max(step, r.height // step * step)
        )

    def most(pixels: int) -> Cook:
        def cook(video_spec: VideoSpec, _: Mapping[str, Any]) -> VideoSpec:
            larger = max(video_spec.width, video_spec.height)
            share = min(1.0, pixels / larger)
            return evolve(
                video_spec,
                width=round(video_spec.width * share / 2) * 2,
                height=round(video_spec.height * share / 2) * 2,
            )

        return cook

    yield _made(
        model, "size", "swapped", "width and height are swapped", lambda r, _: evolve(r, width=r.height, height=r.width)
    )
    if model.video["size"]["rule"] == "sides":
        for pixels in (32, 8):
            yield _made(model, "size", f"off-by-{pixels}", f"videos are {pixels} pixels too high", _taller(pixels))
        yield _made(model, "size", "of-640", "no side is longer than 640 pixels", most(640))
    else:
        yield _made(model, "size", "halved", "both sides are halved", most_halved)
        yield _made(model, "size", "of-64", "sides are rounded down to multiples of 64", stepped(64))
    if model.video["size"]["rule"] == "table":
        yield _made(model, "size", "never-4k", "4k is made as 2k", most(2560))


def most_halved(video_spec: VideoSpec, _: Mapping[str, Any]) -> VideoSpec:
    """Half as wide and half as high."""
    return evolve(video_spec, width=video_spec.width // 4 * 2, height=video_spec.height // 4 * 2)


def _taller(pixels: int) -> Cook:
    return lambda video_spec, _: evolve(video_spec, height=video_spec.height + pixels)


def _lengths(model: Model) -> Iterator[Deviation]:
    if model.video["frames"]["rule"] == "seconds":
        yield _made(
            model,
            "frames",
            "a-second-short",
            "videos are a second too short",
            lambda r, _: evolve(r, frames=r.frames - r.fps),
        )
        yield _made(
            model,
            "frames",
            "a-second-long",
            "videos are a second too long",
            lambda r, _: evolve(r, frames=r.frames + r.fps),
        )
        yield _made(model, "frames", "at-most-8-s", "10 seconds are made as 8", lambda r, _: _no_longer(r, 8))
        yield _made(model, "fps", "30", "videos have 30 frames a second", _faster(30))
        yield _made(model, "fps", "50", "videos have 50 frames a second", _faster(50))
        return
    for step in (-1, 1, 8):
        yield _made(model, "frames", f"off-by-{step}", f"there are {step:+d} frames", _longer(step))
    yield _made(
        model, "frames", "half", "there are half as many frames", lambda r, _: evolve(r, frames=(r.frames + 1) // 2)
    )
    # The frames stay as many: that the video is faster or slower than it should be is all.
    yield _made(model, "fps", "doubled", "videos run at double speed", lambda r, _: evolve(r, fps=2 * r.fps))
    yield _made(model, "fps", "always-25", "videos have 25 frames a second", lambda r, _: evolve(r, fps=25))
    yield _made(
        model, "fps", "at-most-15", "videos have 15 frames a second at most", lambda r, _: evolve(r, fps=min(15, r.fps))
    )


def _longer(frames: int) -> Cook:
    return lambda video_spec, _: evolve(
        video_spec, frames=max(2, video_spec.frames + frames) if frames < 0 else video_spec.frames + frames
    )


def _no_longer(video_spec: VideoSpec, seconds: int) -> VideoSpec:
    return evolve(video_spec, frames=min(video_spec.frames, seconds * video_spec.fps))


def _faster(fps: int) -> Cook:
    return lambda video_spec, _: evolve(video_spec, fps=fps, frames=video_spec.frames * fps // video_spec.fps)


def _sounds(model: Model) -> Iterator[Deviation]:
    rule = model.video["sound"]
    yield _made(
        model,
        "sound",
        "inverted",
        "there is sound where there should be none, and none where there should be",
        _loud(None),
    )
    if "parameter" in rule:
        yield _made(model, "sound", "always", f"{rule['parameter']} is ignored: always sound", _loud(True))
        yield _made(model, "sound", "never", f"{rule['parameter']} is ignored: never sound", _loud(False))


def _loud(sound: bool | None) -> Cook:
    return lambda video_spec, _: evolve(video_spec, sound=not video_spec.sound if sound is None else sound)


def _defaults(model: Model) -> Iterator[Deviation]:
    """Another allowed value for each parameter whose default shows: in the video, or as the seed that v1 tells."""
    shows = {value for rule in model.video.values() for value in rule.values() if isinstance(value, str)} | {"seed"}
    for name, default in model.defaults.items():
        if name in shows and default is not None:
            for other in _other_values(model.parameters[name], default):
                yield Deviation(
                    f"default/{model.slug}/{name}={other}",
                    (f"{model.slug}.{name}.default",),
                    f"{model.slug}: {name} is {other} where it is left out.",
                    factory(Defaulting, model.slug, name, other),
                )


def _other_values(schema: Mapping[str, Any], default: Any) -> Iterator[Any]:
    if isinstance(default, bool):
        yield not default
    elif "enum" in schema:
        at = schema["enum"].index(default)
        yield from schema["enum"][max(0, at - 1) : at] + schema["enum"][at + 1 : at + 2]
    elif "minimum" in schema:
        yield from (value for value in (default - 1, default + 32) if schema["minimum"] <= value <= schema["maximum"])
    else:
        yield from (0, default + 1)


class Seeding(Behaviour):
    """Uses the same seed wherever none was given."""

    def __init__(self, contract: Contract, seed: int) -> None:
        super().__init__(contract)
        self._seed = seed

    def seed(self, model: Model, payload: Mapping[str, Any], request_id: str) -> int:
        """That one."""
        given = payload.get("seed", model.defaults.get("seed"))
        return self._seed if given is None else super().seed(model, payload, request_id)


class ChangesSeedEachTime(Behaviour):
    """Makes a different video each time, whatever the seed: here, with one pixel's worth of text more."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self._count = 0

    def video_spec(self, model: Model, payload: Mapping[str, Any]) -> VideoSpec:
        """With a number of its own."""
        self._count += 1
        video_spec = super().video_spec(model, payload)
        return evolve(video_spec, prompt=f"{video_spec.prompt} {self._count}") if "seed" in payload else video_spec


def _particular(contract: Contract) -> Iterator[Deviation]:
    for model in contract.models.values():
        if "unless" in model.video["size"]:
            rule = model.video["size"]
            yield Deviation(
                f"video/{model.slug}/{rule['ratio']}-kept",
                (f"{model.slug}.{rule['ratio']}.ignored-with-image",),
                f"{model.slug}: {rule['ratio']} counts even where there is an image.",
                factory(IgnoresImage, model.slug, rule["unless"]),
            )
        if "seed" in model.parameters and "seed" not in model.defaults:
            for seed in (2357108, 0):
                yield Deviation(
                    f"video/{model.slug}/seed-{seed}",
                    (f"{model.slug}.seed.random",),
                    f"{model.slug}: the seed is {seed} wherever none was given.",
                    factory(Seeding, seed),
                )
    yield Deviation(
        "video/seed-ignored", ("video.seed-repeats",), "The same seed makes another video.", ChangesSeedEachTime
    )


class IgnoresImage(Behaviour):
    """Makes a video as if there were no image."""

    def __init__(self, contract: Contract, slug: str, image: str) -> None:
        super().__init__(contract)
        self._slug, self._image = slug, image

    def video_spec(self, model: Model, payload: Mapping[str, Any]) -> VideoSpec:
        """Without a look at the image."""
        if model.slug != self._slug:
            return super().video_spec(model, payload)
        return super().video_spec(model, {name: value for name, value in payload.items() if name != self._image})
