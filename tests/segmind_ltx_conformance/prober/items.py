"""Plan the paid calls of a run, in the order in which they get a share of the budget."""

from __future__ import annotations

from collections.abc import Iterator

from segmind_ltx_conformance.payloads import base, body_of, example_picture, packs
from segmind_ltx_conformance.prober.options import Options
from segmind_ltx_conformance.prober.packs import AUDIT_CALLS, Item, documented_first, models_of
from segmind_ltx_conformance.prober.selection import selected_items
from segmind_ltx_conformance.target import Target
from segmind_ltx_spec import Contract, Model


def items_of(target: Target, contract: Contract, options: Options) -> list[Item]:
    """Return every planned paid call: one of each model before a second of any, the cheapest first."""
    models = models_of(contract, options)
    if options.free or "valid" not in target.keys or not models:
        return []
    picture = target.picture or example_picture(contract)
    if options.clauses is not None:
        items = list(selected_items(contract, options.clauses, models, picture, every_version=options.every_version))
        items = [item for item in items if item.kind != "failing" or "failing" in target.keys]
        return sorted(items, key=lambda item: (item.rank, item.number))
    items = list(_packed(models, options, picture, clock_control=target.advance is not None))
    first = documented_first(models)[0]
    minimum = base(first, picture)
    if not options.all_packs and options.one_job:
        items.append(Item("v2", first, 1, (0, 0, first.usd_high), body=minimum))
    if options.wants("failing") and "failing" in target.keys:
        items.append(Item("failing", first, 1, (0, 1, first.usd_high), body=minimum))
    if options.wants("duplicate"):
        items.append(Item("duplicate", models[0], 1, (0, 3, models[0].usd_high)))
    return sorted(items, key=lambda item: (item.rank, item.number))


def _packed(models: list[Model], options: Options, picture: str, *, clock_control: bool) -> Iterator[Item]:
    last = documented_first(models)[0] if clock_control and options.wants("retention") else None
    for model in models:
        all_packs = packs(model, picture, options.seed)
        certain = [
            pack for pack in all_packs if not any(choice.clause.endswith("-inferred") for choice in pack.values())
        ]
        audited = min(AUDIT_CALLS, len(certain)) if model is models[0] and options.wants("audit") else 0
        for number, pack in enumerate(all_packs):
            body = body_of(model, pack, picture)
            if options.all_packs:
                # Submit this pack last: the retention stage then has a job that is still young.
                kind = "late" if model is last and number == len(certain) - 1 else "v2"
                yield Item(kind, model, number + 1, (number, 0, model.usd_high), pack, body)
            if pack not in certain:
                continue
            if number >= len(certain) - audited:
                yield Item("audit", model, number + 1, (1, 2, model.usd_high), pack, body)
            elif options.all_packs:
                yield Item("v1", model, number + 1, (number, 2, model.usd_high), pack, body)
