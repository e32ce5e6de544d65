"""A page for each model, made from the contract: what it costs, how to call it, what it accepts and who says so."""

from __future__ import annotations

import json
import shlex
from typing import Any

from docs.clauses import clause_link
from docs.words import code, graded, plain, table
from segmind_ltx_spec import Clause, Contract, Model, Source, clauses
from segmind_ltx_spec.limits import range_words
from segmind_ltx_spec.wording import TYPES


def model_pages(contract: Contract) -> dict[str, str]:
    """Return the pages by file name: ``index.md``, and one for each model."""
    return {"index.md": _index(contract), **{f"{m.slug}.md": _page(contract, m) for m in contract.models.values()}}


def price_words(model: Model) -> str:
    """Return the price of a video: "0.30 to 2.00 USD"."""
    low, high = model.usd_low, model.usd_high
    return f"{low:.3g} USD" if low == high else f"{low:.2f} to {high:.2f} USD"


def example_of(contract: Contract, model: Model) -> dict[str, Any]:
    """Return the fullest published example of a request, without parameters that are null."""
    body: str = contract.at(f"#/paths/{model.v2.replace('/', '~1')}/post/requestBody")["$ref"]
    examples: dict[str, Any] = contract.at(body)["content"]["application/json"]["examples"]
    fullest: dict[str, Any] = max((one["value"] for one in examples.values()), key=len)
    return {name: value for name, value in fullest.items() if value is not None}


def python_call(model: Model, request: dict[str, Any]) -> str:
    """Return a program that makes the video of a request."""
    given = "".join(f"\n        {name}={value!r}," for name, value in request.items())
    return f"""from segmind_ltx import Client

with Client() as client:  # reads SEGMIND_API_KEY
    job = client.submit(
        "{model.slug}",{given}
    )
    print(job.id)  # billed from here on; keep it
    video = job.wait(timeout=900)
    print(video.cost, video.save("{model.slug}.mp4"))"""


def command(model: Model, request: dict[str, Any]) -> str:
    """Return the command that makes the video of a request."""
    words: list[str] = []
    for name, value in request.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            words.append(f"--{flag} {shlex.quote(str(value))}")
    options = " \\\n    ".join([*words, f"--out {model.slug}.mp4"])
    return f"segmind-ltx generate {model.slug} \\\n    {options}"


def curl(model: Model, request: dict[str, Any]) -> str:
    """Return the three calls of curl that make the video of a request."""
    body = shlex.quote(json.dumps(request, ensure_ascii=False))
    key = '-H "x-api-key: $SEGMIND_API_KEY"'
    return f"""curl https://api.segmind.com{model.v2} {key} \\
    --json {body}
REQUEST_ID=...    # from the response
curl https://api.segmind.com/v2/requests/$REQUEST_ID/status {key}
curl https://api.segmind.com/v2/requests/$REQUEST_ID {key}"""


def _index(contract: Contract) -> str:
    rows = [
        [f"[{m.slug}]({m.slug}.md)", m.summary, price_words(m), f"{m.seconds:g} s"] for m in contract.models.values()
    ]
    return f"""# Models

Made from the contract; each statement on these pages has a grade and a source.

{table(["model", "what it makes", "price", "usual time"], rows)}
"""


def _page(contract: Contract, model: Model) -> str:
    request = example_of(contract, model)
    held = {clause.id: clause for clause in clauses(contract) if model.slug in clause.models}
    parts = [
        f"# {model.slug} {{ #{model.slug} }}",
        f"**{model.title}.** {model.summary}",
        _facts(contract, model, held),
        "## The call",
        "Every accepted submit is billed, and there is no idempotency key: see [errors and money](../docs/errors.md).",
        _tab("Python", "python", python_call(model, request)),
        _tab("Command line", "sh", command(model, request)),
        _tab("curl", "sh", curl(model, request)),
        "## Parameters",
        _overview(model),
        *(_parameter(contract, model, name, held) for name in model.parameters),
        "## The video",
        "What a request says about its video:",
        _rules(contract, model, [c for c in held.values() if c.kind == "video"]),
        "## See also",
        f"[All clauses of {model.slug}](../clauses/{model.slug}.md), "
        "[clauses of all models](../clauses/all-models.md), "
        f"[the HTTP reference](../reference/http.md), "
        f"[the request class](../reference/python/requests.md#segmind_ltx.{model.schema_name}).",
    ]
    return "\n\n".join(parts) + "\n"


def _tab(title: str, language: str, text: str) -> str:
    block = f"```{language}\n{text}\n```"
    return f'=== "{title}"\n\n' + "\n".join(f"    {line}" if line else "" for line in block.split("\n"))


def _facts(contract: Contract, model: Model, held: dict[str, Clause]) -> str:
    about = model.schema["x-model"]
    rows = [
        ["Price of a video", price_words(model), graded(contract, Source.of(about["price"], "price"))],
        ["Usual time", f"{model.seconds:g} s", graded(contract, Source.of(about["latency"], "latency"))],
    ]
    for title, clause, path in (("Submit", "v2", model.v2), ("Blocking call", "v1", model.v1)):
        route = held[f"{model.slug}.{clause}"]
        rows.append([title, clause_link(route, code(f"POST {path}")), graded(contract, route)])
    return table(["", "", "source"], rows)


def _overview(model: Model) -> str:
    rows = [
        [f"[{code(name)}](#{name})", _type(schema), _allowed(schema), _default(model, name, schema)]
        for name, schema in model.parameters.items()
    ]
    return table(["parameter", "type", "allowed", "default"], rows)


def _type(schema: dict[str, Any]) -> str:
    names: list[str] = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    return " or ".join("a URI" if schema.get("format") == "uri" and n == "string" else TYPES[n] for n in names)


def _allowed(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(code(str(value)) for value in schema["enum"])
    return range_words(schema)


def _default(model: Model, name: str, schema: dict[str, Any]) -> str:
    if name in model.required:
        return "**required**"
    if "default" not in schema:
        return "none"
    return code(json.dumps(schema["default"], ensure_ascii=False).strip('"'))


def _parameter(contract: Contract, model: Model, name: str, held: dict[str, Clause]) -> str:
    prefix = f"{model.slug}.{name}."
    own = [clause for clause_id, clause in held.items() if clause_id.startswith(prefix)]
    description = " ".join(model.parameters[name]["description"].split())
    return f"### {code(name)} {{ #{name} }}\n\n{plain(description)}\n\n{_rules(contract, model, own, name)}"


def _rules(contract: Contract, model: Model, held: list[Clause], name: str = "") -> str:
    rows: list[list[str]] = []
    for clause in held:
        rule = clause.statement.removeprefix(f"{model.slug}: ").removeprefix(f"{name} ").rstrip(".")
        rows.append([clause_link(clause, plain(rule)), graded(contract, clause)])
    return table(["rule", "source"], rows)
