"""Print the page of a made-up model in any layout of the vendor, with the traps that saved copies hold."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

from attrs import field, frozen

Style = Literal["line", "flat", "spaced"]
Age = Literal["A", "B", "C"]

NOTHING: Any = object()
SHOWN = 10

ERRORS = {
    400: ("Bad Request", "A parameter has the wrong format"),
    401: ("Unauthorized", "There is no valid key"),
    403: ("Forbidden", "The key lacks permissions"),
    404: ("Not Found", "Nothing of that name was found"),
    406: ("Insufficient Credits", "No credits for this request"),
    429: ("Rate Limited", "Slow down with your requests"),
    500: ("Server Error", "Something ran into an error"),
    502: ("Bad Gateway", "The worker is unavailable"),
    504: ("Timeout", "The time ran out"),
}


@frozen
class MadeUpRow:
    """The facts of one parameter."""

    name: str
    type: str = "string"
    required: bool = False
    description: str | None = "Some words."
    default: Any = NOTHING
    allowed: tuple[Any, ...] | None = None
    value_labels: tuple[str, ...] = ()
    between: tuple[Any, Any] | None = None

    @property
    def shown(self) -> tuple[Any, ...]:
        """The values that the page prints."""
        return (self.allowed or ())[:SHOWN]

    @property
    def facts(self) -> dict[str, Any]:
        """What a reader should say of the values."""
        found: dict[str, Any] = {}
        if self.default is not NOTHING:
            found["default"] = self.default
        if self.allowed is not None:
            found["allowed"] = list(self.shown)
            if len(self.allowed) > SHOWN:
                found["allowed_not_shown"] = len(self.allowed) - SHOWN
        if self.between is not None:
            found["range"] = list(self.between)
        return found


@frozen
class MadeUpModel:
    """The facts of one model, and what its sample sends."""

    slug: str = "kite-1-fast"
    title: str = "Kite 1 Fast Serverless API"
    latency: str = "~12.5s"
    price: str = "~$0.25"
    returns: str = "Video"
    rows: tuple[MadeUpRow, ...] = field(factory=lambda: (MadeUpRow("prompt", required=True),))
    sample: dict[str, Any] = field(factory=dict[str, Any])

    @property
    def sorted_rows(self) -> list[MadeUpRow]:
        """The rows as the vendor sorts them."""
        return sorted(self.rows, key=lambda row: (not row.required, row.name))


def literal(value: Any) -> str:
    """Print a value as a browser does: JSON, and 4.0 as 4."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, ensure_ascii=False)


def page(model: MadeUpModel, style: Style, age: Age, *, labels: bool | None = None, doubled: bool = False) -> str:
    """Print a page. Pages of the age A have no labels, unless told otherwise."""
    with_labels = age != "A" if labels is None else labels
    printer = {"line": _line_row, "flat": _flat_row, "spaced": _spaced_row}[style]
    table = "".join(printer(row, with_labels) for row in model.sorted_rows)
    gap = "\n\n" if style == "line" else "\n"
    head = [model.title, "Makes something out of something else."]
    if age != "A":
        head.append(f"{model.latency}\n{model.price}" if age == "B" else model.latency)
    if age == "C":
        head[-1] += f"\nPOST /v2/{model.slug} · submit + poll"
    sample = _sample(model, age, indented=style == "line")
    samples = f"{sample} {sample}" if doubled else sample
    url = f"https://api.segmind.com/v1/{model.slug}"
    endpoint = {"line": "\n\nAPI Endpoint\n\n", "flat": "API Endpoint\n", "spaced": "\nAPI Endpoint\n"}[style]
    post = "" if age == "A" else "POST" if style == "line" else "POST\n"
    parameters = {"line": "\n\nParameters\n\n", "flat": "Parameters\n", "spaced": "\nParameters\n"}[style]
    response = f"\nResponse Type{gap}" if style == "line" else f"Response Type{gap}"
    tail = gap.join([f"Returns: {model.returns}", *_queue(model, age), *_errors(age)])
    return f"{gap.join(head)}\n{samples}{endpoint}{post}{url}{parameters}{table}{response}{tail}"


def _line_row(row: MadeUpRow, labels: bool) -> str:
    description = "" if row.description is None else f"\n{row.description}\n\n"
    head = f"{row.name}{_need(row)}\n{row.type}\n{description}"
    default, shown, between = _printed(row)
    if not labels:
        values = f"{default}{_glued(row, shown)}{between}"
        return f"{head}{values}\n" if values else head
    first = f"Default: {default}{between}" if default else between
    listed = f"{_allowed(row)}\n{_glued(row, shown)}\n" if shown else ""
    return f"{head}{first}\n{listed}" if first else f"{head}{listed}"


