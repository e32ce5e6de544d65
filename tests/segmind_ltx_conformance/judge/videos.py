"""Whether what was generated is what was asked for: measured facts of the video against the request.

Tolerances. A width, a height, a number of frames and a frame rate that the request names are exact, since the
documents give them as plain numbers (the rate to a thousandth, since containers round time). A length in seconds may
differ by a quarter of a second: the upstream model makes frames in groups of eight, and the documents give the length
in whole seconds. Sound is there or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from attrs import frozen

from segmind_ltx_conformance.checks import Finding
from segmind_ltx_conformance.judge.jobs import JobLife, jobs_of, object_in
from segmind_ltx_conformance.judge.request_bodies import Kind
from segmind_ltx_conformance.judge.trace import Request, Trace
from segmind_ltx_spec import ExpectedVideo, Model, expected_video

SECONDS: Final = 0.25
RATE: Final = 0.001
SEED: Final = "x-seed-value"


@frozen
class Made:
    """A video, the request that it was made for, and where the recording has both."""

    model: Model
    body: Mapping[str, Any]
    media: Mapping[str, Any]
    places: tuple[int, ...]
    where: str


def videos(trace: Trace) -> Iterator[Finding]:
    """Each part of each video that was measured."""
    made = list(_made(trace))
    for model in trace.contract.models.values():
        own = [one for one in made if one.model is model]
        for part in model.video:
            yield from _part(model, part, own)
        yield from _ratio_ignored(model, own)
    yield from _seeds(trace)
    yield from _repeats(made)


def downloads(trace: Trace) -> dict[str, list[Request]]:
    """What was fetched without a key, by address."""
    found: dict[str, list[Request]] = {}
    for request in trace.requests:
        if request.exchange.method == "GET" and request.exchange.key is None and request.kind in {"output", "other"}:
            found.setdefault(request.exchange.url, []).append(request)
    return found


def _made(trace: Trace) -> Iterator[Made]:
    fetched = downloads(trace)
    for job in jobs_of(trace):
        done = job.completed
        if done is None or done.output is None or job.submit is None or job.model is None:
            continue
        for request in fetched.get(done.output, []):
            if _is_video(request.exchange.media) and _judgeable(job.submit):
                places = (*job.submit.indices, *request.indices)
                yield Made(
                    job.model, _body(job.submit), request.exchange.media or {}, places, f"the video of {job.id[:40]}"
                )
    for request in trace.of("v1"):
        if request.status != 200 or not _judgeable(request) or request.last.model is None:
            continue
        media, places = request.exchange.media, request.indices
        if not _is_video(media):
            found = [
                one for url in _addresses(request) for one in fetched.get(url, []) if _is_video(one.exchange.media)
            ]
            if not found:
                continue
            media, places = found[0].exchange.media, (*places, *found[0].indices)
        yield Made(request.last.model, _body(request), media or {}, places, f"the video of {request.last.where}")


def _judgeable(request: Request) -> bool:
    return request.body is not None and request.body.kind in {Kind.VALID, Kind.OPEN}


def _body(request: Request) -> Mapping[str, Any]:
    return {} if request.body is None else request.body.value


def _addresses(request: Request) -> list[str]:
    value = object_in(request)
    file = value.get("video")
    url = cast("dict[str, object]", file).get("url") if isinstance(file, dict) else None
    return [one for one in (value.get("output"), url) if isinstance(one, str)]


def _is_video(media: Mapping[str, Any] | None) -> bool:
    return media is not None and media.get("kind") == "video"


def _part(model: Model, part: str, made: list[Made]) -> Iterator[Finding]:
    """One part. Where the parameters that decide it were given, it is the part's own clause; else that of a default."""
    rule = model.video[part]
    names = [str(value) for key, value in rule.items() if key in {"parameter", "width", "height", "side", "ratio"}]
    names = [name for name in names if name in model.parameters]
    judged: list[tuple[Made, list[str], bool, str]] = []
    for one in made:
        if "unless" in rule and one.body.get(rule["unless"]) is not None:
            continue
        holds, said = _compared(part, rule, expected_video(model, one.body), one)
        judged.append((one, [name for name in names if name not in one.body], holds, said))
    for one, left_out, holds, said in judged:
        if not left_out or not names:
            yield Finding(f"{model.slug}.video.{part}", model.slug, holds, said, one.places)
    # Of a size in words only the word is documented: a default is then held against the video that names it.
    sound_rule = all(holds for _, left_out, holds, _ in judged if not left_out) or not names
    for one, left_out, holds, said in judged:
        for name in left_out:
            if len(left_out) == 1 or holds or _alone(judged, name) is None:
                right = holds or (not sound_rule and _as_named(part, one, name, judged, model))
                yield Finding(f"{model.slug}.{name}.default", model.slug, right, f"{name} left out: {said}", one.places)
        if left_out and holds and not any(not gone for _, gone, _, _ in judged):
            yield Finding(f"{model.slug}.video.{part}", model.slug, True, said, one.places)


def _alone(judged: list[tuple[Made, list[str], bool, str]], name: str) -> Made | None:
    """A video for which only this parameter was left out, so that it alone can be to blame."""
    return next((one for one, left_out, _, _ in judged if left_out == [name]), None)


