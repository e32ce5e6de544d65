"""Test which payloads are accepted and refused, with values from the spec and near misses of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from segmind_ltx_sandbox import key_of
from segmind_ltx_sandbox.service.validation import describe_allowed, is_uri, parse_object
from segmind_ltx_spec import Model
from segmind_ltx_spec.limits import example_inside, lower, range_words, upper

pytestmark = pytest.mark.anyio

Schema = dict[str, Any]


def kinds_of(schema: Schema) -> list[str]:
    kinds: Any = schema["type"]
    return [kinds] if isinstance(kinds, str) else list(kinds)


def valid_values(schema: Schema) -> Iterator[Any]:
    kinds = kinds_of(schema)
    yield from schema.get("enum", ())
    yield from (schema[name] for name in ("default", "minimum", "maximum") if name in schema)
    if "null" in kinds:
        yield None
    if "integer" in kinds and range_words(schema):
        yield float(example_inside(schema, 1, 1))  # 24.0 is an integer in JSON Schema.
    if "number" in kinds:
        yield example_inside(schema, 0.5, 0.001)
    if "boolean" in kinds:
        yield from (True, False)
    if schema.get("format") == "uri":
        yield from ("https://example.com/a.png?b=%20c#d", "data:image/png;base64,iVBORw0KGgo=", "s3://bucket/key")
    elif "string" in kinds and "enum" not in schema:
        yield from ("", "é 你好 😀 \x00\t\ud800", "long " * 5000, "42", "null")
    if "integer" in kinds and not ("enum" in schema or range_words(schema)):
        yield from (0, -1, 2**63, 10**100)


def invalid_values(schema: Schema) -> Iterator[Any]:
    kinds = kinds_of(schema)
    yield from ([], {}, ["a"], {"a": 1})
    if "null" not in kinds:
        yield None
    for value in schema.get("enum", ()):
        yield str(value) if isinstance(value, int) else value.upper() if value.upper() != value else value + " "
        if isinstance(value, int):
            yield from (
                neighbour for neighbour in (value - 1, value + 1, value + 0.5) if neighbour not in schema["enum"]
            )
    step = 1 if "integer" in kinds else 0.001
    if low := lower(schema):
        yield from (low.value - step * (not low.exclusive), -1e300)
    if high := upper(schema):
        yield from (high.value + step * (not high.exclusive), 1e300)
    if "integer" in kinds:
        yield from ("42", True, False, 24.5, "", "24", 1.0000001)
    if "number" in kinds:
        yield from ("4", True, "4.5")
    if "boolean" in kinds:
        yield from ("true", "false", 0, 1, "yes", "")
    if "string" in kinds:
        yield from (42, True, 1.5)
    if schema.get("format") == "uri":
        yield from ("", "picture.png", "/a/b.png", "//example.com/a.png", "example.com/a.png", "https://", "https:///a")
        yield from (
            "https://exa mple.com/a.png",
            "https://example.com/a b.png",
            "https://example.com/%zz",
            "http://a\n",
        )


async def test_allowed_values_are_accepted(
    api: httpx.AsyncClient, model: Model, payload: Callable[..., dict[str, Any]]
) -> None:
    """Every value that the spec allows is accepted."""
    refused: list[tuple[str, Any, str]] = []
    for name, schema in model.parameters.items():
        for value in valid_values(schema):
            # Encoded here: httpx does not send a lone surrogate, which JSON can carry as an escape.
            body = json.dumps(payload(model, **{name: value}))
            response = await api.post(model.v2, content=body, headers={"content-type": "application/json"})
            if response.status_code != 200:
                refused.append((name, value, response.text))
    assert refused == []


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_forbidden_values_are_400(
    api: httpx.AsyncClient, model: Model, payload: Callable[..., dict[str, Any]], version: str
) -> None:
    """Every other value is refused with 400; the message has the parameter and what is allowed."""
    accepted: list[tuple[str, Any, str]] = []
    for name, schema in model.parameters.items():
        for value in invalid_values(schema):
            response = await api.post(getattr(model, version), json=payload(model, **{name: value}))
            error: str = response.json().get("error", "") if response.status_code == 400 else ""
            if not (error.startswith(f"{name}: ") and error.endswith(describe_allowed(schema))):
                accepted.append((name, value, response.text[:200]))
    assert accepted == []


async def test_missing_required_parameter_is_400(
    api: httpx.AsyncClient, model: Model, payload: Callable[..., dict[str, Any]]
) -> None:
    """If a required parameter is missing, the message names it."""
    for name in model.required:
        body = payload(model)
        del body[name]
        response = await api.post(model.v2, json=body)
        assert response.status_code == 400
        assert response.json()["error"].startswith(f"{name} is missing")
    empty = await api.post(model.v2, json={})
    assert empty.json()["error"].count("is missing") == len(model.required)


async def test_optional_parameters_may_be_missing(api: httpx.AsyncClient, model: Model) -> None:
    """A payload with the required parameters alone is accepted."""
    shortest = {"prompt": "A heron.", "image": "https://example.com/a.png"}
    body = {name: value for name, value in shortest.items() if name in model.required}
    assert (await api.post(model.v2, json=body)).status_code == 200


async def test_unknown_parameter_is_ignored(
    api: httpx.AsyncClient, model: Model, payload: Callable[..., dict[str, Any]]
) -> None:
    """An unknown parameter is ignored; the spec leaves this open."""
    assert (await api.post(model.v2, json=payload(model, flavour="vanilla", duratoin=7))).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"prompt"',
        b"42",
        b"true",
        b'{"prompt": "a",}',
        b"{'prompt': 'a'}",
        b'{"prompt": "a", "guidance_scale": NaN}',
        b'{"prompt": "a", "unknown": -Infinity}',
        b'{"prompt": "a", "seed": Infinity}',
        b'{"prompt": "\xff"}',
        b'\xef\xbb\xbf{"prompt": "a"}',
        b'{"prompt": "a", "seed": 1' + b"0" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
    ids=lambda body: body[:20],
)
async def test_body_not_json_object_is_400(api: httpx.AsyncClient, body: bytes) -> None:
    """A body that is not a JSON object is refused with 400 on v1 and v2."""
    headers = {"content-type": "application/json"}
    for version in ("v1", "v2"):
        response = await api.post(f"/{version}/ltx-2-19b-t2v", content=body, headers=headers)
        assert response.status_code == 400, version
        assert response.json()["error"], version


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
async def test_other_content_type_is_406(api: httpx.AsyncClient, content_type: str | None) -> None:
    """Another Content-Type, or none, is refused with 406."""
    headers = {} if content_type is None else {"content-type": content_type}
    response = await api.post("/v2/ltx-2-pro", content=b'{"prompt": "a"}', headers=headers)
    assert response.status_code == 406
    assert "Content-Type" in response.json()["error"]


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
async def test_content_type_with_parameters_works(api: httpx.AsyncClient, content_type: str) -> None:
    """A Content-Type may have parameters and capitals."""
    response = await api.post("/v2/ltx-2-pro", content=b'{"prompt": "a"}', headers={"content-type": content_type})
    assert response.status_code == 200


async def test_post_checks_have_fixed_order(api: httpx.AsyncClient) -> None:
    """A POST with several faults is refused for the first one: key, scenario, credits, type, body, parameters."""

    async def refused(key: str, content_type: str, body: bytes) -> tuple[int, str]:
        headers = {"x-api-key": key, "content-type": content_type}
        response = await api.post("/v2/ltx-2-pro", content=body, headers=headers)
        return response.status_code, response.json()["error"]

    assert (await refused("wrong", "text/plain", b"{"))[0] == 401
    assert (await refused(key_of("forbidden"), "text/plain", b"{"))[0] == 403
    status, error = await refused(key_of("no_credits"), "text/plain", b"{")
    assert (status, "credits" in error) == (406, True)
    status, error = await refused(key_of("valid"), "text/plain", b"{")
    assert (status, "Content-Type" in error) == (406, True)
    status, error = await refused(key_of("valid"), "application/json", b"{")
    assert (status, "not JSON" in error) == (400, True)
    status, error = await refused(key_of("valid"), "application/json", b'{"prompt": 1}')
    assert (status, "prompt: 1" in error) == (400, True)


def test_uri_is_absolute() -> None:
    """A URI has a scheme and text after it."""
    assert is_uri("https://user@example.com:8080/a?b#c")
    assert is_uri("data:,")
    assert not is_uri("data:")
    assert not is_uri("1http://example.com")


def test_parse_object_returns_dict_or_message() -> None:
    """A parsed body is an object, or a message if it is none."""
    assert parse_object(b'{"a": 1}') == {"a": 1}
    assert isinstance(parse_object(b"[]"), str)