def _flat_row(row: MadeUpRow, labels: bool) -> str:
    description = "" if row.description is None else f"{row.description}\n"
    head = f"{row.name}{_need(row)}{row.type}{description}"
    default, shown, between = _printed(row)
    if not labels:
        return f"{head}{default}{_glued(row, shown)}{between}"
    first = f"Default:\n{default}" if default else ""
    listed = f"{_allowed(row)}\n{_glued(row, shown)}" if shown else ""
    return f"{head}{first}{listed}{between}"


def _spaced_row(row: MadeUpRow, labels: bool) -> str:
    description = "" if row.description is None else f"{row.description}\n"
    head = f"{row.name}\n{_need(row)}{row.type}\n{description}"
    default, shown, between = _printed(row)
    lines = [*(["Default:"] if labels and default else []), *([default] if default else [])]
    lines += [*([_allowed(row)] if labels and shown else []), *shown]
    return head + "".join(f"{line}\n" for line in lines) + between


def _need(row: MadeUpRow) -> str:
    return "required" if row.required else "optional"


def _printed(row: MadeUpRow) -> tuple[str, list[str], str]:
    default = "" if row.default is NOTHING else literal(row.default)
    shown = [literal(value) for value in row.shown]
    if row.value_labels:
        shown = [f"{label}{value}" for label, value in zip(row.value_labels, shown, strict=True)]
    if row.allowed is not None and len(row.allowed) > SHOWN:
        shown.append(f"+{len(row.allowed) - SHOWN} more")
    between = "" if row.between is None else "Range: {} - {}".format(*(literal(one) for one in row.between))
    return default, shown, between


def _allowed(row: MadeUpRow) -> str:
    total = len(row.allowed or ())
    return f"Allowed values ({total} total):" if total > SHOWN else "Allowed values :"


def _glued(row: MadeUpRow, shown: Sequence[str]) -> str:
    return "".join(f"{one}\n" for one in shown) if row.value_labels else "".join(shown)


def _sample(model: MadeUpModel, age: Age, *, indented: bool) -> str:
    blank = "    " if indented else " "
    pairs = [f"{blank}{json.dumps(name)}: {json.dumps(value)}" for name, value in model.sample.items()]
    if age == "C":
        call = [f'job = client.submit_async("{model.slug}", **payload)', "print(job.request_id)"]
        words = {"true": "True", "false": "False", "null": "None"}
        pairs = [
            f"{pair.rpartition(' ')[0]} {words.get(pair.rpartition(' ')[2], pair.rpartition(' ')[2])}" for pair in pairs
        ]
        code = ['# pip install "segmind"', "payload = {", *(f"{pair}," for pair in pairs), "}", *call]
    else:
        url = f'url = "https://api.segmind.com/v1/{model.slug}"'
        body = [f"{pair}," for pair in pairs[:-1]] + pairs[-1:]
        code = ["import requests", "import json", "", url, "data = {", *body, "}", "print(response.text)"]
    return "\n".join(f"{number:{2 if indented else 1}}{line}" for number, line in enumerate(code, 1))


def _queue(model: MadeUpModel, age: Age) -> list[str]:
    if age != "C":
        return []
    return [
        "Asynchronous requests (v2)",
        "Use it for what takes long.",
        f"1. 1\nPOST /v2/{model.slug}\n\nSubmitreturns request_id, status_url, response_url",
        "2. 2\nGET /v2/requests/{id}/status\n\nPolluntil COMPLETED or FAILED",
        "3. 3\nGET /v2/requests/{id}\n\nResultwhat came of it",
        "Status states",
        "QUEUEDIt waits\nPROCESSINGIt runs\nCOMPLETEDIt is done\nFAILEDIt went wrong\n"
        "  • A FAILED request is served as HTTP 422 and says why.\n"
        "  • An unknown or expired request_id gets HTTP 404.\n"
        "  • Results are retained for 1 hour, and no longer.\n"
        "  • Blocks surface as FAILED, not a separate state.\n"
        "  • Find out by polling the status endpoint.",
    ]


def _errors(age: Age) -> list[str]:
    entries = ["Common Error Codes", "These are the statuses."]
    for status, (name, text) in ERRORS.items():
        entries += [name, text] if age == "A" else [str(status), name, text]
    return entries
