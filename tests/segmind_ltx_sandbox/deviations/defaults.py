"""Defaults, seeds and ignored parameters that differ from the documented ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import evolve

from segmind_ltx_sandbox.deviations.base import Deviation, factory
from segmind_ltx_sandbox.service.behaviour import Behaviour
from segmind_ltx_sandbox.video.spec import VideoSpec
from segmind_ltx_spec import Contract, Model
from segmind_ltx_spec.limits import inside, range_words


class ChangesDefault(Behaviour):
    """Uses another default for one parameter of one model."""

    def __init__(self, contract: Contract, slug: str, name: str, default: Any) -> None:
        super().__init__(contract)
        self._slug, self._default = slug, {name: default}

    def video_spec(self, model: Model, payload: Mapping[str, Any]) -> VideoSpec:
        """Return the spec with that default."""
        return super().video_spec(model, self._filled(model, payload))

    def seed(self, model: Model, payload: Mapping[str, Any], request_id: str) -> int:
        """Return the seed with that default."""
        return super().seed(model, self._filled(model, payload), request_id)

    def _filled(self, model: Model, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**self._default, **payload} if model.slug == self._slug else payload


def defaults(model: Model) -> Iterator[Deviation]:
    """Yield deviations with other defaults, if the default shows in the video or in the seed header of v1."""
    shows = {value for rule in model.video.values() for value in rule.values() if isinstance(value, str)} | {"seed"}
    for name, default in model.defaults.items():
        if name in shows and default is not None:
            step = 1 if name == model.video["fps"].get("parameter") else 32
            for other in _other_values(model.parameters[name], default, step):
                yield Deviation(
                    f"default/{model.slug}/{name}={other}",
                    (f"{model.slug}.{name}.default",),
                    f"{model.slug}: {name} is {other} if it is left out.",
                    factory(ChangesDefault, model.slug, name, other),
                    through=_through(model, name),
                )


def _through(model: Model, name: str) -> tuple[str, ...]:
    """Return the weaker clause through which a default shows, if the packs of a suite have no video to compare with."""
    if name == "seed":
        return ("video-made.x-seed-value",)
    rule = model.video["size"]
    return (f"{model.slug}.video.size",) if name in {rule.get("side"), rule.get("ratio")} else ()


def _other_values(schema: Mapping[str, Any], default: Any, step: int) -> Iterator[Any]:
    if isinstance(default, bool):
        yield not default
    elif "enum" in schema:
        at = schema["enum"].index(default)
        yield from schema["enum"][max(0, at - 1) : at] + schema["enum"][at + 1 : at + 2]
    elif range_words(schema):
        # A smaller step may be the model family's own.
        near = (default - step, default + step)
        yield from (value for value in near if inside(schema, value))
    else:
        yield from (0, default + 1)


class UsesFixedSeed(Behaviour):
    """Uses a fixed seed if the request has none."""

    def __init__(self, contract: Contract, seed: int) -> None:
        super().__init__(contract)
        self._seed = seed

    def seed(self, model: Model, payload: Mapping[str, Any], request_id: str) -> int:
        """Return the fixed seed if the request has none."""
        given = payload.get("seed", model.defaults.get("seed"))
        return self._seed if given is None else super().seed(model, payload, request_id)


class IgnoresSeed(Behaviour):
    """Renders a different video each time, whatever the seed: a number is added to the drawn prompt."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self._count = 0

    def video_spec(self, model: Model, payload: Mapping[str, Any]) -> VideoSpec:
        """Return the spec with a number in its prompt if the request has a seed."""
        self._count += 1
        video_spec = super().video_spec(model, payload)
        return evolve(video_spec, prompt=f"{video_spec.prompt} {self._count}") if "seed" in payload else video_spec


def seeds_and_images(contract: Contract) -> Iterator[Deviation]:
    """Yield deviations that use a wrong seed, or a parameter that an image should override."""
    for model in contract.models.values():
        if "unless" in model.video["size"]:
            rule = model.video["size"]
            yield Deviation(
                f"video/{model.slug}/{rule['ratio']}-kept",
                (f"{model.slug}.{rule['ratio']}.ignored-with-image",),
                f"{model.slug}: {rule['ratio']} counts even if there is an image.",
                factory(IgnoresImage, model.slug, rule["unless"]),
            )
        if "seed" in model.parameters and "seed" not in model.defaults:
            for seed in (2357108, 0):
                yield Deviation(
                    f"video/{model.slug}/seed-{seed}",
                    (f"{model.slug}.seed.random",),
                    f"{model.slug}: the seed is {seed} if none was given.",
                    factory(UsesFixedSeed, seed),
                    through=("video-made.x-seed-value",),
                )
    yield Deviation("video/seed-ignored", ("video.seed-repeats",), "The same seed makes another video.", IgnoresSeed)


class IgnoresImage(Behaviour):
    """Renders a video as if the request had no image."""

    def __init__(self, contract: Contract, slug: str, image: str) -> None:
        super().__init__(contract)
        self._slug, self._image = slug, image

    def video_spec(self, model: Model, payload: Mapping[str, Any]) -> VideoSpec:
        """Return the spec for the payload without its image."""
        if model.slug != self._slug:
            return super().video_spec(model, payload)
        return super().video_spec(model, {name: value for name, value in payload.items() if name != self._image})
