"""Draw the pictures: small SVGs, the same every time if the figures are the same."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.harness import Plot

OURS: Final = "#0b62a4"
OTHER: Final = "#b8560f"
MORE: Final = ("#0b62a4", "#5b9bd5", "#6b3fa0")
LOOK: Final = {
    "svg.hashsalt": "segmind-ltx",
    "svg.fonttype": "none",  # Text as text: a tenth of the size.
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "legend.frameon": False,
}


class Panel(NamedTuple):
    """One case of the schedule: (requests, delay) for fixed intervals, and for our schedule."""

    name: str
    fixed: list[tuple[float, float]]
    ours: Mapping[str, tuple[float, float]]


def save(plot: Plot, folder: Path) -> None:
    """Write a picture into a folder. If the script is stopped meanwhile, the old picture stays as it was."""
    # By name, so that the type checkers need no matplotlib.
    matplotlib: Any = importlib.import_module("matplotlib")
    make: Any = importlib.import_module("matplotlib.figure").Figure
    partial = folder / f"{plot.name}.svg.part"
    with matplotlib.rc_context(LOOK):
        figure: Any = make(figsize=(6.4, 3.4), layout="constrained", facecolor="white")
        plot.draw(figure)
        figure.savefig(partial, format="svg", metadata={"Date": None, "Creator": None})
    partial.replace(folder / f"{plot.name}.svg")


def many_compare(figure: Any, theirs: Mapping[tuple[str, int], float], ours: Mapping[str, float]) -> None:
    """Draw jobs per second: a curve over the number of threads for segmind, a level for each of our clients."""
    axes = figure.subplots()
    for name, marker, colour in (("segmind", "o", OTHER), ("segmind-each", "s", "#d9a679")):
        points = sorted((threads, pace) for (client, threads), pace in theirs.items() if client == name)
        if points:
            label = "segmind" if name == "segmind" else "segmind, a client each"
            axes.plot(*zip(*points, strict=True), marker=marker, color=colour, label=label)
    for (name, pace), colour in zip(ours.items(), MORE, strict=False):
        axes.axhline(pace, color=colour, label=name)
    ticks = sorted({threads for _, threads in theirs})
    axes.set_xscale("log", base=2)
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set(xlabel="threads of segmind", ylabel="jobs/s", ylim=(0, None))
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))


def scaling(figure: Any, counts: Sequence[int], lines: Mapping[str, Sequence[float]]) -> None:
    """Draw the CPU time of a job over the number of jobs."""
    axes = figure.subplots()
    for (name, line), colour in zip(lines.items(), (OURS, OTHER), strict=True):
        axes.plot(counts, line, marker="o", color=colour, label=name)
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.set(xlabel="jobs at once", ylabel="CPU of a job, ms", ylim=(0, None))
    axes.legend()


def polling(figure: Any, panels: Sequence[Panel]) -> None:
    """Draw requests against delay, in four cases."""
    figure.set_size_inches(7.2, 5.4)
    for axes, panel in zip(figure.subplots(2, 2).flat, panels, strict=True):
        axes.plot(*zip(*panel.fixed, strict=True), color=OTHER, marker=".", label="fixed intervals")
        for (name, (requests, delay)), colour in zip(panel.ours.items(), MORE, strict=False):
            axes.plot([requests], [delay], marker="o", linestyle="none", color=colour, label=name)
        axes.set(title=panel.name, xlabel="polls of a job", ylabel="delay, s", xlim=(0, None), ylim=(0, None))
        axes.legend(loc="upper right")
