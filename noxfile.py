"""Define every task of the project as a nox session. People, CI and the README call the same sessions.

``python -m nox -s demo`` makes five videos, ``python -m nox -s tests`` runs the tests, ``python -m nox -l`` lists all.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
# Where uv is installed, an environment takes seconds.
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "types", "drift", "tests", "generator_tests", "spec", "docs", "package"]

PYPROJECT = tomllib.loads(Path(__file__).with_name("pyproject.toml").read_text(encoding="utf-8"))
GROUPS: dict[str, list[str]] = PYPROJECT["dependency-groups"]
SUPPORTED = ["3.11", "3.12", "3.13", "3.14", "3.15"]
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


@nox.session
def demo(session: nox.Session) -> None:
    """Make one video with each model, against the sandbox."""
    session.install(".[cli,sandbox]")
    session.run("segmind-ltx", "demo", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests on the Python at hand, with coverage, then on every other supported one that is installed."""
    # A selection of tests says nothing about coverage.
    _test(session, *([] if session.posargs else ["--cov", "--cov-report=term"]))
    others = [version for version in SUPPORTED if version != HERE]
    present = [version for version in others if _runs(version)]
    for version in present:
        session.notify(f"tests_on-{version}", session.posargs)
    session.log(f"Tested on {HERE}; next: {', '.join(present) or 'nothing more'}.")
    if missing := [version for version in others if version not in present]:
        session.warn(f"Not tested, because they are not installed here: Python {', '.join(missing)}.")


@nox.session(python=SUPPORTED)
def tests_on(session: nox.Session) -> None:
    """Run the tests on one Python, but for those of the repository and of the fleet, which any one Python answers."""
    _test(session, "--ignore=tests/client/fleet", "--ignore=tests/project")


def _test(session: nox.Session, *options: str) -> None:
    # Without the generator, which wants an older typer: what is tested is what users install.
    session.install("-e", ".[all]", *GROUPS["tests"])
    session.run("python", "-m", "pytest", *options, *session.posargs)


@nox.session
def generator_tests(session: nox.Session) -> None:
    """Run the tests that need the generator, in an environment with what is pinned for it."""
    session.install("-e", ".[all]", *GROUPS["tests"], *GROUPS["generate"])
    changes = ("spec/changes/test_diff_generated.py", "spec/changes/test_diff_regenerate.py")
    found = ("project/test_generation.py", "spec/pages/test_page_sixth_model.py", *changes)
    session.run("python", "-m", "pytest", "-n", "0", *(f"tests/{name}" for name in found), *session.posargs)


