"""Read what an editor's hover and `help()` show of the calls that make a video, and what a request's repr shows."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import Any

import pytest

import segmind_ltx as ltx
from segmind_ltx._core.parameters import prepare
from segmind_ltx_api.calls import AnyRequest, PaidCalls
from segmind_ltx_api.types import UNSET, Unset

CALLS = ("submit", "generate", "generate_blocking")
CLIENTS: tuple[type[Any], ...] = (ltx.Client, ltx.AsyncClient)
METHODS = [getattr(client, name) for client in CLIENTS for name in CALLS]


def names_of(function: Callable[..., object]) -> dict[str, inspect.Parameter]:
    """Return the arguments of a function, without ``self``."""
    return {name: one for name, one in inspect.signature(function).parameters.items() if name != "self"}


def plain(text: str | None) -> str:
    """Return a docstring on one line."""
    return " ".join((text or "").split())


@pytest.mark.parametrize("method", METHODS, ids=lambda one: one.__qualname__)
def test_signature_has_all_parameters(method: Callable[..., object]) -> None:
    """The signature has every parameter of every model, and the call's own options as they are."""
    own = {"submit": set[str](), "generate": {"timeout", "on_status"}, "generate_blocking": {"timeout"}}
    wanted = {name for model in ltx.MODELS.values() for name in model.parameters} | {"model", *own[method.__name__]}
    found = names_of(method)
    assert found.keys() == wanted
    assert found["model"].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert {one.kind for name, one in found.items() if name != "model"} == {inspect.Parameter.KEYWORD_ONLY}
    assert repr(found["prompt"].default) == "UNSET"


@pytest.mark.parametrize("method", METHODS, ids=lambda one: one.__qualname__)
def test_doc_has_limits_and_prices(method: Callable[..., object]) -> None:
    """The docstring has, for each model, its price, and each parameter's description and limits."""
    text = plain(method.__doc__)
    assert not method.__name__.startswith("_")
    assert method.__qualname__.endswith(f"Client.{method.__name__}")
    for model in ltx.MODELS.values():
        assert f"{model.slug}: {model.summary} Usually " in text
        assert f"{model.usd_low:g}" in text
        for parameter in model.parameters.values():
            assert plain(parameter.description) in text
            assert parameter.limits in text


@pytest.mark.parametrize("name", CALLS)
def test_overloads_describe_each_model(name: str) -> None:
    """Each call has an overload for each model, with its parameters and defaults and their limits in its docstring."""
    overloads = typing.get_overloads(getattr(PaidCalls, name))
    assert len(overloads) == len(ltx.MODELS) + 1
    for model, overload in zip(ltx.MODELS.values(), overloads, strict=False):
        given, text = names_of(overload), plain(overload.__doc__)
        assert model.slug in str(given["model"].annotation)
        assert model.slug in text
        assert f"{model.usd_high:g} USD" in text
        assert set(model.parameters) <= given.keys()
        for parameter in model.parameters.values():
            default = given[parameter.name].default
            assert (default is inspect.Parameter.empty) == parameter.required
            assert not parameter.has_default or default == parameter.default
            assert f"{parameter.name}: {plain(parameter.description)}" in text
            assert parameter.limits in text


def test_many_names_its_request_types() -> None:
    """Each request type's docstring, which an editor shows, has limits, default, time and price."""
    for model in ltx.MODELS.values():
        text = plain(model.request.__doc__)
        assert "Usually" in text
        assert "USD" in text
        for parameter in model.parameters.values():
            assert parameter.limits in text
    assert set(typing.get_args(AnyRequest)) == {model.request for model in ltx.MODELS.values()}


def test_model_given_by_name() -> None:
    """A model may be given by name, as ``model=``; the request is the same."""
    bound = inspect.signature(ltx.Client.submit).bind(None, model="ltx-2-pro", prompt="x")
    assert bound.arguments["model"] == "ltx-2-pro"
    client = ltx.Client("SG_0000000000000200", "http://127.0.0.1:9")
    with client, pytest.raises(ltx.ParameterError, match="duration=7"):
        client.submit(model="ltx-2-pro", prompt="x", duration=7)  # type: ignore[call-overload]


def test_unset_repr_is_its_name() -> None:
    """A request's repr shows a parameter that was left out as UNSET, and it is still not sent."""
    request = ltx.Ltx2ProRequest(prompt="x", duration=6)
    assert "duration=6, resolution=UNSET" in repr(request)
    assert (repr(Unset()), bool(UNSET)) == ("UNSET", False)
    assert prepare(request, {}).request.to_dict() == {"prompt": "x", "duration": 6}


def test_models_are_public() -> None:
    """`MODELS`, `Model` and `Parameter` are public, documented and typed."""
    assert all(isinstance(model, ltx.Model) for model in ltx.MODELS.values())
    assert isinstance(ltx.MODELS["ltx-2-pro"].parameters["duration"], ltx.Parameter)
    for kind in (ltx.Model, ltx.Parameter):
        assert all(
            f"``{name}``" in (kind.__doc__ or "")
            for name in kind._fields
            if name not in {*("slug", "title", "summary", "name", "required", "description")}
        )
