"""The page that shows four tools side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

HEAD: Final = """\
# What a change means: `spec diff` beside three other tools

Written by `python -m changes` in `scripts/`, on the {count} changes of `tests/spec/changes/cases/cases.yaml`. Their
verdicts were reasoned out from what the words mean, by those who wrote the rules; three were corrected after the
generated packages had been looked at. oasdiff and optic read openapi.yaml alone, so what only clauses.yaml states is
not theirs to see; griffe reads the two generated packages. One thing was made easier for oasdiff, which cannot load
`true` for a schema: it got `{{}}`.

{versions}.

| | `spec diff` | oasdiff | optic | griffe |
|---|---|---|---|---|
"""


class Row(NamedTuple):
    """One change: what was reasoned out, and what each tool said."""

    name: str
    expected: tuple[str, ...]
    ours: tuple[str, ...]
    oasdiff: str
    optic: str
    griffe: str

    @property
    def right(self) -> bool:
        """Whether `spec diff` gives the three verdicts."""
        return self.expected == self.ours


def page(rows: Sequence[Row], versions: dict[str, str]) -> str:
    """Write the page."""
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    lines = [HEAD.format(count=len(rows), versions=named).rstrip("\n")]
    breaks = [row for row in rows if row.expected[0] == "breaking"]
    behave = [row for row in rows if row.expected[0] == "behavioural"]
    python = [row for row in rows if row.expected[1] == "breaking"]
    hand = [row for row in rows if row.expected[1] == "by-hand"]
    harmless = [row for row in rows if row.expected[0] in {"compatible", "informational", "none"}]
    sees: list[tuple[str, list[Row], list[Callable[[Row], bool] | None]]] = [
        ("breaks HTTP callers, said so", breaks, [_ours(0), _is("error"), _optic, None]),
        ("breaks HTTP callers, seen at all", breaks, [_ours(0), _seen, _optic_seen, None]),
        ("another outcome, said so", behave, [_ours(0), None, None, None]),
        ("another outcome, seen at all", behave, [_ours(0), _seen, _optic_seen, None]),
        ("breaks Python programs, said so", python, [_ours(1), None, None, _griffe]),
        ("hand-written code to repair, said so", hand, [_ours(1), None, None, None]),
        ("harmless for HTTP, called breaking", harmless, [_alarm, _is("error"), _optic, None]),
    ]
    for words, some, tests in sees:
        cells = ["-" if test is None else f"{sum(map(test, some))} of {len(some)}" for test in tests]
        lines.append(f"| {words} | {' | '.join(cells)} |")
    lines += [
        "",
        "## Each change",
        "",
        "| change | http | python | server | `spec diff` | oasdiff | optic | griffe |",
        "|---" * 8 + "|",
    ]
    for row in rows:
        ours = "right" if row.right else f"wrong: {', '.join(row.ours)}"
        cells = [row.name, *row.expected, ours, row.oasdiff, row.optic, row.griffe]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _ours(party: int) -> Callable[[Row], bool]:
    return lambda row: row.ours[party] == row.expected[party]


def _is(word: str) -> Callable[[Row], bool]:
    return lambda row: row.oasdiff == word


def _seen(row: Row) -> bool:
    return row.oasdiff in {"error", "warning", "info"}


def _optic(row: Row) -> bool:
    return row.optic == "breaking"


def _optic_seen(row: Row) -> bool:
    return row.optic in {"breaking", "changed"}


def _griffe(row: Row) -> bool:
    return row.griffe.endswith("breaking")


def _alarm(row: Row) -> bool:
    return row.ours[0] == "breaking"
