"""Show a comparison: as text, as a Markdown changelog fragment, as JSON, or as annotations of GitHub."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from attrs import asdict, field, frozen

from segmind_ltx_spec.changes.accepted import Outcome
from segmind_ltx_spec.changes.collect import Change
from segmind_ltx_spec.changes.document import CLAUSES_FILE
from segmind_ltx_spec.changes.sources import Source
from segmind_ltx_spec.changes.verdicts import Verdict, worst

HEADINGS: Final = {
    Verdict.BREAKING: "Breaking",
    Verdict.BY_HAND: "To repair by hand",
    Verdict.BEHAVIOURAL: "Works as before, with another outcome",
    Verdict.COMPATIBLE: "Compatible",
    Verdict.INFORMATIONAL: "For information",
    Verdict.NONE: "Without effect",
}
LEVELS: Final = {Verdict.BREAKING: "error", Verdict.BY_HAND: "error", Verdict.BEHAVIOURAL: "warning"}
_SHOWN: Final = 60


@frozen
class Report:
    """All that is shown of one comparison."""

    outcome: Outcome
    old: Source
    new: Source
    problems: tuple[str, ...] = field(factory=tuple)
    """Why the exit status is not 0, in words."""

    def json(self) -> str:
        """The form for programs; see schema.json."""
        found = self.outcome.comparison
        data = {
            "version": 1,
            "verdicts": dict(zip(("http", "python", "server"), found.verdicts, strict=True)),
            "old_client": found.old_client,
            "bump": {"contract": found.contract_bump, "package": found.package_bump},
            "changes": [_row(change) for change in found.changes],
            "unjudged": [asdict(one) for one in found.unjudged],
        }
        return json.dumps(data, indent=2, ensure_ascii=False, default=str)

    def text(self) -> str:
        """The form for a terminal."""
        found = self.outcome.comparison
        lines: list[str] = []
        for change in found.changes:
            verdicts = ", ".join(f"{who} {what}" for who, what in change.verdicts._asdict().items())
            lines += [f"{change.rule}  {change.pointer}", f"    {verdicts}"]
            lines += [f"    {_short(change.old)} -> {_short(change.new)}", f"    {change.why}"]
            lines += [f"    reaches {', '.join(change.operations)}"] if change.operations else []
            lines += [f"    by hand: {place.file}:{place.line}" for place in change.by_hand]
            lines.append("")
        lines += [f"UNJUDGED  {one.pointer}\n    {one.why}\n" for one in found.unjudged]
        lines += [f"accepted  {change.rule} {change.pointer}: {reason}" for change, reason in self.outcome.accepted]
        lines += [*self._summary(), *(f"note: {note}" for note in found.notes), *self.problems]
        return "\n".join(lines)

    def markdown(self) -> str:
        """A fragment for the changelog, worst first."""
        found = self.outcome.comparison
        lines = [f"- {line}" for line in self._summary()]
        for verdict, heading in HEADINGS.items():
            rows = [change for change in found.changes if worst(change.verdicts) is verdict]
            if rows:
                lines += ["", f"### {heading}", "", *(_bullet(change) for change in rows)]
        if found.unjudged:
            lines += [
                "",
                "### Not judged",
                "",
                *(f"- {_code(one.pointer)}: {_plain(one.why)}" for one in found.unjudged),
            ]
        if self.outcome.accepted:
            rows_ = (
                f"- {_code(change.pointer)} ({change.rule}): {_plain(why)}" for change, why in self.outcome.accepted
            )
            lines += ["", "### Accepted", "", *rows_]
        lines += ["", *(f"- **{_plain(problem)}**" for problem in self.problems)] if self.problems else []
        return "\n".join(lines)

    def github(self) -> str:
        """Annotations, each with the line in the file of the new version."""
        found = self.outcome.comparison
        lines = list(self._annotations())
        lines += [self._annotation("error", one.pointer, "not judged", one.why) for one in found.unjudged]
        lines += [f"::error::{_escaped(problem)}" for problem in self.problems]
        lines += [f"::notice::{_escaped(note)}" for note in found.notes]
        return "\n".join(lines)

    def _annotations(self) -> Iterator[str]:
        for change in self.outcome.comparison.changes:
            verdict = worst(change.verdicts)
            if verdict is Verdict.NONE:
                continue
            level = LEVELS.get(verdict, "notice")
            yield self._annotation(level, change.pointer, change.rule, change.why)
            for place in change.by_hand:
                title = _property(f"by hand: {change.rule}")
                yield f"::error file={_property(place.file)},line={place.line},title={title}::{_escaped(change.why)}"

    def _annotation(self, level: str, pointer: str, title: str, words: str) -> str:
        file = self.new.file
        if pointer.startswith(CLAUSES_FILE):
            file = f"{file.rpartition('/')[0]}/{CLAUSES_FILE}".lstrip("/") if "/" in file else CLAUSES_FILE
        line = self.new.document.line(pointer)
        at = f",line={line}" if line is not None else ""
        return f"::{level} file={_property(file)}{at},title={_property(title)}::{_escaped(f'{pointer}: {words}')}"

    def _summary(self) -> Iterator[str]:
        found = self.outcome.comparison
        verdicts = found.verdicts._asdict()
        if not found.changes and not found.unjudged:
            yield "The two versions say the same."
        yield ", ".join(f"{who}: {what}" for who, what in verdicts.items())
        yield f"The previous release of the client: {found.old_client.replace('-', ' ')}."
        yield f"Bumps: contract {found.contract_bump}, package {found.package_bump}."
        if found.python_missing:
            yield f"The Python verdict is missing: {found.python_missing}"


def _row(change: Change) -> dict[str, Any]:
    return {
        "rule": change.rule,
        "pointer": change.pointer,
        "clause": change.clause,
        "operations": list(change.operations),
        "old": change.old,
        "new": change.new,
        "verdicts": change.verdicts._asdict(),
        "by_hand": [asdict(place) for place in change.by_hand],
        "why": change.why,
    }


def _bullet(change: Change) -> str:
    verdicts = ", ".join(f"{who} {what}" for who, what in change.verdicts._asdict().items())
    reach = f" Reaches {', '.join(map(_code, change.operations))}." if change.operations else ""
    hand = "".join(f" See {_code(f'{place.file}:{place.line}')}." for place in change.by_hand)
    values = f"{_code(_short(change.old))} → {_code(_short(change.new))}"
    return f"- {_code(change.pointer)} ({change.rule}; {verdicts}): {values}. {_plain(change.why)}{reach}{hand}"


def _short(value: Any) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _code(text: str) -> str:
    runs = [len(run) for run in re.findall("`+", text)]
    fence = "`" * (max(runs, default=0) + 1)
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _plain(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", " ".join(text.split()))


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
