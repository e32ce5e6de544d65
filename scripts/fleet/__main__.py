"""Measure a fleet, stage by stage, and write docs/fleet.md from the results.

    python -m fleet                       the stages that have no result yet
    python -m fleet length many           these, again
    python -m fleet --scale 0.02 many     a smaller form, to try it; its result is printed and not kept
    python -m fleet page                  only the page

Each stage takes at most 30 minutes. Its result is kept in docs/fleet.json, so the session can be ended and run again.
PostgreSQL comes from Debian's package or a wheel, or is the server that SEGMIND_LTX_POSTGRES names.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import _page
from fleet import figures, page, stages

ROOT: Final = Path(__file__).resolve().parents[2]
RESULTS: Final = ROOT / "docs" / "fleet.json"
SCENES: Final = {"length": stages.LENGTH, "many": stages.MANY, "budget": stages.BUDGET, "rate": stages.RATE}
FIGURES: Final[dict[str, Callable[[], dict[str, Any]]]] = {
    "fill": figures.fill,
    "cpu": figures.cpu,
    "memory": figures.memory,
}


def main() -> int:
    """Run the stages; return 1 if one of them found a problem."""
    parser = argparse.ArgumentParser(prog="nox -s fleet --")
    parser.add_argument("stages", nargs="*", choices=[*FIGURES, *SCENES, "page", []])
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the jobs and the faults of a stage")
    options = parser.parse_args()
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    wanted = options.stages or [name for name in (*FIGURES, *SCENES) if name not in results]
    problems: list[str] = []
    for name in wanted:
        if name == "page":
            continue
        result = FIGURES[name]() if name in FIGURES else _run(name, options.scale)
        print(name, json.dumps(result, indent=2), flush=True)
        problems += [f"{name}: {problem}" for problem in result.get("problems", ())]
        if options.scale == 1.0:
            results[name] = result
            _page.write(RESULTS, json.dumps(results, indent=2, sort_keys=True) + "\n")
    if options.scale == 1.0:
        page.write(results)
    print("\n".join(problems) or "no problem found")
    return bool(problems)


def _run(name: str, scale: float) -> dict[str, Any]:
    scene = SCENES[name]
    if scale != 1.0:
        faults = {fault: max(1, round(count * scale)) for fault, count in scene.faults.items()}
        scene = scene._replace(jobs=max(50, round(scene.jobs * scale)), faults=faults)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        return stages.run_scene(Path(folder), scene)


if __name__ == "__main__":
    sys.exit(main())
