"""Check that a generated video is the requested one: compare its measurements with the request.

Tolerances: width, height, number of frames and frame rate have to match exactly, since the documents give plain numbers
(the rate to a thousandth, since containers round time). A length in seconds may differ by a quarter of a second: the
upstream model makes frames in groups of eight, and the documents give whole seconds. Sound is present or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from attrs import frozen

from segmind_ltx_conformance.checks import Finding
from segmind_ltx_conformance.judge.jobs import jobs_of, json_object
from segmind_ltx_conformance.judge.request_bodies import Kind
from segmind_ltx_conformance.judge.trace import Request, Trace
from segmind_ltx_spec import ExpectedVideo, Model, expected_video

LENGTH_TOLERANCE: Final = 0.25
RATE_TOLERANCE: Final = 0.001
SEED_HEADER: Final = "x-seed-value"


@frozen
class GeneratedVideo:
    """A measured video, its request, and the indices of both in the recording."""

    model: Model
    body: Mapping[str, Any]
    media: Mapping[str, Any]
    indices: tuple[int, ...]
    label: str


Comparison = tuple[GeneratedVideo, list[str], bool, str]
"""A video, the parameters that its request left out, whether the rule holds, and what was compared."""


def videos(trace: Trace) -> Iterator[Finding]:
    """Check each property of each measured video."""
    generated = list(_generated_videos(trace))
    for model in trace.contract.models.values():
        of_model = [video for video in generated if video.model is model]
        for part in model.video:
            yield from _part(model, part, of_model)
        yield from _ratio_ignored(model, of_model)
    yield from _seeds(trace)
    yield from _repeats(generated)


def downloads_by_url(trace: Trace) -> dict[str, list[Request]]:
    """Return the requests without a key, by URL."""
    found: dict[str, list[Request]] = {}
    for request in trace.requests:
        if request.exchange.method == "GET" and request.exchange.key is None and request.kind in {"output", "other"}:
            found.setdefault(request.exchange.url, []).append(request)
    return found


def _generated_videos(trace: Trace) -> Iterator[GeneratedVideo]:
    fetched = downloads_by_url(trace)
    for job in jobs_of(trace):
        result = job.completed
        if result is None or result.output is None or job.submit is None or job.model is None:
            continue
        for request in fetched.get(result.output, []):
            if _is_video(request.exchange.media) and _judgeable(job.submit):
                indices = (*job.submit.indices, *request.indices)
                yield GeneratedVideo(
                    job.model, _body(job.submit), request.exchange.media or {}, indices, f"the video of {job.id[:40]}"
                )
    for request in trace.of("v1"):
        if request.status != 200 or not _judgeable(request) or request.last.model is None:
            continue
        media, indices = request.exchange.media, request.indices
        if not _is_video(media):
            found = [
                download
                for url in _addresses(request)
                for download in fetched.get(url, [])
                if _is_video(download.exchange.media)
            ]
            if not found:
                continue
            media, indices = found[0].exchange.media, (*indices, *found[0].indices)
        yield GeneratedVideo(
            request.last.model, _body(request), media or {}, indices, f"the video of {request.last.summary}"
        )


def _judgeable(request: Request) -> bool:
    return request.body is not None and request.body.kind in {Kind.VALID, Kind.OPEN}


def _body(request: Request) -> Mapping[str, Any]:
    return {} if request.body is None else request.body.value


def _addresses(request: Request) -> list[str]:
    value = json_object(request)
    file = value.get("video")
    url = cast("dict[str, object]", file).get("url") if isinstance(file, dict) else None
    return [url for url in (value.get("output"), url) if isinstance(url, str)]


def _is_video(media: Mapping[str, Any] | None) -> bool:
    return media is not None and media.get("kind") == "video"


def _part(model: Model, part: str, generated: list[GeneratedVideo]) -> Iterator[Finding]:
    """Check one property.

    If the request gives the parameters that decide it, the property's own clause is judged, otherwise the default's.
    """
    rule = model.video[part]
    names = [str(value) for key, value in rule.items() if key in {"parameter", "width", "height", "side", "ratio"}]
    names = [name for name in names if name in model.parameters]
    compared: list[Comparison] = []
    for video in generated:
        if "unless" in rule and video.body.get(rule["unless"]) is not None:
            continue
        holds, detail = _compared(part, rule, expected_video(model, video.body), video)
        compared.append((video, [name for name in names if name not in video.body], holds, detail))
    for video, left_out, holds, detail in compared:
        if not left_out or not names:
            yield Finding(f"{model.slug}.video.{part}", model.slug, holds, detail, video.indices)
    # For a size such as "4k" only the word is documented: compare a default with a video whose request names it.
    rule_holds = all(holds for _, left_out, holds, _ in compared if not left_out) or not names
    for video, left_out, holds, detail in compared:
        for name in left_out:
            if len(left_out) == 1 or holds or _alone(compared, name) is None:
                right = holds or (not rule_holds and _as_named(part, video, name, compared, model))
                yield Finding(
                    f"{model.slug}.{name}.default", model.slug, right, f"{name} left out: {detail}", video.indices
                )
        if left_out and holds and all(omitted for _, omitted, _, _ in compared):
            yield Finding(f"{model.slug}.video.{part}", model.slug, True, detail, video.indices)


def _alone(compared: list[Comparison], name: str) -> GeneratedVideo | None:
    """Return a video for which only this parameter was left out, so that no other can be the cause."""
    return next((video for video, left_out, _, _ in compared if left_out == [name]), None)


def _as_named(part: str, video: GeneratedVideo, name: str, compared: list[Comparison], model: Model) -> bool:
    """Return whether the video equals one whose request names the default; used if the rule itself fails."""
    default = model.defaults[name]
    named = [other for other, left_out, _, _ in compared if not left_out and other.body.get(name) == default]
    keys = {"size": ("width", "height"), "frames": ("frames", "fps"), "fps": ("fps",), "sound": ("sound",)}[part]
    return any(all(video.media.get(key) == other.media.get(key) for key in keys) for other in named)


def _compared(part: str, rule: Mapping[str, Any], expected: ExpectedVideo, video: GeneratedVideo) -> tuple[bool, str]:
    media = video.media
    match part:
        case "size":
            measured, requested = f"{media.get('width')}x{media.get('height')}", f"{expected.width}x{expected.height}"
            return measured == requested, f"{video.label} is {measured}, but {requested} was requested"
        case "frames" if rule["rule"] == "seconds":
            length = float(media.get("frames") or 0) / float(media.get("fps") or 1)
            detail = f"{video.label} lasts {length:.2f} s, but {expected.duration:g} s was requested"
            return abs(length - expected.duration) <= LENGTH_TOLERANCE, detail
        case "frames":
            detail = f"{video.label} has {media.get('frames')} frames, but {expected.frames} were requested"
            return media.get("frames") == expected.frames, detail
        case "fps":
            rate = float(media.get("fps") or 0)
            detail = f"{video.label} has {rate:g} frames per second, but {expected.fps} were requested"
            return abs(rate - expected.fps) <= RATE_TOLERANCE * expected.fps, detail
        case _:
            measured = "sound" if media.get("sound") else "no sound"
            detail = f"{video.label} has {measured}, but {'sound' if expected.sound else 'none'} was requested"
            return bool(media.get("sound")) == expected.sound, detail


def _ratio_ignored(model: Model, generated: list[GeneratedVideo]) -> Iterator[Finding]:
    """With the same image, the ratio of the sides is the same for every requested aspect ratio."""
    rule = model.video["size"]
    if "unless" not in rule:
        return
    step = int(rule["multiple_of"])
    by_picture: dict[str, list[GeneratedVideo]] = {}
    for video in generated:
        if video.body.get(rule["unless"]) is not None:
            by_picture.setdefault(str(video.body[rule["unless"]]), []).append(video)
    for same in by_picture.values():
        if len({str(video.body.get(rule["ratio"])) for video in same}) < 2:
            continue
        # Each side is rounded, so a video fits a range of ratios.
        low = max((video.media["width"] - step) / (video.media["height"] + step) for video in same)
        high = min((video.media["width"] + step) / (video.media["height"] - step) for video in same)
        sizes = ", ".join(
            f"{video.body.get(rule['ratio'], 'left out')}: {video.media['width']}x{video.media['height']}"
            for video in same
        )
        clause = f"{model.slug}.{rule['ratio']}.ignored-with-image"
        yield Finding(
            clause,
            model.slug,
            low <= high,
            f"the same image with {sizes}",
            tuple(p for video in same for p in video.indices),
        )


def _seeds(trace: Trace) -> Iterator[Finding]:
    """Check the seed in the response to a blocking call: the default, or a different one each time."""
    seeds_by_model: dict[str, list[tuple[Request, str]]] = {}
    for request in trace.of("v1"):
        seed = request.exchange.headers.get(SEED_HEADER)
        model = request.last.model
        if (
            request.status != 200
            or seed is None
            or model is None
            or "seed" not in model.parameters
            or not _judgeable(request)
        ):
            continue
        if "seed" in _body(request):
            continue
        if "seed" in model.defaults:
            detail = f"seed left out: {SEED_HEADER} is {seed[:40]}, and the default is {model.defaults['seed']}"
            yield Finding(
                f"{model.slug}.seed.default", model.slug, seed == str(model.defaults["seed"]), detail, request.indices
            )
        else:
            seeds_by_model.setdefault(model.slug, []).append((request, seed))
    for slug, found in seeds_by_model.items():
        if len(found) > 1:
            seeds = {seed for _, seed in found}
            detail = f"seed left out {len(found)} times: {SEED_HEADER} was {', '.join(sorted(seeds))[:120]}"
            yield Finding(f"{slug}.seed.random", slug, len(seeds) > 1, detail, tuple(r.last.index for r, _ in found))


def _repeats(generated: list[GeneratedVideo]) -> Iterator[Finding]:
    by_body: dict[tuple[str, str], list[GeneratedVideo]] = {}
    for video in generated:
        if "seed" in video.body:
            by_body.setdefault((video.model.slug, repr(sorted(video.body.items()))), []).append(video)
    for (slug, _), same in by_body.items():
        indices = tuple(place for video in same for place in video.indices)
        digests = {str(video.media.get("sha256")) for video in same}
        if len(same) > 1 and "None" not in digests:
            yield Finding(
                "video.seed-repeats", slug, len(digests) == 1, f"made {len(same)} times with one seed", indices
            )
