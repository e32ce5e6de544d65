"""Provide a test for each clause to ``pytest --pyargs segmind_ltx_conformance``. `plugin` shows the full command."""

from __future__ import annotations

import sys
from typing import Final

import pytest

PLUGIN: Final = "segmind_ltx_conformance.plugin"
WHAT_TO_DO: Final = (
    "name the plugin and a target: pytest --pyargs segmind_ltx_conformance "
    f"-p {PLUGIN} --segmind-ltx-target target.toml"
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Create a test for each selected clause, or a single one that says what to do if there is no target."""
    found: list[str] = []
    if metafunc.config.pluginmanager.has_plugin(PLUGIN):
        found = sys.modules[PLUGIN].clause_ids(metafunc.config)
    metafunc.parametrize("clause", found or [None], ids=found or ["no-target"])


def test_conformance(clause: str | None, request: pytest.FixtureRequest) -> None:
    """Every check of the clause has the outcome that the clause demands."""
    if clause is None:
        if request.config.option.pyargs or request.config.pluginmanager.has_plugin(PLUGIN):
            pytest.fail(WHAT_TO_DO, pytrace=False)  # The suite was requested: testing nothing must not be green.
        pytest.skip(WHAT_TO_DO)
    plugin = sys.modules[PLUGIN]
    collected = [
        item.callspec.params["clause"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and getattr(item, "originalname", "") == "test_conformance"
    ]
    run = plugin.the_run(request.config, collected)
    plugin.show([check for check in run.judgement.checks if check.clause.id == clause], run)
