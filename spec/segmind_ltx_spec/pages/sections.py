"""The parts of a page around its parameter table: head, endpoint, response, asynchronous requests, errors."""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

from segmind_ltx_spec.pages.page import ErrorEntry, QueueFacts, Unread
from segmind_ltx_spec.pages.rows import TYPE
from segmind_ltx_spec.pages.text import PageText

STANDARD_ERRORS: Final = {
    400: ("Bad Request", "format"),
    401: ("Unauthorized", "key"),
    403: ("Forbidden", "permissions"),
    404: ("Not Found", "found"),
    406: ("Insufficient Credits", "request"),
    429: ("Rate Limited", "requests"),
    500: ("Server Error", "error"),
    502: ("Bad Gateway", "unavailable"),
    504: ("Timeout", "out"),
}
"""The errors that every known page lists: name, and the word with which the entry ends."""

_SAMPLE: Final = re.compile(r"(?:^|(?<=[\n ])) *1 ?(?:import |from |# |const |curl |package |using )")
_ENDPOINT: Final = re.compile(
    r"API Endpoint\s*(?P<method>GET|POST|PUT|PATCH|DELETE)?\s*(?P<url>https?://[^\s]+?)"
    r"(?=Parameters *(?:\n|$)|\s|$)",
    re.DOTALL,
)
_TABLE: Final = re.compile(r"\s*Parameters *(?=\n|$)")
_RESPONSE: Final = re.compile(r"Response (?P<form>Type|Format) *(?=\n|$)")
_ROW_HEAD_ENDS: Final = re.compile(rf"(?:required|optional)\s*{TYPE}\s*$")
_RETURNS: Final = re.compile(r"\s*Returns: *(?P<what>[^\n]+?) *(?=\n|$|Asynchronous requests|Common Error Codes)")
_LATENCY: Final = re.compile(r"~ ?(?:(?P<minutes>\d+) ?m(?:in)? ?)?(?P<seconds>\d+(?:\.\d+)?) ?s$")
_PRICE: Final = re.compile(r"~? ?\$ ?\d[\d.,]*(?: ?[-\u2013] ?\$? ?\d[\d.,]*)?(?: per [\w ]+| ?/ ?\w+)?$")
_FIGURE: Final = re.compile(
    r"[~$] ?\d[\d.,]* ?(?:[smh]|ms|mins?|secs?|seconds|minutes?|hours?|USD|/ ?\w+|per [\w ]+)?$"
)
"""A line like a time or a price; any other is the sentence about the model."""
_POST: Final = re.compile(r"POST (?P<path>/v\d+/[\w./-]+) · submit \+ poll")
_QUEUE: Final = re.compile(r"Asynchronous requests \(v2\)")
_ERRORS: Final = re.compile(r"Common Error Codes")
_ROUTE: Final = re.compile(
    r"(?<![A-Z])(?P<method>GET|POST|PUT|PATCH|DELETE) ?(?P<path>/v\d+/[^\s·]+?)(?=Submit|Poll|Result|[\s·]|$)"
)
_STATE: Final = re.compile(r"(?:^ *|(?<=[a-z)]))(?P<state>[A-Z][A-Z_]{2,}?)(?=[A-Z][a-z]|\s|$)", re.MULTILINE)
_RULES: Final = re.compile(r"^ *(?:[•*-](?= |$)|(?:A|An|Results|Content|Track) )|A FAILED ", re.MULTILINE)
_FINAL: Final = re.compile(r"until (?P<states>[A-Z_]+(?:(?:,| or|, or) [A-Z_]+)*)")
_FIELDS: Final = re.compile(r"returns (?P<fields>[a-z_]+(?:, ?[a-z_]+)*)")
_BULLETS: Final = {
    "failed": re.compile(r"served as HTTP (\d{3})"),
    "unknown": re.compile(r"unknown or expired.*HTTP (\d{3})"),
    "retention": re.compile(r"(?:retained|kept|stored) for ((?:\d+|[a-z-]+) (?:second|minute|hour|day|week)s?)\b"),
    "blocked": re.compile(r"surface as (\w+), not a separate state"),
    "polling": re.compile(r"polling the status endpoint"),
}


@frozen
class Head:
    """What the page says above the sample, which begins at the offset ``sample_offset``; ``lines`` has line numbers."""

    title: str | None
    latency: float | None
    price: str | None
    v2: str | None
    sample_offset: int
    unread: tuple[Unread, ...]
    lines: dict[str, int]


@frozen
class Endpoint:
    """The address of the blocking call, its table and its response.

    Positions are offsets into the page's text; None if the saved copy ends before them.
    """

    url: str
    url_at: int
    method: str | None
    start: int
    table: int | None
    table_end: int | None
    returns: str | None
    form: str | None
    after: int


def read_head(page: PageText, end: int) -> Head:
    """Read title, latency, price and the line about the queue: all before ``end``, the endpoint's heading."""
    sample = _SAMPLE.search(page.text, 0, end)
    stop = sample.start() if sample else end
    title = latency = price = v2 = None
    unread: list[Unread] = []
    lines: dict[str, int] = {}
    facts_begun = False
    for number, line in page.lines(0, stop):
        if found := _POST.match(line):
            v2, lines["v2"], facts_begun = found["path"], number, True
        elif title is None:
            title = line
        elif found := _LATENCY.match(line):
            latency = round(float(found["seconds"]) + 60 * int(found["minutes"] or 0), 6)
            lines["latency"], facts_begun = number, True
        elif _PRICE.match(line):
            price, lines["price"], facts_begun = line, number, True
        elif facts_begun or line.startswith("POST ") or _FIGURE.match(line):
            unread.append(Unread(number, line))
    return Head(title, latency, price, v2, stop, tuple(unread), lines)


