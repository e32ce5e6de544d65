"""Check that a generated video is the requested one: compare its measurements with the request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from segmind_ltx_conformance.bodies import locations_in
from segmind_ltx_conformance.checks import Finding
from segmind_ltx_conformance.judge.downloads import Downloads
from segmind_ltx_conformance.judge.jobs import jobs_of
from segmind_ltx_conformance.judge.measures import Measured, alike, compare
from segmind_ltx_conformance.judge.request_bodies import Kind
from segmind_ltx_conformance.judge.trace import Request, Trace
from segmind_ltx_conformance.recording import Part
from segmind_ltx_spec import Model, expected_video

DAY: Final = 86400.0
SEED_HEADER: Final = "x-seed-value"
THROUGH_SEED_HEADER: Final = ("video-made.x-seed-value",)
"""The seed shows in a header that only other pages name."""


@frozen
class GeneratedVideo:
    """A measured video, its request, and the indices of both in the recording."""

    model: Model
    body: Mapping[str, Any]
    media: Mapping[str, Any]
    indices: tuple[int, ...]
    label: str


@frozen
class Comparison:
    """A property of a video, compared with its request, and the parameters that the request left out."""

    video: GeneratedVideo
    left_out: tuple[str, ...]
    found: Measured

    def names_of(self, model: Model, part: str, name: str) -> list[str]:
        """Return the other parameters that decide the property."""
        values = [str(value) for key, value in model.video[part].items() if key != "x-source"]
        return [value for value in values if value in model.parameters and value != name]


def videos(trace: Trace) -> Iterator[Finding]:
    """Check each property of each measured video."""
    files = list(_generated_videos(trace))
    generated = [file for file in files if _is_video(file.media)]
    for model in trace.contract.models.values():
        yield from _unreadable(model, [file for file in files if file.model is model])
        of_model = [video for video in generated if video.model is model]
        for part in model.video:
            yield from _part(model, part, of_model)
        yield from _ratio_ignored(model, of_model)
    yield from _seeds(trace)
    yield from _repeats(generated)


def _generated_videos(trace: Trace) -> Iterator[GeneratedVideo]:
    """Yield every file whose download the recording shows; one that is no video has no kind "video"."""
    downloads = Downloads(trace)
    for job in jobs_of(trace):
        result = job.completed
        if result is None or result.output is None or job.submit is None or job.model is None:
            continue
        for request in downloads.of(result.output):
            if _judgeable(job.submit) and _is_shown(request) and request.exchange.at - result.at <= DAY:
                indices = (*job.submit.indices, *request.indices)
                media = request.exchange.media or {}
                yield GeneratedVideo(job.model, _body(job.submit), media, indices, f"the video of {job.id[:40]}")
    for request in trace.of("v1"):
        if request.status != 200 or not _judgeable(request) or request.last.model is None:
            continue
        label, model = f"the video of {request.last.summary}", request.last.model
        if _is_video(request.exchange.media):
            yield GeneratedVideo(model, _body(request), request.exchange.media or {}, request.indices, label)
        for location in locations_in(request.exchange.json, anywhere=True)[:1]:
            for download in filter(_is_shown, downloads.of(location)):
                indices = (*request.indices, *download.indices)
                yield GeneratedVideo(model, _body(request), download.exchange.media or {}, indices, label)


def _judgeable(request: Request) -> bool:
    return request.body is not None and request.body.kind in {Kind.VALID, Kind.OPEN}


def _body(request: Request) -> Mapping[str, Any]:
    return {} if request.body is None else request.body.value


def _is_shown(request: Request) -> bool:
    """Return whether the recording shows what a download returned; other tools record no measurements."""
    exchange = request.exchange
    recorded = exchange.media is not None or exchange.status != 200 or bool(exchange.body)
    return recorded and request.shows(Part.BODY)


def _is_video(media: Mapping[str, Any] | None) -> bool:
    return media is not None and media.get("kind") == "video"


def _part(model: Model, part: str, generated: list[GeneratedVideo]) -> Iterator[Finding]:
    """Check one property.

    If the request gives the parameters that decide it, the property's own clause is judged, otherwise the default's.
    """
    rule, clause = model.video[part], f"{model.slug}.video.{part}"
    names = [str(value) for key, value in rule.items() if key in {"parameter", "width", "height", "side", "ratio"}]
    names = [name for name in names if name in model.parameters]
    compared: list[Comparison] = []
    for video in generated:
        if "unless" in rule and video.body.get(rule["unless"]) is not None:
            continue
        found = compare(part, rule, expected_video(model, video.body), video.media, video.label)
        compared.append(Comparison(video, tuple(name for name in names if name not in video.body), found))
        if found.exact is not None:
            yield Finding("video.exact", model.slug, found.exact, found.detail, video.indices)
    for one in compared:
        if not one.left_out or not names:
            yield Finding(clause, model.slug, one.found.holds, one.found.detail, one.video.indices)
        elif one.found.holds and all(other.left_out for other in compared):
            yield Finding(clause, model.slug, True, one.found.detail, one.video.indices)
        yield from _defaults(model, part, one, compared)


def _defaults(model: Model, part: str, one: Comparison, compared: list[Comparison]) -> Iterator[Finding]:
    """Judge the defaults that decided this property of a video.

    A video whose request names the default, and is otherwise the same, shows what the default has to look like. Without
    one the default is judged through the rule about the property, which may be of a weaker grade.
    """
    for name in one.left_out:
        clause, default = f"{model.slug}.{name}.default", model.defaults[name]
        same = [
            other
            for other in compared
            if name not in other.left_out
            and other.video.body[name] == default
            and all(_value(model, other, rest) == _value(model, one, rest) for rest in one.names_of(model, part, name))
        ]
        if same:
            holds = alike(part, one.video.media, same[0].video.media)
            detail = f"{name} left out: {one.found.detail}; with {name}={default!r}: {same[0].found.measured}"
            yield Finding(clause, model.slug, holds, detail, (*one.video.indices, *same[0].video.indices))
        elif len(one.left_out) == 1 or one.found.holds or not any(c.left_out == (name,) for c in compared):
            through = (f"{model.slug}.video.{part}",)
            detail = f"{name} left out: {one.found.detail}"
            yield Finding(clause, model.slug, one.found.holds, detail, one.video.indices, through)


def _value(model: Model, one: Comparison, name: str) -> object:
    return one.video.body.get(name, model.defaults.get(name))


def _unreadable(model: Model, files: list[GeneratedVideo]) -> Iterator[Finding]:
    """If none of a model's files is a video, its properties were tried and could not be seen."""
    if files and not any(_is_video(file.media) for file in files):
        detail = f"{files[0].label} cannot be read, so its properties are unknown"
        for part in model.video:
            yield Finding(f"{model.slug}.video.{part}", model.slug, None, detail, files[0].indices)


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
                f"{model.slug}.seed.default",
                model.slug,
                seed == str(model.defaults["seed"]),
                detail,
                request.indices,
                THROUGH_SEED_HEADER,
            )
        else:
            seeds_by_model.setdefault(model.slug, []).append((request, seed))
    for slug, found in seeds_by_model.items():
        if len(found) > 1:
            seeds = {seed for _, seed in found}
            detail = f"seed left out {len(found)} times: {SEED_HEADER} was {', '.join(sorted(seeds))[:120]}"
            indices = tuple(r.last.index for r, _ in found)
            yield Finding(f"{slug}.seed.random", slug, len(seeds) > 1, detail, indices, THROUGH_SEED_HEADER)


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
