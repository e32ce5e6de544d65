"""Check parameters against the contract before anything is sent: both ends of every limit, and near misses."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from segmind_ltx import ParameterError
from segmind_ltx._core.parameters import prepare
from segmind_ltx_api.contract import MODELS, Model, Parameter
from segmind_ltx_api.models.ltx_2_pro_request import Ltx2ProRequest

IMAGE = "https://example.com/a.png"
HUGE = 10**5000
SLUGS = list(MODELS)


def _required(model: Model) -> dict[str, Any]:
    return {p.name: IMAGE if p.uri else "x" for p in model.parameters.values() if p.required}


def _allowed(p: Parameter) -> Iterator[Any]:
    """Yield values that must pass: allowed ones, both ends of a range, the printed default."""
    yield from p.allowed
    if p.has_default:
        yield p.default
    if "null" in p.types:
        yield None
    if "boolean" in p.types:
        yield from (True, False)
    step = 1 if "integer" in p.types else 0.001
    ends = [x for x in (p.minimum, p.maximum) if x is not None]
    ends += [p.above + step] if p.above is not None else []
    ends += [p.below - step] if p.below is not None else []
    if p.limits and ends:
        yield from ends
        if "number" in p.types:
            yield from (*map(float, ends), sum(ends) / len(ends) + (0.25 if len(ends) == 2 else 0))
    elif "integer" in p.types and not p.allowed:
        yield from (0, -1, 2**63, 2**64)
    if p.uri:
        yield from (IMAGE, "HTTP://example.com", "data:image/png;base64,AAAA", "https://example.com/ü?a=b#c")
    elif "string" in p.types and not p.allowed:
        yield from ("", " ", "a\nb", "世界 🎬", "\x00", "x" * 100_000)


def _near_misses(p: Parameter) -> Iterator[Any]:
    """Yield near misses: values that look acceptable."""
    yield from ([], {}, object(), b"x", math.nan, math.inf, -math.inf, Decimal(6), 1j)
    if "null" not in p.types:
        yield None
    if "boolean" not in p.types:
        yield True
    else:
        yield from ("true", 0, 1)
    if not {"integer", "number"} & set(p.types):
        yield from (0, 1, 42, 24.5)
    else:
        yield from ("42", "", "6", HUGE, -HUGE)
    if "integer" in p.types:
        yield from (24.5, 24.0, 1e3)
    if "string" in p.types:
        yield "\ud800"
    for value in p.allowed:
        near = value + 1 if isinstance(value, int) else value.upper() if value.upper() != value else f" {value}"
        if near not in p.allowed:
            yield near
        if isinstance(value, int):
            yield from (str(value), float(value))
    yield from (x for x in (p.above, p.below) if x is not None)
    for end, away in ((p.minimum, -1), (p.maximum, 1)):
        if end is not None:
            yield end + away
            if "number" in p.types:
                yield math.nextafter(end, away * math.inf)
    if p.uri:
        yield from ("", "a.png", "/a.png", "example.com/a.png", "https:// a", "https://a/\n", "https://a/\ud800")


PARAMETERS = [(slug, name) for slug, model in MODELS.items() for name in model.parameters]

LIMITED = [(s, n) for s, n in PARAMETERS if MODELS[s].parameters[n].limits and not MODELS[s].parameters[n].uri]


@pytest.mark.parametrize(("slug", "name"), PARAMETERS)
def test_allowed_values(slug: str, name: str) -> None:
    """Every value that the contract allows is sent unchanged."""
    model = MODELS[slug]
    values = list(_allowed(model.parameters[name]))
    assert values
    for value in values:
        body = prepare(slug, {**_required(model), name: value}).request.to_dict()
        assert body == {**_required(model), name: value}
        assert type(body[name]) is type(value)


@pytest.mark.parametrize(("slug", "name"), PARAMETERS)
def test_near_miss_values_refused(slug: str, name: str) -> None:
    """A near miss is refused with one problem that names the parameter."""
    model = MODELS[slug]
    values = list(_near_misses(model.parameters[name]))
    assert len(values) > 10
    for value in values:
        with pytest.raises(ParameterError) as caught:
            prepare(slug, {**_required(model), name: value})
        error = caught.value
        assert len(error.problems) == 1
        assert error.problems[0].startswith(f"{name}=")
        assert error.model == slug
        assert error.problems[0] in str(error)
        str(error).encode()


@pytest.mark.parametrize(("slug", "name"), PARAMETERS)
def test_near_misses_in_request_object(slug: str, name: str) -> None:
    """A request object is checked like keyword arguments."""
    model = MODELS[slug]
    for value in _near_misses(model.parameters[name]):
        with pytest.raises(ParameterError):
            prepare(model.request(**{**_required(model), name: value}), {})


@pytest.mark.parametrize(("slug", "name"), [(s, n) for s, n in PARAMETERS if MODELS[s].parameters[n].required])
def test_required_parameter_missing(slug: str, name: str) -> None:
    """A missing required parameter is named."""
    given = _required(MODELS[slug])
    del given[name]
    with pytest.raises(ParameterError, match=f"{name} is missing"):
        prepare(slug, given)


@pytest.mark.parametrize(("slug", "name"), LIMITED)
def test_message_gives_limits(slug: str, name: str) -> None:
    """The message lists the allowed values or limits."""
    p = MODELS[slug].parameters[name]
    beyond = [x for x in (p.maximum, p.below) if x is not None]
    bad: Any = "8k" if "string" in p.types else 1 + max([10_000, *beyond]) if beyond or p.allowed else -1_000_000
    with pytest.raises(ParameterError) as caught:
        prepare(slug, {**_required(MODELS[slug]), name: bad})
    assert p.limits in str(caught.value)


@pytest.mark.parametrize("slug", SLUGS)
def test_misspelled_parameter(slug: str) -> None:
    """A misspelled parameter gets a suggestion."""
    with pytest.raises(ParameterError, match=r"no parameter 'promt'; did you mean 'prompt'\?"):
        prepare(slug, {**_required(MODELS[slug]), "promt": "x"})


@pytest.mark.parametrize("name", ["from", "self", "to_dict", "additional_properties", "__class__", "Prompt", ""])
def test_unknown_parameter_refused(name: str) -> None:
    """A name that the contract does not list is refused, even an attribute of the class."""
    with pytest.raises(ParameterError, match="there is no parameter"):
        prepare("ltx-2-pro", {"prompt": "x", name: 1})


def test_all_problems_listed() -> None:
    """All problems of a call are listed at once."""
    with pytest.raises(ParameterError) as caught:
        prepare("ltx-2-19b-i2v", {"width": 255, "fps": "24", "sed": 1, "image": "a.png"})
    assert [problem.split("=")[0] for problem in caught.value.problems[1:]] == [
        "prompt is missing; it is required",
        "image",
        "width",
        "fps",
    ]
    assert "did you mean 'seed'?" in caught.value.problems[0]


@pytest.mark.parametrize("model", ["ltx-3", "", "LTX-VIDEO", "ltx-video ", "../v1", None, 7, object(), Ltx2ProRequest])
def test_unknown_model_refused(model: Any) -> None:
    """An unknown model is refused with the list of models."""
    with pytest.raises(ParameterError) as caught:
        prepare(model, {"prompt": "x"})
    assert [slug for slug in SLUGS if slug not in str(caught.value)] == []


def test_misspelled_model() -> None:
    """A misspelled model gets a suggestion."""
    with pytest.raises(ParameterError, match="did you mean 'ltx-2-pro'"):
        prepare("ltx2-pro", {})


def test_request_object_with_parameters() -> None:
    """A request object and keyword arguments cannot be combined."""
    with pytest.raises(ParameterError, match="not both"):
        prepare(Ltx2ProRequest(prompt="x"), {"duration": 6})


@pytest.mark.parametrize("slug", SLUGS)
def test_omitted_parameters_stay_out(slug: str) -> None:
    """A parameter that is left out is not sent."""
    least = _required(MODELS[slug])
    assert prepare(slug, least).request.to_dict() == least
    assert prepare(MODELS[slug].request(**least), {}).request.to_dict() == least


def test_long_value_shortened() -> None:
    """A long value is shortened in the message."""
    with pytest.raises(ParameterError) as caught:
        prepare("ltx-2-pro", {"prompt": "x", "image": "x" * 100_000})
    assert len(str(caught.value)) < 500
