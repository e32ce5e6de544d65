"""Rules for clauses.yaml: statements that no schema can hold."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from segmind_ltx_spec.changes.collect import (
    BEHAVIOURAL,
    BREAKING,
    BY_HAND,
    COMPATIBLE,
    INFORMATIONAL,
    NONE,
    TOLD_IN_HTTP,
    Collector,
    stable,
)
from segmind_ltx_spec.changes.document import CLAUSES_FILE, At, is_list
from segmind_ltx_spec.changes.hand_written import rests_on
from segmind_ltx_spec.changes.provenance import GRADES, compare_source
from segmind_ltx_spec.changes.statements import read_statement, same_meaning
from segmind_ltx_spec.changes.verdicts import Verdict, Verdicts

ANOTHER_OUTCOME: Final = frozenset({"billing", "payload", "video"})
"""Kinds whose statements say what comes of a call, not whether it works."""
RETENTION: Final = "retention"
_LIMITS: Final = re.compile(
    r"\b(at most|no more than|not more than|up to)\b.*\b(jobs?|submits?|requests?|calls?)\b", re.IGNORECASE
)
"""What a statement says that limits callers, beyond what the schemas say."""
_KEYS: Final = ("auth.missing-key", "auth.wrong-key")
"""Clauses about calls without a right key, which nobody wants to work."""
_REFUSALS: Final = re.compile(r"\b(refused|rejected|not accepted|forbidden)\b", re.IGNORECASE)


class _Entry(NamedTuple):
    kind: str
    at: At

    @property
    def statement(self) -> str:
        said = self.at.value.get("statement")
        return said if isinstance(said, str) else ""

    @property
    def permits(self) -> bool:
        """Whether the clause allows a server something, and demands nothing."""
        return "permission" in self.at.value

    @property
    def limits(self) -> bool:
        """Whether the clause refuses what callers could do without it."""
        return _LIMITS.search(self.statement) is not None

    @property
    def forbids(self) -> bool:
        """Whether the clause is about something that callers must not do: without it, more may work."""
        return self.kind == "auth" and _REFUSALS.search(self.statement) is not None


def compare_clauses(found: Collector) -> None:
    """Judge everything in clauses.yaml. If one version has no such file, its statements cannot be compared."""
    if bool(found.old.written) != bool(found.new.written):
        side = "new" if found.old.written else "old"
        found.unjudged_as(
            f"{CLAUSES_FILE}#", f"the {side} version has no {CLAUSES_FILE}, so statements were not compared"
        )
        return
    before, after = _entries(found, old=True), _entries(found, old=False)
    gone = {name: one for name, one in before.items() if name not in after}
    more = {name: one for name, one in after.items() if name not in before}
    for name, entry in list(gone.items()):
        same = [other for other in more if more[other].statement == entry.statement and entry.statement]
        if same:
            words = f"{name} is called {same[0]} now: reports carry the id, and hand-written code refers to it."
            verdicts = Verdicts(NONE, NONE, INFORMATIONAL)
            found.emit("clause-renamed", entry.at, more[same[0]].at, verdicts, words, values=(name, same[0]))
            _compare(found, name, entry, more.pop(same[0]))
            del gone[name]
    for name, entry in gone.items():
        verdicts = Verdicts(_loss(entry.kind), _python(name, entry.kind), COMPATIBLE)
        if entry.permits:
            verdicts = Verdicts(COMPATIBLE, NONE, INFORMATIONAL)
        if entry.limits or (entry.forbids and not name.startswith(_KEYS)):
            verdicts = Verdicts(COMPATIBLE, NONE, COMPATIBLE)
        words = f"No longer stated: {entry.statement}"
        upgrade = verdicts.python is BY_HAND
        found.emit("clause-removed", entry.at, None, verdicts, words, values=(entry.statement, None), upgrade=upgrade)
    for entry in more.values():
        verdicts, words = Verdicts(COMPATIBLE, NONE, BREAKING), f"Stated for the first time: {entry.statement}"
        if entry.permits:
            verdicts, words = Verdicts(_loss(entry.kind), NONE, COMPATIBLE), f"{words} Callers have to reckon with it."
        elif entry.limits:
            verdicts, words = Verdicts(BREAKING, NONE, COMPATIBLE), f"{words} What worked before may be refused."
        else:
            words = f"{words} A server of the old contract need not keep it."
        found.emit("clause-added", None, entry.at, verdicts, words, values=(None, entry.statement))
    for name, entry in before.items():
        if name in after:
            _compare(found, name, entry, after[name])
    _empty_groups(found)


def _entries(found: Collector, *, old: bool) -> dict[str, _Entry]:
    document = found.old if old else found.new
    every: dict[str, _Entry] = {}
    for kind, group in document.children(document.clauses):
        for name, at in document.children(group):
            every[name] = _Entry(kind, at)
    return every


def _empty_groups(found: Collector) -> None:
    for kind in {**found.old.written, **found.new.written}:
        sides = [document.written.get(kind) for document in (found.old, found.new)]
        if (sides[0] is None) != (sides[1] is None) and not any(sides):
            at = (found.old if sides[1] is None else found.new).child(
                (found.old if sides[1] is None else found.new).clauses, kind
            )
            found.emit(
                "clause-group-changed",
                at if sides[1] is None else None,
                at if sides[0] is None else None,
                Verdicts(),
                "No clause is in it.",
            )


def _compare(found: Collector, name: str, old: _Entry, new: _Entry) -> None:
    if old.kind != new.kind:
        words = f"{name} is in the group {new.kind} now; it says the same."
        found.emit("clause-moved", old.at, new.at, TOLD_IN_HTTP, words, values=(old.kind, new.kind))
    for key in {**old.at.value, **new.at.value}:
        before = found.old.child(old.at, key) if key in old.at.value else None
        after = found.new.child(new.at, key) if key in new.at.value else None
        if before is not None and after is not None and stable(before.value) == stable(after.value):
            continue
        match key:
            case "statement":
                _statement(found, name, (old, new), before, after)
            case "grade":
                _grade(found, before, after)
            case "document" | "documents" | "note":  # The first was the form until 0.1.0.
                compare_source(found, before, after)
            case "at":
                words = "It rests on other places of the document; it says the same."
                found.emit("clause-places-changed", before, after, TOLD_IN_HTTP, words)
            case "models":
                _models(found, name, old.kind, before, after)
            case "permission":
                _permission(found, name, old, before, after)
            case _:
                found.unjudged(before, after, f"no rule knows {key} of a clause")


def _permission(found: Collector, name: str, entry: _Entry, old: At | None, new: At | None) -> None:
    """Judge a clause that became a permission, which no server can break, or an obligation."""
    may = re.search(r"\b(may|might)\b", entry.statement) is not None
    if old is not None and new is not None:
        words = "Why nothing can break the clause is worded otherwise; it is a permission as before."
        found.emit("permission-reworded", old, new, TOLD_IN_HTTP, words)
    elif old is None:
        words = f"{name} is a permission now: it allows a server something, and callers cannot count on it."
        verdicts = Verdicts(_loss(entry.kind), _python(name, entry.kind), COMPATIBLE)
        if may:
            words = f"{name} is a permission now, as its statement says: no server can break it."
            verdicts = Verdicts(INFORMATIONAL, NONE, COMPATIBLE)
        found.emit("clause-permitted", old, new, verdicts, words, upgrade=verdicts.python is BY_HAND)
    else:
        words = f"{name} is an obligation now; a server of the old contract need not keep it."
        verdicts = Verdicts(INFORMATIONAL if may else COMPATIBLE, NONE, BREAKING)
        found.emit("clause-obliged", old, new, verdicts, words)


def _grade(found: Collector, old: At | None, new: At | None) -> None:
    grades = [at.value if at is not None else None for at in (old, new)]
    known = all(isinstance(one, str) and one in GRADES for one in grades)
    rose = known and GRADES[str(grades[1])] < GRADES[str(grades[0])]
    rule = "grade-raised" if rose else "grade-lowered" if known else "source-changed"
    words = f"The statement is the same; its grade was {grades[0]} and is {grades[1]}."
    found.emit(rule, old, new, TOLD_IN_HTTP, words)


def _statement(found: Collector, name: str, entries: tuple[_Entry, _Entry], old: At | None, new: At | None) -> None:
    kind = entries[0].kind
    texts = [at.value if at is not None and isinstance(at.value, str) else "" for at in (old, new)]
    if all(texts) and same_meaning(*texts):
        words = "The statement is worded otherwise. Numbers, names and negations are the same."
        found.emit("statement-reworded", old, new, TOLD_IN_HTTP, words)
        return
    spans = [read_statement(text).seconds for text in texts]
    if len(spans[0]) == len(spans[1]) == 1 and spans[0] != spans[1]:
        longer = spans[1] > spans[0]
        verdicts = Verdicts(COMPATIBLE if longer else BREAKING, BY_HAND if rests_on(name) else NONE, BREAKING)
        rule = f"{RETENTION}-lengthened" if longer else f"{RETENTION}-shortened"
        words = f"{spans[0][0]:g} seconds became {spans[1][0]:g}. A server of the old contract keeps to the old time."
        found.emit(rule, old, new, verdicts, words, upgrade=not longer)
        return
    verdicts = Verdicts(_loss(kind), _python(name, kind), BREAKING)
    if entries[0].forbids and not entries[1].forbids and not name.startswith(_KEYS):
        verdicts = Verdicts(COMPATIBLE, NONE, BREAKING)  # What was refused works now.
    words = f"{name} says something else; a server of the old contract does what it said before."
    found.emit("statement-changed", old, new, verdicts, words, upgrade=verdicts.python is BY_HAND)


def _models(found: Collector, name: str, kind: str, old: At | None, new: At | None) -> None:
    """Judge whom a statement is about; no list means every model."""
    before, after = (
        None if at is None else {str(one) for one in at.value} if is_list(at.value) else set[str]() for at in (old, new)
    )
    if before == after:
        found.emit("clause-models-reordered", old, new, Verdicts(), "The same models.")
        return
    wider = after is None or (before is not None and before < after)
    narrower = before is None or (after is not None and after < before)
    words = f"{name} is about other models now."
    if wider:
        # More models do what the payload clauses say: what comes of the same request is another video.
        other = kind in {"payload", "video"}
        verdicts = Verdicts(BEHAVIOURAL, BEHAVIOURAL, BREAKING) if other else Verdicts(COMPATIBLE, NONE, BREAKING)
    else:
        verdicts = Verdicts(_loss(kind), _python(name, kind), COMPATIBLE if narrower else BREAKING)
    found.emit("clause-models-changed", old, new, verdicts, words)


def _loss(kind: str) -> Verdict:
    """What it means to callers that a statement no longer holds."""
    return BEHAVIOURAL if kind in ANOTHER_OUTCOME else BREAKING


def _python(name: str, kind: str) -> Verdict:
    """What it means to programs: only hand-written code can have known it, or what they ask for comes out otherwise."""
    return BY_HAND if rests_on(name) else BEHAVIOURAL if kind in ANOTHER_OUTCOME else NONE
