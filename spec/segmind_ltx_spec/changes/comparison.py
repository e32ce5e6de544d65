"""Compare two versions of the contract: every difference is claimed by a rule, or is listed as unjudged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from attrs import evolve, field, frozen

from segmind_ltx_spec.changes.collect import Change, Collector, Unjudged
from segmind_ltx_spec.changes.document import Document, is_object
from segmind_ltx_spec.changes.expanded import expanded
from segmind_ltx_spec.changes.hand_written import NEEDED, PARAMETERS, must_follow, uses
from segmind_ltx_spec.changes.markers import Marker, names_of
from segmind_ltx_spec.changes.places import clauses_at, derived_at, written_at
from segmind_ltx_spec.changes.top import compare_api
from segmind_ltx_spec.changes.verdicts import BUMP_FOR, Bump, Verdict, Verdicts, largest
from segmind_ltx_spec.changes.written import compare_clauses


@frozen
class Comparison:
    """What differs between two versions of the contract, and what it means for whom."""

    changes: tuple[Change, ...]
    unjudged: tuple[Unjudged, ...]
    old_version: str
    new_version: str
    python_missing: str | None = None
    """Why the generated packages were not compared; None if they were, or need not be."""
    notes: tuple[str, ...] = field(factory=tuple)

    @property
    def verdicts(self) -> Verdicts:
        """The worst verdict for each party."""
        total = Verdicts()
        for change in self.changes:
            total = total.worst_with(change.verdicts)
        return total

    @property
    def old_client(self) -> Literal["works", "upgrade-needed"]:
        """Whether the previous release goes on working with a server of the new contract."""
        return "upgrade-needed" if any(one.upgrade for one in self.changes) else "works"

    @property
    def contract_bump(self) -> Bump:
        """The bump that ``info.version`` needs: for callers, and a patch for whatever else is noticed."""
        told = any(verdict is not Verdict.NONE for one in self.changes for verdict in one.verdicts)
        return largest([BUMP_FOR[self.verdicts.http], Bump.PATCH if told else Bump.NONE])

    @property
    def package_bump(self) -> Bump:
        """The bump that the Python packages need."""
        return largest([BUMP_FOR[self.verdicts.python], Bump.PATCH if self.old_client != "works" else Bump.NONE])


def compare(old: Document, new: Document, markers: Iterable[Marker] = ()) -> Comparison:
    """Compare two versions. Raises `CannotCompareError` if a reference in one of them leads nowhere."""
    found = Collector(old, new)
    compare_api(found)
    compare_clauses(found)
    marked = list(markers)
    changes = sorted(
        (_finished(change, old, new, marked) for change in found.changes),
        key=lambda change: (min(verdict.rank for verdict in change.verdicts), change.pointer, change.rule),
    )
    unjudged = list(found.differences)
    if not changes and not unjudged and expanded(old) != expanded(new):
        why = "the two versions differ, and no rule says how"
        unjudged.append(Unjudged("#", None, None, why))
    return Comparison(tuple(changes), tuple(unjudged), _version(old), _version(new))


def _finished(change: Change, old: Document, new: Document, markers: Sequence[Marker]) -> Change:
    """Add the clause, and the hand-written code that rests on what has changed."""
    first = change.old_pointer or change.pointer
    clause = next(iter(clauses_at(new, change.pointer) or clauses_at(old, first)), None)
    change = evolve(change, clause=clause)
    verdicts = change.verdicts
    hand_written = {Verdict.BREAKING, Verdict.BY_HAND}
    if verdicts.http not in {Verdict.BREAKING, Verdict.BEHAVIOURAL} and verdicts.python not in hand_written:
        return change
    names = names_of(change, old, new)
    if change.rule == "null-allowed":  # What the client needs may be missing now, as if it were not required.
        change_of = change.pointer.removesuffix("/type"), first.removesuffix("/type")
        needed = [*derived_at(new, change_of[0]), *derived_at(old, change_of[1]), *written_at(new, change_of[0])]
        names += [name for name in needed if name not in names]
    else:
        needed = []
    closest = [
        *needed,
        *(
            name
            for document, pointer in ((new, change.pointer), (old, first))
            for name in (*derived_at(document, pointer), *written_at(document, pointer))
        ),
    ]
    if verdicts.python.rank > Verdict.BY_HAND.rank and must_follow(closest):
        verdicts = verdicts._replace(python=Verdict.BY_HAND)
    if change.rule in {"header-removed", "header-renamed"} and not must_follow(closest):
        verdicts, change = verdicts._replace(python=Verdict.NONE), evolve(change, upgrade=False)
    if (
        verdicts.python is Verdict.BREAKING
        and "/schema" in change.pointer
        and any(n.startswith("path.") for n in names)
        and not change.rule.startswith(("type-", "format-"))  # The generated function takes another type.
    ):
        # Programs pass on the ids that they were given; what checks them is hand-written.
        verdicts = verdicts._replace(python=Verdict.BY_HAND)
    unfit = change.rule == "property-added" and verdicts.python is Verdict.BY_HAND
    concerned = [marker for marker in markers if marker.statement != PARAMETERS or unfit]
    places = [marker.place for marker in concerned if verdicts.python in hand_written and marker.matches(change, names)]
    words = uses(names, parameters=unfit) if verdicts.python is Verdict.BY_HAND else []
    why = f"{change.why} By hand: the client {'; it '.join(words)}." if words else change.why
    # What only allows more hurts no client, although somebody has to write it anew.
    upgrade = change.upgrade or (verdicts.python is Verdict.BY_HAND and verdicts.http is not Verdict.COMPATIBLE)
    upgrade = upgrade or (change.rule in {"property-renamed", "property-removed"} and not NEEDED.isdisjoint(closest))
    return evolve(change, verdicts=verdicts, by_hand=tuple(dict.fromkeys(places)), why=why, upgrade=upgrade)


def _version(document: Document) -> str:
    info = document.api.get("info")
    return str(info.get("version", "")) if is_object(info) else ""