def _runs(version: str) -> bool:
    """Return if that Python starts. A version manager can leave a shim that does not."""
    try:
        return subprocess.run([f"python{version}", "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _run_script(session: nox.Session, module: str, *arguments: str) -> None:
    """Run a module of ``scripts/``, which is not installed."""
    session.run("python", "-m", module, *arguments, env={"PYTHONPATH": str(Path(__file__).with_name("scripts"))})


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.install(*GROUPS["lint"])
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types with mypy and pyright, both strict, and check that all public types are complete."""
    session.install("-e", ".[all]", *GROUPS["tests"], *GROUPS["generate"], *GROUPS["spec"], *GROUPS["mutation"])
    session.install(*GROUPS["docs"], *GROUPS["types"])
    session.run("mypy")
    session.run("pyright")
    session.run("pyright", "--verifytypes", "segmind_ltx", "--ignoreexternal")
    # A sixth model has types too; `tests` skips this if mypy is not installed.
    session.run("python", "-m", "pytest", "-n", "0", "tests/project/test_generation.py", "-k", "typed")


@nox.session
def faults(session: nox.Session) -> None:
    """Put every fault in front of every kind of call, and write docs/faults.md."""
    session.install("-e", ".[all]", *GROUPS["tests"])
    session.run("python", "scripts/faults.py", *session.posargs)


@nox.session
def environment(session: nox.Session) -> None:
    """Run the commands in odd environments, and write docs/environment.md."""
    session.install("-e", ".[all]", *GROUPS["tests"])
    session.run("python", "scripts/environment.py", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """Run tests in their long form: 200 kills, 100,000 odd responses and calls, 10,000 cancellations, all edits."""
    session.install("-e", ".[all]", *GROUPS["tests"])
    client = ("sockets/test_kill.py", "sockets/test_flat.py", "unit/test_fuzz.py", "live/test_cancel.py")
    tests = [
        *(f"tests/client/{path}" for path in client),
        "tests/conformance/test_traces.py",
        "tests/sandbox/test_deviations.py",
    ]
    long = {"SEGMIND_LTX_KILLS": "200", "SEGMIND_LTX_FUZZ": "long", "SEGMIND_LTX_CANCELLATIONS": "10000"}
    long |= {"SEGMIND_LTX_EDITS": "all", "SEGMIND_LTX_CALLS": "100000"}
    session.run("python", "-m", "pytest", "--durations=0", *tests, *session.posargs, env=long)


@nox.session
def fleet(session: nox.Session) -> None:
    """Kill, pause and stop workers and PostgreSQL in a fleet, count what was paid, and write docs/fleet.md."""
    session.install("-e", ".[all]", *GROUPS["tests"], *GROUPS["fleet"])
    root = Path(__file__).parent
    session.run("python", "-m", "fleet", *session.posargs, env={"PYTHONPATH": f"{root / 'scripts'}:{root / 'tests'}"})


@nox.session
def fleet_tests(session: nox.Session) -> None:
    """Run the tests that need a PostgreSQL, among them a small fleet with every fault."""
    session.install("-e", ".[all]", *GROUPS["tests"], *GROUPS["fleet"])
    storm = {"SEGMIND_LTX_STORM": "1"}
    session.run("python", "-m", "pytest", "-n", "0", "tests/client/fleet", *session.posargs, env=storm)


@nox.session
def leaves(session: nox.Session) -> None:
    """Edit every leaf of the contract, one at a time: `spec diff` must never be silent. Takes minutes."""
    session.install("-e", ".[all]", *GROUPS["tests"], *GROUPS["changes"])
    every = {"SEGMIND_LTX_LEAVES": "all"}
    session.run("python", "-m", "pytest", "tests/spec/changes/test_diff_leaves.py", *session.posargs, env=every)


@nox.session
def deviations(session: nox.Session) -> None:
    """Run the conformance suite against sandboxes with deliberate faults, and write docs/deviations.md."""
    session.install("-e", ".[all]", *GROUPS["tests"])
    _run_script(session, "deviations", *session.posargs)


@nox.session
def mutation(session: nox.Session) -> None:
    """Change the client at one place after another, see if a test fails, and write docs/mutation.md."""
    session.install("-e", ".[all]", *GROUPS["tests"], *GROUPS["mutation"])
    _run_script(session, "mutation", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the client beside others, and write docs/benchmarks.md."""
    session.install("-e", ".[all]", *GROUPS["tests"], *GROUPS["bench"])
    _run_script(session, "bench", *session.posargs)


@nox.session
def pictures(session: nox.Session) -> None:
    """Make the README's pictures. Needs Chromium."""
    session.install("-e", ".[all]")
    session.run("python", "scripts/pictures.py")


@nox.session
def spec(session: nox.Session) -> None:
    """Check the spec with public validators, generators and a mock server. Needs Node and npm."""
    session.install("-e", ".", *GROUPS["spec"])
    _run_script(session, "check_spec", *session.posargs)


@nox.session
def changes(session: nox.Session) -> None:
    """Show changes of the contract to `spec diff` and to three other tools, and write docs/spec-diff.md. Needs npm."""
    session.install("-e", ".[all]", *GROUPS["changes"])
    _run_script(session, "changes", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site in build/site, and check its links, anchors and images."""
    session.install("-e", ".[all]", *GROUPS["docs"])
    _run_script(session, "docs")


@nox.session
def regenerate(session: nox.Session) -> None:
    """Write the generated client from the spec, and print what changed."""
    session.install("-e", ".", *GROUPS["generate"], *GROUPS["contract"])
    _run_script(session, "generate")


@nox.session
def drift(session: nox.Session) -> None:
    """Fail if the committed generated client differs from a new one."""
    session.install("-e", ".", *GROUPS["generate"], *GROUPS["contract"])
    _run_script(session, "generate.drift")


@nox.session
def package(session: nox.Session) -> None:
    """Build the wheel, install it in clean environments, and use it there."""
    session.install("build")
    session.run("python", "scripts/check_package.py")
