"""What a page of the vendor says, as facts."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

Json = dict[str, Any]


@frozen
class PageParameter:
    """One row of the parameter table.

    ``state`` is ``read``, ``ambiguous`` (``candidates`` hold the possible readings), ``unreadable`` (``facts`` hold
    what is certain) or ``cut`` (the saved copy ends within the row). ``facts`` may have the keys ``default``,
    ``allowed``, ``allowed_not_shown`` and ``range``; a key that is absent was not printed.
    """

    name: str
    required: bool
    type: str | None
    line: int
    state: str = "read"
    facts: Json = field(factory=dict[str, Any])
    candidates: tuple[Json, ...] = ()

    def json(self) -> Json:
        """Return the parameter as JSON; what the page does not state is absent."""
        told = {"type": self.type} if self.type else {}
        found: Json = {"required": self.required, **told, **self.facts, "state": self.state, "line": self.line}
        return {**found, "candidates": list(self.candidates)} if self.candidates else found


@frozen
class Unread:
    """A line of the page that the reader does not understand."""

    line: int
    text: str

    def json(self) -> Json:
        """Return the line as JSON."""
        return {"line": self.line, "text": self.text}


@frozen
class ErrorEntry:
    """One entry of the list of errors. Old pages print names without numbers."""

    name: str | None
    status: int | None
    line: int

    def json(self) -> Json:
        """Return the entry as JSON."""
        number = {} if self.status is None else {"status": self.status}
        return {**number, "name": self.name, "line": self.line}


@frozen
class QueueFacts:
    """What the section on asynchronous requests says. It is ``whole`` if the page goes on behind it."""

    whole: bool = True

    routes: tuple[tuple[str, str], ...] = ()
    accepted_fields: tuple[str, ...] = ()
    final_states: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    failed_status: int | None = None
    unknown_status: int | None = None
    blocked_state: str | None = None
    retention: str | None = None
    unread: tuple[Unread, ...] = ()


@frozen
class Page:
    """A page as read. If ``unreadable`` holds a reason, there are no parameters."""

    slug: str | None = None
    title: str | None = None
    layout: str | None = None
    latency_seconds: float | None = None
    price: str | None = None
    v1: str | None = None
    v2: str | None = None
    endpoint: str | None = None
    sample_slugs: tuple[str, ...] = ()
    returns: str | None = None
    complete: bool = False
    table_complete: bool = False
    parameters: dict[str, PageParameter] | None = None
    errors: tuple[ErrorEntry, ...] = ()
    queue: QueueFacts | None = None
    unread: tuple[Unread, ...] = ()
    unreadable: str | None = None
    last_line: int = 0
    lines: dict[str, int] = field(factory=dict[str, int])

    def json(self) -> Json:
        """Return the page as ``segmind-ltx spec page read --json`` prints it."""
        queue = self.queue
        parameters = self.parameters
        return {
            "slug": self.slug,
            "layout": self.layout,
            "latency_seconds": self.latency_seconds,
            "price": self.price,
            "v1": self.v1,
            "v2": self.v2,
            "returns": self.returns,
            "complete": self.complete,
            "table_complete": self.table_complete,
            "parameters": None if parameters is None else {name: one.json() for name, one in parameters.items()},
            "errors": [error.json() for error in self.errors],
            "states": list(queue.states) if queue else [],
            "retention": queue.retention if queue else None,
            "unread": [one.json() for one in self.unread],
            "unreadable": self.unreadable,
        }