def find_endpoint(page: PageText, begin: int = 0) -> Endpoint | None:
    """Find the first endpoint from an offset on, its table and its response; None if there is no endpoint."""
    text = page.text
    found = _ENDPOINT.search(text, begin)
    if found is None:
        return None
    table = _TABLE.match(text, found.end())
    response = _response(text, found.end())
    after = response.end() if response else len(text)
    returns = _RETURNS.match(text, after) if response else None
    return Endpoint(
        url=found["url"],
        url_at=found.start("url"),
        method=found["method"],
        start=found.start(),
        table=table.end() if table else None,
        table_end=response.start() if response else None,
        returns=returns["what"].strip() if returns else None,
        form=response["form"] if response else None,
        after=returns.end() if returns else after,
    )


def _response(text: str, start: int) -> re.Match[str] | None:
    """The heading of the response: the one that says what it returns, or the last."""
    every = list(_RESPONSE.finditer(text, start))
    likely = [one for one in every if not _described(text, start, one.start())]
    return next((one for one in every if _RETURNS.match(text, one.end())), likely[-1] if likely else None)


def _described(text: str, start: int, at: int) -> bool:
    """Whether what reads like the heading is a parameter's description, as that of ``response_format`` may be."""
    return (text[at - 1] in " \t" and text[text.rfind("\n", 0, at) + 1 : at].strip() != "") or bool(
        _ROW_HEAD_ENDS.search(text, start, at)
    )


def read_queue(page: PageText, start: int, end: int) -> tuple[QueueFacts | None, list[Unread]]:
    """Read the section on asynchronous requests between two offsets, and the lines outside it."""
    found = _QUEUE.search(page.text, start, end)
    if found is None:
        return None, [Unread(number, line) for number, line in page.lines(start, end)]
    outside = [Unread(number, line) for number, line in page.lines(start, found.start())]
    text = page.text[found.end() : end]
    head, heading, tail = text.partition("Status states")
    rules = _RULES.search(tail)
    states, bullets = (tail[: rules.start()], rules.start()) if rules else (tail, len(tail))
    said: dict[str, str] = {}
    unread: list[Unread] = []
    offset = found.end() + len(head) + len(heading) + bullets
    for number, line in page.lines(offset, end):
        known = {name: one for name, pattern in _BULLETS.items() if (one := pattern.search(line))}
        said.update({name: one[1] if one.re.groups else "" for name, one in known.items()})
        if not known and re.search(r"\w", line):
            unread.append(Unread(number, line))
    final, fields = _FINAL.search(head), _FIELDS.search(head)
    facts = QueueFacts(
        routes=tuple((one["method"], one["path"]) for one in _ROUTE.finditer(head)),
        accepted_fields=tuple(re.findall(r"\w+", fields["fields"])) if fields else (),
        final_states=tuple(re.findall(r"[A-Z_]{3,}", final["states"])) if final else (),
        states=tuple(one["state"] for one in _STATE.finditer(states)),
        failed_status=int(said["failed"]) if "failed" in said else None,
        unknown_status=int(said["unknown"]) if "unknown" in said else None,
        blocked_state=said.get("blocked"),
        retention=said.get("retention"),
        unread=tuple(unread),
    )
    return facts, outside


def find_errors(text: str, start: int) -> int | None:
    """Return the offset of the heading of the errors."""
    found = _ERRORS.search(text, start)
    return found.start() if found else None


def read_errors(page: PageText, start: int) -> tuple[list[ErrorEntry], bool, list[Unread]]:
    """Read the list of errors from its heading on. Also returns whether the list has its end, and what is unread."""
    lines = page.lines(start, len(page.text))[1:]
    numbered = any(re.match(r"\d{3}\b", line) for _, line in lines)
    return _numbered(lines) if numbered else _named(lines)


def _numbered(lines: list[tuple[int, str]]) -> tuple[list[ErrorEntry], bool, list[Unread]]:
    errors: list[ErrorEntry] = []
    unread: list[Unread] = []
    texts: list[str] = []
    for number, line in lines:
        if found := re.match(r"(\d{3})(?: *(?P<name>[A-Z].*))?$", line):
            errors.append(ErrorEntry(found["name"], int(found[1]), number))
            texts = []
        elif not errors:
            continue  # The sentence that introduces the list.
        elif errors[-1].name is None:
            errors[-1] = ErrorEntry(line, errors[-1].status, errors[-1].line)
        elif not texts:
            texts.append(line)
        else:
            unread.append(Unread(number, line))
    return errors, _whole(errors, texts), unread


def _named(lines: list[tuple[int, str]]) -> tuple[list[ErrorEntry], bool, list[Unread]]:
    names = {name for name, _ in STANDARD_ERRORS.values()}
    if lines and lines[0][1] not in names:
        lines = lines[1:]
    errors: list[ErrorEntry] = []
    texts: list[str] = []
    for number, line in lines:
        if line in names or not errors or texts:
            errors.append(ErrorEntry(line, None, number))
            texts = []
        else:
            texts.append(line)
    return errors, _whole(errors, texts), []


def _whole(errors: list[ErrorEntry], texts: list[str]) -> bool:
    """Whether the last of the standard errors is there with its text. A copy may end anywhere before."""
    name, word = STANDARD_ERRORS[504]
    places = [place for place, one in enumerate(errors) if one.status == 504 or one.name == name]
    if not places or not texts:
        return False
    return places[-1] < len(errors) - 1 or texts[0].rstrip(".! ").endswith(word)
