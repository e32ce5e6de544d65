"""Parameters are checked against the contract before anything is sent: both ends of every limit, and near misses."""

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


def _least(model: Model) -> dict[str, Any]:
    return {p.name: IMAGE if p.uri else "x" for p in model.parameters.values() if p.required}


def _right(p: Parameter) -> Iterator[Any]:
    """Values that must pass: what is allowed, both ends of a range, the printed default."""
    yield from p.allowed
    if p.has_default:
        yield p.default
    if "null" in p.types:
        yield None
    if "boolean" in p.types:
        yield from (True, False)
    if p.minimum is not None and p.maximum is not None:
        yield from (p.minimum, p.maximum)
        if "number" in p.types:
            yield from (float(p.minimum), float(p.maximum), (p.minimum + p.maximum) / 2 + 0.25)
    elif "integer" in p.types and not p.allowed:
        yield from (0, -1, 2**63, 2**64)
    if p.uri:
        yield from (IMAGE, "HTTP://example.com", "data:image/png;base64,AAAA", "https://example.com/ü?a=b#c")
    elif "string" in p.types and not p.allowed:
        yield from ("", " ", "a\nb", "世界 🎬", "\x00", "x" * 100_000)


def _wrong(p: Parameter) -> Iterator[Any]:
    """Near misses: each looks like something that would do."""
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
    if p.minimum is not None and p.maximum is not None:
        yield from (p.minimum - 1, p.maximum + 1)
        if "number" in p.types:
            yield from (math.nextafter(p.minimum, -math.inf), math.nextafter(p.maximum, math.inf))
    if p.uri:
        yield from ("", "a.png", "/a.png", "example.com/a.png", "https:// a", "https://a/\n", "https://a/\ud800")


EVERY = [(slug, name) for slug, model in MODELS.items() for name in model.parameters]

LIMITED = [(s, n) for s, n in EVERY if MODELS[s].parameters[n].allowed or MODELS[s].parameters[n].minimum is not None]


@pytest.mark.parametrize(("slug", "name"), EVERY)
def test_what_the_documents_allow_passes(slug: str, name: str) -> None:
    model = MODELS[slug]
    values = list(_right(model.parameters[name]))
    assert values
    for value in values:
        body = prepare(slug, {**_least(model), name: value}).request.to_dict()
        assert body == {**_least(model), name: value}
        assert type(body[name]) is type(value)


@pytest.mark.parametrize(("slug", "name"), EVERY)
def test_what_only_looks_like_it_is_refused_by_name_and_value(slug: str, name: str) -> None:
    model = MODELS[slug]
    values = list(_wrong(model.parameters[name]))
    assert len(values) > 10
    for value in values:
        with pytest.raises(ParameterError) as caught:
            prepare(slug, {**_least(model), name: value})
        error = caught.value
        assert len(error.problems) == 1
        assert error.problems[0].startswith(f"{name}=")
        assert error.model == slug
        assert error.problems[0] in str(error)
        str(error).encode()


@pytest.mark.parametrize(("slug", "name"), EVERY)
def test_a_request_object_is_checked_in_the_same_way(slug: str, name: str) -> None:
    model = MODELS[slug]
    for value in _wrong(model.parameters[name]):
        with pytest.raises(ParameterError):
            prepare(model.request(**{**_least(model), name: value}), {})


@pytest.mark.parametrize(("slug", "name"), [(s, n) for s, n in EVERY if MODELS[s].parameters[n].required])
def test_a_required_parameter_must_be_there(slug: str, name: str) -> None:
    given = _least(MODELS[slug])
    del given[name]
    with pytest.raises(ParameterError, match=f"{name} is missing"):
        prepare(slug, given)


@pytest.mark.parametrize(("slug", "name"), LIMITED)
def test_the_message_says_what_is_allowed(slug: str, name: str) -> None:
    p = MODELS[slug].parameters[name]
    bad: Any = "8k" if "string" in p.types else 10_000
    with pytest.raises(ParameterError) as caught:
        prepare(slug, {**_least(MODELS[slug]), name: bad})
    for limit in [*p.allowed, *(x for x in (p.minimum, p.maximum) if x is not None)]:
        assert str(limit) in str(caught.value)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_misspelled_name_gets_a_suggestion(slug: str) -> None:
    with pytest.raises(ParameterError, match=r"no parameter 'promt'; did you mean 'prompt'\?"):
        prepare(slug, {**_least(MODELS[slug]), "promt": "x"})


@pytest.mark.parametrize("name", ["from", "self", "to_dict", "additional_properties", "__class__", "Prompt", ""])
def test_no_name_but_the_documents_own_passes(name: str) -> None:
    with pytest.raises(ParameterError, match="there is no parameter"):
        prepare("ltx-2-pro", {"prompt": "x", name: 1})


def test_all_problems_are_told_at_once() -> None:
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
def test_what_is_no_model_is_refused_with_the_names_there_are(model: Any) -> None:
    with pytest.raises(ParameterError) as caught:
        prepare(model, {"prompt": "x"})
    assert [slug for slug in SLUGS if slug not in str(caught.value)] == []


def test_a_near_model_name_gets_a_suggestion() -> None:
    with pytest.raises(ParameterError, match="did you mean 'ltx-2-pro'"):
        prepare("ltx2-pro", {})


def test_a_request_object_and_parameters_do_not_mix() -> None:
    with pytest.raises(ParameterError, match="not both"):
        prepare(Ltx2ProRequest(prompt="x"), {"duration": 6})


@pytest.mark.parametrize("slug", SLUGS)
def test_what_is_left_out_stays_out(slug: str) -> None:
    least = _least(MODELS[slug])
    assert prepare(slug, least).request.to_dict() == least
    assert prepare(MODELS[slug].request(**least), {}).request.to_dict() == least


def test_a_long_value_does_not_fill_the_message() -> None:
    with pytest.raises(ParameterError) as caught:
        prepare("ltx-2-pro", {"prompt": "x", "image": "x" * 100_000})
    assert len(str(caught.value)) < 500
