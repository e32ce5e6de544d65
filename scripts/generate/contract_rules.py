"""Check the rules that a contract keeps so that it can be loaded and generated.

Each check yields the pointer of a problem and words: which value is wrong, and what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from jsonschema import Draft202012Validator, ValidationError

from segmind_ltx_spec import SpecError
from segmind_ltx_spec.contract import Contract
from segmind_ltx_spec.limits import lower, upper
from segmind_ltx_spec.parameter_names import objection
from segmind_ltx_spec.wording import video_rule

Json = dict[str, Any]
Found = Iterator[tuple[str, str]]
SCHEMAS: Final = "#/components/schemas"
NAMED_BY_RULES: Final = ("parameter", "side", "ratio", "unless", "width", "height")
"""The keys of a rule under ``x-model/video`` that name a parameter."""
META_SCHEMA: Final[object] = Draft202012Validator.META_SCHEMA
SLUG: Final = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*")
TYPES: Final = {"string", "integer", "number", "boolean", "null"}


def of_shape(document: Json) -> Found:
    """Check the form of what the loader reads without asking: objects, texts, numbers and JSON Schema."""
    components: Any = document.get("components")
    inner: Any = cast("Json", components).get("schemas") if isinstance(components, dict) else {}
    needed: list[tuple[str, object]] = [
        ("#/paths", document.get("paths")),
        ("#/components", components),
        (SCHEMAS, inner),
    ]
    for pointer, value in needed:
        if not isinstance(value, dict):
            yield pointer, f"an object is needed, not {value!r}"
            return
    for name, schema in schemas_of(document):
        place = f"{SCHEMAS}/{name}"
        for error in errors_of(META_SCHEMA, schema):
            if "properties" in error.absolute_path and error.absolute_path[-1] == "type" and "x-model" in schema:
                continue  # Said below, with the types that a parameter can have.
            yield "/".join([place, *(escaped(part) for part in error.absolute_path)]), short(error.message)
        if isinstance(schema, dict) and "x-model" in schema:
            yield from _model_shape(place, cast("Json", schema))


def _model_shape(place: str, schema: Json) -> Found:
    about = schema["x-model"]
    if not isinstance(about, dict):
        yield f"{place}/x-model", f"an object is needed, not {about!r}"
        return
    about = cast("Json", about)
    for name in ("slug", "title", "summary"):
        if not isinstance(about.get(name), str) or not about[name].strip():
            yield f"{place}/x-model/{name}", f"a text is needed, not {about.get(name)!r}"
    for part, names in (("latency", ("seconds",)), ("price", ("usd_low", "usd_high"))):
        for name in names if about.get(part) is not None else ():  # The loader asks for what is not answered.
            value = about[part].get(name) if isinstance(about[part], dict) else about[part]
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                yield f"{place}/x-model/{part}/{name}", f"a number of 0 or more is needed, not {value!r}"
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not properties:
        yield f"{place}/properties", "a model needs parameters"
        return
    for name, parameter in cast("Json", properties).items():
        if not isinstance(parameter, dict):
            yield f"{place}/properties/{escaped(name)}", f"an object is needed, not {parameter!r}"
        elif not {"anyOf", "allOf", "oneOf", "$ref"} & parameter.keys():
            yield from _parameter_shape(f"{place}/properties/{escaped(name)}", cast("Json", parameter))


def _parameter_shape(place: str, parameter: Json) -> Found:
    kinds = [parameter["type"]] if isinstance(parameter.get("type"), str) else parameter.get("type") or []
    unknown = [kind for kind in kinds if kind not in TYPES]
    if unknown or not set(kinds) - {"null"}:
        yield f"{place}/type", f"{parameter.get('type')!r} is no type of a parameter; use {', '.join(sorted(TYPES))}"
    if not isinstance(parameter.get("description"), str):
        yield place, "a parameter needs a description"


def of_references(document: Json) -> Found:
    """Check that each reference leads somewhere, and that each operation has a name of its own."""
    contract = Contract(document, {})
    for place, reference in _references(document, "#"):
        try:
            contract.at(reference)
        except (SpecError, AttributeError) as error:
            yield place, f"it refers to nothing: {error}"
    names: dict[str, str] = {}
    for path, item in cast("dict[str, Any]", document["paths"]).items():
        if not isinstance(item, dict):
            yield f"#/paths/{escaped(path)}", f"an object of operations is needed, not {item!r}"
            return
        for method, operation in cast("Json", item).items():
            if isinstance(operation, dict) and "operationId" in operation:
                place, name = f"#/paths/{escaped(path)}/{method}", str(cast("Json", operation)["operationId"])
                if name in names:
                    yield f"{place}/operationId", f"{name} is the name of {names[name]} already; give it its own"
                names[name] = f"{method.upper()} {path}"


def _references(node: object, place: str) -> Found:
    if isinstance(node, dict):
        for key, value in cast("Json", node).items():
            if key == "$ref":
                yield f"{place}/$ref", value
            elif key not in {"example", "examples", "x-source"}:
                yield from _references(value, f"{place}/{escaped(key)}")
    elif isinstance(node, list):
        for index, value in enumerate(cast("list[object]", node)):
            yield from _references(value, f"{place}/{index}")


def of_models(document: Json) -> Found:
    """Check what the models say: slugs, names, ranges, values, rules."""
    slugs: dict[str, str] = {}
    for name, schema in models_of(document):
        place, slug = f"{SCHEMAS}/{name}", schema["x-model"]["slug"]
        if slug in slugs:
            yield f"{place}/x-model/slug", f"{slug} is the slug of {slugs[slug]} already; give each model its own"
        slugs[slug] = name
        if not SLUG.fullmatch(slug):
            yield (
                f"{place}/x-model/slug",
                f"{slug!r} cannot be part of a path; use lower-case letters, digits and hyphens",
            )
        price: Json = schema["x-model"].get("price") or {"usd_low": 0, "usd_high": 0}
        if price["usd_low"] > price["usd_high"]:
            yield f"{place}/x-model/price", f"usd_low {price['usd_low']} is above usd_high {price['usd_high']}"
        parameters: Json = schema["properties"]
        for parameter, one in parameters.items():
            if why := objection(str(parameter)):
                yield f"{place}/properties/{escaped(parameter)}", f"{parameter} is {why}; rename the parameter"
            yield from _values(f"{place}/properties/{escaped(parameter)}", one)
        for index, required in enumerate(schema.get("required", [])):
            if required not in parameters:
                yield f"{place}/required/{index}", _no_parameter(required, parameters)
        yield from _video(f"{place}/x-model/video", schema["x-model"].get("video"), parameters)


def _values(place: str, schema: Json) -> Found:
    low, high = lower(schema), upper(schema)
    if low and high and (low.value > high.value or (low.value == high.value and (low.exclusive or high.exclusive))):
        yield f"{place}/{low.keyword}", f"{low.keyword} {low.value} leaves no value below {high.keyword} {high.value}"
        return
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    if most is not None and least > most:
        yield f"{place}/minLength", f"minLength {least} is above maxLength {most}"
    plain = {key: value for key, value in schema.items() if key not in {"enum", "default", "x-source"}}
    for index, value in enumerate(schema.get("enum", [])):
        for error in errors_of(plain, value):
            yield f"{place}/enum/{index}", f"this value is not allowed by the parameter itself: {short(error.message)}"
    if "default" in schema:
        for error in errors_of(schema, schema["default"]):
            yield f"{place}/default", f"the default is not a value that is allowed: {short(error.message)}"


def _video(place: str, video: object, parameters: Json) -> Found:
    if not isinstance(video, dict):
        return  # The loader says which answers are missing.
    rules = cast("Json", video)
    for part in ("size", "frames", "fps", "sound"):
        if part not in rules:
            yield f"{place}", f"a rule for {part} is missing"
    for part, rule in rules.items():
        if rule is None:
            continue
        if not isinstance(rule, dict):
            yield f"{place}/{part}", f"a rule is an object, not {rule!r}"
            continue
        named = cast("Json", rule)
        try:
            video_rule(part, named)
        except SpecError:
            yield f"{place}/{part}", f"no rule of this form is known: {short(str(named))}"
            continue
        for key in NAMED_BY_RULES:
            # `width` and `height` of a rule are names too.
            if isinstance(named.get(key), str) and named[key] not in parameters:
                yield f"{place}/{part}/{key}", f"a rule for {_no_parameter(named[key], parameters)}"
        yield from _table(f"{place}/{part}", named, parameters)


def _table(place: str, rule: Json, parameters: Json) -> Found:
    """Check that a table of sizes has a row for each value of its parameter, and no other."""
    if "table" not in rule or rule.get("parameter") not in parameters:
        return
    values: list[object] = parameters[rule["parameter"]].get("enum", [])
    table = cast("dict[object, object]", rule["table"])
    for value in values:
        if value not in table:
            yield f"{place}/table", f"no size for the value {value!r} of {rule['parameter']}"
    for value in table:
        if values and value not in values:
            yield f"{place}/table/{escaped(value)}", f"{value!r} is not a value of {rule['parameter']}: {values}"


def _no_parameter(name: object, parameters: Mapping[str, Any]) -> str:
    return f"{name!r}, which is no parameter; there are {', '.join(map(str, parameters))}"


def errors_of(schema: object, value: object) -> Iterator[ValidationError]:
    """Yield what JSON Schema says against a value."""
    validator: Any = Draft202012Validator(cast("Json", schema))
    yield from validator.iter_errors(value)


def schemas_of(document: Json) -> Iterator[tuple[str, Any]]:
    yield from document["components"]["schemas"].items()


def models_of(document: Json) -> Iterator[tuple[str, Json]]:
    for name, schema in schemas_of(document):
        if "x-model" in schema:
            yield name, schema


def escaped(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def short(message: str) -> str:
    return message if len(message) <= 200 else f"{message[:199]}…"
