"""Read a page of the vendor: from text to facts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from attrs import evolve

from segmind_ltx_spec.pages.bodies import has_bare_values, has_labels, read_body, read_cut_body
from segmind_ltx_spec.pages.meaning import NOTHING
from segmind_ltx_spec.pages.page import Page, PageParameter, QueueFacts, Unread
from segmind_ltx_spec.pages.rows import HEAD_LIKE, Row, rows
from segmind_ltx_spec.pages.sample import sample_slugs, sample_values
from segmind_ltx_spec.pages.sections import (
    Endpoint,
    Head,
    find_endpoint,
    find_errors,
    read_errors,
    read_head,
    read_queue,
)
from segmind_ltx_spec.pages.text import PageError, PageText, read_text

_OLD: Final = re.compile(r"^Attributes *$", re.MULTILINE)
_CHAT: Final = re.compile(r"^(?:API Format:|Array items:|Properties:)", re.MULTILINE)
_NESTED: Final = re.compile(r"object")
_PROSE: Final = 3
"""Lines of text without the head of a row; a table that is cut off has one by then."""
_HOST: Final = "api.segmind.com"


def read_page(path: Path) -> Page:
    """Read a saved page. A page that cannot be read has a reason in ``unreadable`` and no parameters."""
    try:
        return parse_page(read_text(path))
    except PageError as error:
        return Page(unreadable=str(error))


def parse_page(page: PageText) -> Page:
    """Read the text of a page."""
    endpoint = find_endpoint(page)
    head = read_head(page, endpoint.start if endpoint else len(page.text))
    last = page.line(len(page.text.rstrip()))
    if endpoint is None:
        return Page(title=head.title, unreadable=_no_endpoint(page, head), last_line=last)
    code = page.text[head.sample_offset : endpoint.start]
    url = urlsplit(endpoint.url)
    slug = url.path.rpartition("/")[2]
    known = Page(
        slug=slug,
        title=head.title,
        endpoint=endpoint.url,
        latency_seconds=head.latency,
        price=head.price,
        v1=_route(endpoint.method, url.path),
        sample_slugs=sample_slugs(code),
        returns=endpoint.returns,
        last_line=last,
        lines={**head.lines, "v1": page.line(endpoint.url_at)},
    )
    reason = _untrusted(page, endpoint, head, url.netloc, url.path)
    if reason:
        return evolve(known, unreadable=reason)
    result = _parsed(page, known, head, endpoint, code)
    shorter = page.without_last_line()
    known_end = find_endpoint(shorter)
    if result.complete or not result.table_complete or known_end is None or known_end.table is None:
        return result
    return _parsed(shorter, evolve(known, returns=known_end.returns), head, known_end, code)


def _route(method: str | None, path: str) -> str | None:
    """Return the route of v1; with its method if that is not POST."""
    if not path.startswith("/v1/"):
        return None
    return path if method in {None, "POST"} else f"{method} {path}"


def _parsed(page: PageText, known: Page, head: Head, endpoint: Endpoint, code: str) -> Page:
    text = page.text
    errors_at = find_errors(text, endpoint.after)
    queue: QueueFacts | None = None
    unread = list(head.unread)
    if endpoint.table_end is not None:
        queue, outside = read_queue(page, endpoint.after, errors_at if errors_at is not None else len(text))
        unread += outside + list(queue.unread if queue else ())
        queue = evolve(queue, whole=errors_at is not None) if queue else None
    errors, errors_whole, more = read_errors(page, errors_at) if errors_at is not None else ([], False, [])
    unread += more
    end = endpoint.table_end if endpoint.table_end is not None else len(text)
    start = endpoint.table if endpoint.table is not None else end
    sample = sample_values(code)
    found = rows(text, start, end, known=sample, labels=True)
    labels = has_labels(text[row.body : row.end] for row in found)
    if not labels:
        bare = rows(text, start, end, known=sample, labels=False)
        labels = labels is None and not has_bare_values(text[row.body : row.end] for row in bare)
        found = found if labels else bare
    parameters, odd = _parameters(page, found, sample, labels=labels, cut=endpoint.table_end is None)
    unread += odd
    if found:
        unread += [Unread(number, line) for number, line in page.lines(start, found[0].start)]
    queued = _v2(head, queue)
    age = "C" if queue or queued else "B" if labels or endpoint.method or any(one.status for one in errors) else "A"
    result = evolve(
        known,
        layout=f"{_style(found)} {age}",
        v2=queued,
        complete=endpoint.table_end is not None and errors_whole,
        table_complete=endpoint.table_end is not None,
        parameters=parameters,
        errors=tuple(errors),
        queue=queue,
        unread=tuple(sorted(unread, key=lambda one: one.line)),
    )
    reason = _implausible(page, result, found, start, end, sends=bool(sample))
    return evolve(result, unreadable=reason, parameters=None) if reason else result


def _parameters(
    page: PageText, found: list[Row], sample: dict[str, object], *, labels: bool, cut: bool
) -> tuple[dict[str, PageParameter], list[Unread]]:
    parameters: dict[str, PageParameter] = {}
    unread: list[Unread] = []
    for row in found:
        body = page.text[row.body : row.end]
        line = page.line(row.start)
        if cut and row is found[-1]:
            kind = row.type if body[:1] not in {"", " ", "(", "["} else None
            facts = read_cut_body(body, labels=labels).facts
            parameters[row.name] = PageParameter(row.name, row.required, kind, line, "cut", facts)
            continue
        if hidden := HEAD_LIKE.search(body):
            # A row of an unknown type would leave its values to the row before.
            parameters[row.name] = PageParameter(row.name, row.required, row.type, line, "unreadable")
            unread += [Unread(number, text) for number, text in page.lines(row.body + hidden.start(), row.end)]
            continue
        read = read_body(body, labels=labels, sample=sample.get(row.name, NOTHING))
        meaning = read.meaning
        state = "ambiguous" if meaning.candidates else "read" if meaning.readable else "unreadable"
        parameters[row.name] = PageParameter(
            row.name, row.required, row.type, line, state, meaning.facts, meaning.candidates
        )
        if read.unread is not None:
            first, last = (row.body + offset for offset in read.unread)
            unread += [Unread(number, text) for number, text in page.lines(first, last)]
    return parameters, unread


def _style(found: list[Row]) -> str:
    styles = [row.style for row in found]
    return max(("line", "flat", "spaced"), key=styles.count) if styles else "unknown"


def _v2(head: Head, queue: QueueFacts | None) -> str | None:
    if head.v2 is not None:
        return head.v2
    routes = queue.routes if queue else ()
    return next((path for method, path in routes if method == "POST" and path.startswith("/v2/")), None)


def _no_endpoint(page: PageText, head: Head) -> str:
    if not page.text.strip():
        return "the page is empty"
    if _OLD.search(page.text):
        return "an older page, with Attributes instead of Parameters; save the model's present page"
    if head.sample_offset < len(page.text):
        return f"the saved copy ends in line {page.line(len(page.text))}, before the endpoint and the parameters"
    return "not a page of a model: it has no API Endpoint with an address"


def _untrusted(page: PageText, endpoint: Endpoint, head: Head, host: str, path: str) -> str | None:
    """Why the parameters of a page with an endpoint cannot be read, if so."""
    body = page.text[endpoint.start :]
    if path.startswith("/workflows/"):
        return "a page of a workflow, not of a model"
    if endpoint.table is None and page.text.rstrip().endswith(endpoint.url) and _HOST.startswith(host) and not path:
        return f"the saved copy ends in line {page.line(len(page.text))}, within the endpoint"
    if host != "segmind.com" and not host.endswith(".segmind.com"):
        return f"not a page of this vendor: its endpoint is on {host}, not on {_HOST}"
    if _OLD.search(body):
        return "an older page, with Attributes instead of Parameters; save the model's present page"
    if _CHAT.search(page.text[: head.sample_offset]) or _CHAT.search(body) or endpoint.form == "Format":
        return "a page of a chat model, with nested parameters and a response format of its own"
    if find_endpoint(page, endpoint.url_at) is not None:
        return "a second API Endpoint; the page is one of two models"
    if endpoint.table is None and endpoint.table_end is not None:
        return "the page has no Parameters between its endpoint and its response"
    if endpoint.table is None:
        return f"the saved copy ends in line {page.line(len(page.text))}, before the parameters"
    return None


def _implausible(page: PageText, result: Page, found: list[Row], start: int, end: int, *, sends: bool) -> str | None:
    """Why what was found cannot be trusted, if so."""
    nested = [row for row in found if _NESTED.match(row.type)]
    if nested:
        place = f"{nested[0].name} in line {page.line(nested[0].start)}"
        return f"nested parameters ({place} is of type {nested[0].type}); the rows do not show what belongs to what"
    if len(result.parameters or {}) != len(found):
        return "two rows have the same name; the layout cannot be trusted"
    if not found and page.text[start:end].strip() and (result.table_complete or len(page.lines(start, end)) >= _PROSE):
        return "no row of the parameter table could be told; the layout is not known"
    if not found and sends and result.table_complete:
        return "the parameter table is empty, although the sample sends parameters"
    return None