def _as_named(part: str, one: Made, name: str, judged: list[tuple[Made, list[str], bool, str]], model: Model) -> bool:
    """Whether the video is like one whose request names the default, where the rule itself does not hold."""
    default = model.defaults[name]
    named = [other for other, left_out, _, _ in judged if not left_out and other.body.get(name) == default]
    keys = {"size": ("width", "height"), "frames": ("frames", "fps"), "fps": ("fps",), "sound": ("sound",)}[part]
    return any(all(one.media.get(key) == other.media.get(key) for key in keys) for other in named)


def _compared(part: str, rule: Mapping[str, Any], wanted: ExpectedVideo, one: Made) -> tuple[bool, str]:
    media = one.media
    match part:
        case "size":
            seen, asked = f"{media.get('width')}x{media.get('height')}", f"{wanted.width}x{wanted.height}"
            return seen == asked, f"{one.where} is {seen}, and {asked} was asked for"
        case "frames" if rule["rule"] == "seconds":
            length = float(media.get("frames") or 0) / float(media.get("fps") or 1)
            said = f"{one.where} lasts {length:.2f} s, and {wanted.duration:g} s was asked for"
            return abs(length - wanted.duration) <= SECONDS, said
        case "frames":
            said = f"{one.where} has {media.get('frames')} frames, and {wanted.frames} were asked for"
            return media.get("frames") == wanted.frames, said
        case "fps":
            rate = float(media.get("fps") or 0)
            said = f"{one.where} has {rate:g} frames a second, and {wanted.fps} were asked for"
            return abs(rate - wanted.fps) <= RATE * wanted.fps, said
        case _:
            seen = "sound" if media.get("sound") else "no sound"
            said = f"{one.where} has {seen}, and {'sound' if wanted.sound else 'none'} was asked for"
            return bool(media.get("sound")) == wanted.sound, said


def _ratio_ignored(model: Model, made: list[Made]) -> Iterator[Finding]:
    """With the same picture, the sides have the same ratio, whichever was asked for."""
    rule = model.video["size"]
    if "unless" not in rule:
        return
    step = int(rule["multiple_of"])
    by_picture: dict[str, list[Made]] = {}
    for one in made:
        if one.body.get(rule["unless"]) is not None:
            by_picture.setdefault(str(one.body[rule["unless"]]), []).append(one)
    for same in by_picture.values():
        if len({str(one.body.get(rule["ratio"])) for one in same}) < 2:
            continue
        # Each side is rounded, so a video speaks for a range of ratios.
        low = max((one.media["width"] - step) / (one.media["height"] + step) for one in same)
        high = min((one.media["width"] + step) / (one.media["height"] - step) for one in same)
        sizes = ", ".join(
            f"{one.body.get(rule['ratio'], 'left out')}: {one.media['width']}x{one.media['height']}" for one in same
        )
        clause = f"{model.slug}.{rule['ratio']}.ignored-with-image"
        yield Finding(
            clause,
            model.slug,
            low <= high,
            f"the same picture with {sizes}",
            tuple(p for one in same for p in one.places),
        )


def _seeds(trace: Trace) -> Iterator[Finding]:
    """The seed that a blocking call tells: the one that was asked for, the default, or another one each time."""
    chosen: dict[str, list[tuple[Request, str]]] = {}
    for request in trace.of("v1"):
        told = request.exchange.headers.get(SEED)
        model = request.last.model
        if (
            request.status != 200
            or told is None
            or model is None
            or "seed" not in model.parameters
            or not _judgeable(request)
        ):
            continue
        if "seed" in _body(request):
            continue
        if "seed" in model.defaults:
            said = f"seed left out: {SEED} is {told[:40]}, and the default is {model.defaults['seed']}"
            yield Finding(
                f"{model.slug}.seed.default", model.slug, told == str(model.defaults["seed"]), said, request.indices
            )
        else:
            chosen.setdefault(model.slug, []).append((request, told))
    for slug, found in chosen.items():
        if len(found) > 1:
            seeds = {told for _, told in found}
            said = f"seed left out {len(found)} times: {SEED} was {', '.join(sorted(seeds))[:120]}"
            yield Finding(f"{slug}.seed.random", slug, len(seeds) > 1, said, tuple(r.last.index for r, _ in found))


def _repeats(made: list[Made]) -> Iterator[Finding]:
    by_body: dict[tuple[str, str], list[Made]] = {}
    for one in made:
        if "seed" in one.body:
            by_body.setdefault((one.model.slug, repr(sorted(one.body.items()))), []).append(one)
    for (slug, _), same in by_body.items():
        places = tuple(place for one in same for place in one.places)
        digests = {str(one.media.get("sha256")) for one in same}
        if len(same) > 1 and "None" not in digests:
            yield Finding(
                "video.seed-repeats", slug, len(digests) == 1, f"made {len(same)} times with one seed", places
            )


def jobs_without_video(trace: Trace) -> list[JobLife]:
    """Jobs that completed, and whose video nobody fetched."""
    fetched = downloads(trace)
    return [job for job in jobs_of(trace) if (done := job.completed) and done.output not in fetched]
