"""Choose what the documents leave open: one option for each choice, so that a program can be tried against each.

create_app(**settings(["early-result=404", "output=list"]))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from segmind_ltx_sandbox.deviations import find
from segmind_ltx_sandbox.deviations.base import Deviation
from segmind_ltx_sandbox.deviations.combined import combined
from segmind_ltx_sandbox.service.behaviour import Behaviour


class ChecksBodyFirst(Behaviour):
    """Checks the body of a POST before its key."""

    order = ("body", "key", "credits")


class ChecksCreditsLast(Behaviour):
    """Checks the credits of an account once the body of a POST is found valid."""

    order = ("key", "body", "credits")


@frozen
class Option:
    """A choice. ``values`` are the default, which is the plain sandbox, and the others, each with its deviation."""

    name: str
    summary: str
    default: str
    values: Mapping[str, str | Deviation]

    @property
    def choices(self) -> tuple[str, ...]:
        """All values, the default first."""
        return (self.default, *self.values)


_ORDER: Final = {
    "body-first": Deviation("order-body-first", (), "The body is checked before the key.", ChecksBodyFirst),
    "credits-last": Deviation("order-credits-last", (), "Credits are checked after the body.", ChecksCreditsLast),
}
OPTIONS: Final = (
    Option("submit-status", "Status of an accepted submit.", "200", {"201": "submit-201", "202": "submit-202"}),
    Option("id-form", "Form of request ids.", "uuid", {
        "short": "ids-short", "long": "ids-long", "marks": "ids-with-marks", "digits": "ids-digits",
        "number": "numeric-ids",
    }),
    Option("urls", "URLs in the response to a submit.", "absolute", {"relative": "relative-urls"}),
    Option("poll-url", "Whether a submit returns poll_url.", "yes", {"no": "no-poll-url"}),
    Option("states", "States that a job goes through.", "usual", {
        "queued-again": "starts-again", "no-processing": "skips-processing", "no-queued": "skips-queued",
    }),
    Option("duration", "How long a job takes.", "usual", {"none": "instant", "queue": "long-queue"}),
    Option("reads-status", "Status of the reads of a job that has not ended.", "200", {"202": "reads-202"}),
    Option("early-result", "Result of a job that has not ended.", "state", {
        "404": "early-result-404", "409": "early-result-409", "state-alone": "status-alone", "preview": "preview",
    }),
    Option("failed-status", "Status of a FAILED job's status route; its result is 422.", "422", {
        "200": "failed-status-200",
    }),
    Option("output", "Form of output in a result.", "url", {
        "list": "output-list", "object": "output-object", "none": "no-output",
    }),
    Option("output-url", "Address of a video.", "same", {
        "signed": "signed", "moving": "moves-outputs", "other-host": "other-host",
    }),
    Option("output-key", "Downloads that carry a key.", "refused", {"accepted": "open-outputs"}),
    Option("retention-from", "When the hour of retention starts.", "end", {"submit": "from-the-submit"}),
    Option("other-account", "Jobs of another account.", "hidden", {"shown": "shared-jobs"}),
    Option("metrics", "Whether responses have metrics.", "yes", {"no": "no-metrics"}),
    Option("fields", "Fields of responses.", "usual", {"more": "more-fields", "least": "least"}),
    Option("refusal-order", "What is checked first in a POST.", "key-first", _ORDER),
    Option("null", "Null for an optional parameter.", "contract", {"left-out": "null-as-left-out"}),
    Option("unknown-parameters", "Parameters that no page names.", "ignored", {"refused": "strict-names"}),
    Option("empty-prompt", "An empty prompt.", "accepted", {"refused": "no-empty-prompt"}),
    Option("long-prompt", "A prompt longer than any printed one.", "accepted", {"refused": "no-long-prompts"}),
    Option("inferred-values", "Values that the contract infers.", "accepted", {"refused": "no-inferred"}),
    Option("v2-routes", "Models with a v2 route.", "all", {"documented": "v2-where-documented"}),
    Option("content-type", "The Content-Type of a POST.", "required", {"ignored": "any-content-type"}),
    Option("error-form", "Form of errors.", "json", {"text": "text-errors", "page": "page-errors"}),
    Option("reset-form", "When a rate limit ends.", "iso", {"epoch": "epoch-reset", "none": "no-reset"}),
    Option("v1-form", "Response to a blocking call.", "accept", {"bytes": "v1-bytes"}),
    Option("v1-headers", "Headers of a blocking call.", "yes", {"no": "v1-no-headers"}),
    Option("faults", "Transient faults of some requests.", "none", {
        "429": "passing-429", "502": "passing-502", "504": "passing-504-for-all",
    }),
)  # fmt: skip  # One line for each option is easier to read.
"""Every choice. The deviations that make it are in `deviations`; README.md has the same table, and a test compares."""
_BY_NAME: Final = {option.name: option for option in OPTIONS}


def settings(chosen: Iterable[str], deviation: str | None = None) -> dict[str, Any]:
    """Return the arguments of `create_app` for choices like ``output=list``, and for a deviation by its name.

    Raise `ValueError` if an option or a value is unknown, or if two choices exclude each other.
    """
    deviations = [_found(choice) for choice in chosen]
    if deviation is not None:
        try:
            deviations.append(find(deviation))
        except KeyError:
            raise ValueError(f"no deviation is called {deviation}; --deviations lists them") from None
    wanted = [one for one in deviations if one is not None]
    if not wanted:
        return {}
    one = wanted[0] if len(wanted) == 1 else combined(wanted)
    return {**one.options, "behaviour": one.behaviour}


def _found(choice: str) -> Deviation | None:
    name, mark, value = choice.partition("=")
    option = _BY_NAME.get(name)
    if option is None or not mark:
        raise ValueError(f"--option {choice} is none; use NAME=VALUE with one of: {', '.join(_BY_NAME)}")
    if value not in option.choices:
        raise ValueError(f"--option {name}={value}: {value!r} is not one of {', '.join(option.choices)}")
    named = option.values.get(value)
    return find(named) if isinstance(named, str) else named


def listed_options() -> Iterator[str]:
    """Yield one line for each option: its name, its values with the default first, and what it is about."""
    for option in OPTIONS:
        yield f"{option.name}={'|'.join(option.choices)}  {option.summary}"
