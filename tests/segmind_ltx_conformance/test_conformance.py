"""Provide a test for each check to ``pytest --pyargs segmind_ltx_conformance``. `plugin` shows the full command."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from segmind_ltx_conformance.checks import Check

PLUGIN: Final = "segmind_ltx_conformance.plugin"
WHAT_TO_DO: Final = (
    "name the plugin and a target: pytest --pyargs segmind_ltx_conformance "
    f"-p {PLUGIN} --segmind-ltx-target target.toml"
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Create a test for each check, or a single one that says what to do if there is no target."""
    checks: list[Check] = []
    if metafunc.config.pluginmanager.has_plugin(PLUGIN):
        run = sys.modules[PLUGIN].the_run(metafunc.config)
        checks = [*run.judgement.checks] if run is not None else []
    metafunc.parametrize("check", checks or [None], ids=[check.id for check in checks] or ["no-target"])


def test_conformance(check: Check | None, request: pytest.FixtureRequest) -> None:
    """The check has the outcome that its clause demands."""
    if check is None:
        if request.config.option.pyargs or request.config.pluginmanager.has_plugin(PLUGIN):
            pytest.fail(WHAT_TO_DO, pytrace=False)  # The suite was requested: testing nothing must not be green.
        pytest.skip(WHAT_TO_DO)
    plugin = sys.modules[PLUGIN]
    plugin.show(check, plugin.the_run(request.config))
