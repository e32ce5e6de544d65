"""``segmind-ltx models``: what each model takes, costs and needs in time."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from segmind_ltx._cli import options
from segmind_ltx._cli.output import emit_json, exit_on_error, out
from segmind_ltx._cli.tables import Column, fitting_table
from segmind_ltx._core.parameters import model_named
from segmind_ltx_api.contract import MODELS, Model

_COLUMNS: Final = (
    Column("parameter", 0),
    Column("allowed", 0, wraps=True),
    Column("default", 1, wraps=True),
    Column("description", 2, wraps=True),
    Column("type", 3),
)


def _complete_model(incomplete: str) -> list[str]:
    return [slug for slug in MODELS if slug.startswith(incomplete)]


def models(
    model: Annotated[
        str | None, typer.Argument(metavar="[MODEL]", autocompletion=_complete_model, help="Show this model alone.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """List the models and their parameters, with prices and usual times."""
    with exit_on_error(as_json):
        chosen = list(MODELS.values()) if model is None else [model_named(model)]
        if as_json:
            emit_json({one.slug: _model_facts(one) for one in chosen})
        else:
            _print_models(chosen)


def _model_facts(model: Model) -> dict[str, Any]:
    return {
        "summary": model.summary,
        "usd_low": model.usd_low,
        "usd_high": model.usd_high,
        "seconds": model.seconds,
        "parameters": [parameter._asdict() for parameter in model.parameters.values()],
    }


def _print_models(chosen: list[Model]) -> None:
    for model in chosen:
        rows = [
            (p.name, options.describe_allowed(p), options.describe_default(p), p.description, " or ".join(p.types))
            for p in model.parameters.values()
        ]
        table = fitting_table(f"{model.slug}: {model.summary}", _COLUMNS, rows, out.width)
        table.caption = f"usually {model.seconds:g} s, {options.describe_price(model)}"
        out.print(table)
