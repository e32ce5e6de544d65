"""The pages of clauses: one for each model, and one for the clauses that hold for all of them. Each id is an anchor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from docs.words import GRADES, code, grade_badge, graded, plain, table
from segmind_ltx_spec import Clause, Contract, clauses

SHARED: Final = "all-models"
"""The page of the clauses that are about more than one model."""

KINDS: Final = {
    "route": "Routes",
    "payload": "Parameters",
    "video": "The video",
    "auth": "The key",
    "lifecycle": "The life of a job",
    "output": "The output",
    "billing": "Billing",
    "status": "Statuses",
    "transport": "The form of responses",
    "answer": "Fields of responses",
    "header": "Headers of responses",
}
"""The kinds of clauses in the order of the pages; a kind that is not here comes last, under its own name."""


def page_of(clause: Clause) -> str:
    """Return the name of the page that a clause is on, without its suffix."""
    return clause.models[0] if len(clause.models) == 1 else SHARED


def clause_link(clause: Clause, text: str, folder: str = "../clauses/") -> str:
    """Return a link to a clause. ``folder`` leads from the linking page to the pages of clauses."""
    return f"[{text}]({folder}{page_of(clause)}.md#{clause.id})"


def clause_pages(contract: Contract) -> dict[str, str]:
    """Return the pages by file name: ``index.md``, one for each model, and the shared one."""
    everything = clauses(contract)
    names = [*contract.models, SHARED]
    by_page = {name: [clause for clause in everything if page_of(clause) == name] for name in names}
    pages = {f"{name}.md": _page(contract, name, held) for name, held in by_page.items()}
    return {"index.md": _index(contract, everything, by_page), **pages}


def _index(contract: Contract, everything: Sequence[Clause], by_page: dict[str, list[Clause]]) -> str:
    count = {grade: sum(clause.grade == grade for clause in everything) for grade in GRADES}
    grades = table(
        ["grade", "meaning", "clauses"], [[grade_badge(g), words, str(count[g])] for g, words in GRADES.items()]
    )
    pages = table(
        ["page", *GRADES, "all"],
        [
            [
                f"[{_title(contract, name)}]({name}.md)",
                *(str(sum(clause.grade == grade for clause in held)) for grade in GRADES),
                str(len(held)),
            ]
            for name, held in by_page.items()
        ],
    )
    return f"""# Clauses

The contract as {len(everything)} clauses. Each is one rule with an id, a grade and a source. The conformance suite
reports by these ids, and each id is an anchor of this site. Most clauses are derived from
`spec/segmind_ltx_spec/openapi.yaml`; rules that a schema cannot express are in `clauses.yaml` beside it.

{grades}

"The page of ltx-2-pro, line 5" is a line of the saved text of that model's page. Only a broken clause of grade D fails
a run of the suite.

{pages}
"""


def _title(contract: Contract, name: str) -> str:
    return contract.models[name].slug if name in contract.models else "All models"


def _page(contract: Contract, name: str, held: Sequence[Clause]) -> str:
    parts = [f"# Clauses: {_title(contract, name)}"]
    if name in contract.models:
        parts.append(f"The model itself: [{name}](../models/{name}.md).")
    order = [*KINDS, *sorted({clause.kind for clause in held} - KINDS.keys())]
    for kind in order:
        of_kind = [clause for clause in held if clause.kind == kind]
        if of_kind:
            parts.append(f"## {KINDS.get(kind, kind)}")
            parts.extend(_entry(contract, clause) for clause in of_kind)
    return "\n\n".join(parts) + "\n"


def _entry(contract: Contract, clause: Clause) -> str:
    lines = [f"#### {code(clause.id)} {{ #{clause.id} .clause }}", plain(clause.statement)]
    if page_of(clause) == SHARED and len(clause.models) < len(contract.models):
        lines.append(f"Models: {', '.join(clause.models)}.")
    lines.append(f"{graded(contract, clause)}.")
    places = ", ".join(code(pointer) for pointer in clause.pointers)
    lines.append(f'<details class="places" markdown><summary>In openapi.yaml</summary>{places}</details>')
    return "\n\n".join(lines)
