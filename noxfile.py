"""The one task runner: a person, CI and the README all call these sessions.

``python -m nox -s demo`` makes five videos, ``python -m nox -s tests`` runs the tests; ``python -m nox -l`` lists all.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.sessions = ["lint", "types", "drift", "tests", "spec", "docs", "package"]

PYPROJECT = tomllib.loads(Path(__file__).with_name("pyproject.toml").read_text(encoding="utf-8"))
GROUPS: dict[str, list[str]] = PYPROJECT["dependency-groups"]
SUPPORTED = ["3.11", "3.12", "3.13"]
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


@nox.session
def demo(session: nox.Session) -> None:
    """Make one video with each model, out of the sandbox."""
    session.install(".[cli,sandbox]")
    session.run("segmind-ltx", "demo", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests on the Python at hand, then on every other supported one that is installed."""
    _test(session)
    others = [version for version in SUPPORTED if version != HERE]
    present = [version for version in others if _runs(version)]
    for version in present:
        session.notify(f"tests_on-{version}", session.posargs)
    session.log(f"Tested on {HERE}; next: {', '.join(present) or 'nothing more'}.")
    if missing := [version for version in others if version not in present]:
        session.warn(f"Not tested, since they are not installed here: Python {', '.join(missing)}.")


@nox.session(python=SUPPORTED)
def tests_on(session: nox.Session) -> None:
    """Run the tests on one given Python."""
    _test(session)


def _test(session: nox.Session) -> None:
    session.install("-e", ".[all]", *GROUPS["tests"], *GROUPS["generate"])
    session.run("python", "-m", "pytest", *session.posargs)


def _runs(version: str) -> bool:
    """Whether that Python is here and starts; a version manager's shim may be there and not start."""
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
    """Check all types with mypy and pyright, both strict, and that the public ones are complete."""
    session.install("-e", ".[all]", *GROUPS["tests"], *GROUPS["generate"], *GROUPS["spec"], *GROUPS["mutation"])
    session.install(*GROUPS["docs"], *GROUPS["types"])
    session.run("mypy")
    session.run("pyright")
    session.run("pyright", "--verifytypes", "segmind_ltx", "--ignoreexternal")
    # Seeded mistakes that both checkers have to see; `tests` passes them over where there is no checker.
    session.run("python", "-m", "pytest", "tests/project", "-k", "mistake or types")


@nox.session
def faults(session: nox.Session) -> None:
    """Put every fault in front of every kind of call, and write docs/faults.md from what came of it."""
    session.install("-e", ".[all]", *GROUPS["tests"])
    session.run("python", "scripts/faults.py", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """The long forms of two tests: 200 kills at random moments, and 100,000 odd answers."""
    session.install("-e", ".[all]", *GROUPS["tests"])
    tests = ("tests/client/sockets/test_kill.py", "tests/client/unit/test_fuzz.py")
    long = {"SEGMIND_LTX_KILLS": "200", "SEGMIND_LTX_FUZZ": "long"}
    session.run("python", "-m", "pytest", "--durations=0", *tests, *session.posargs, env=long)


@nox.session
def deviations(session: nox.Session) -> None:
    """Show the conformance suite servers that are wrong on purpose, and write docs/deviations.md."""
    session.install("-e", ".[all]", *GROUPS["tests"])
    _run_script(session, "deviations", *session.posargs)


@nox.session
def mutation(session: nox.Session) -> None:
    """Change the client's decisions one by one, see a test fail for each, and write docs/mutation.md."""
    session.install("-e", ".[all]", *GROUPS["tests"], *GROUPS["mutation"])
    _run_script(session, "mutation", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the client beside others, and write docs/benchmarks.md."""
    session.install("-e", ".[all]", *GROUPS["tests"], *GROUPS["bench"])
    _run_script(session, "bench", *session.posargs)


@nox.session
def spec(session: nox.Session) -> None:
    """Show the spec to the tools that others would read it with. Needs Node and npm."""
    session.install("-e", ".", *GROUPS["spec"])
    _run_script(session, "check_spec", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site in build/site, and check its links, anchors and images."""
    session.install("-e", ".[all]", *GROUPS["docs"])
    _run_script(session, "docs")


@nox.session
def regenerate(session: nox.Session) -> None:
    """Write the generated client anew from the spec, and say what changed."""
    session.install("-e", ".", *GROUPS["generate"])
    _run_script(session, "generate.regenerate")


@nox.session
def drift(session: nox.Session) -> None:
    """Fail where the committed generated client is not what the spec gives."""
    session.install("-e", ".", *GROUPS["generate"])
    _run_script(session, "generate.drift")


@nox.session
def package(session: nox.Session) -> None:
    """Build the wheel, install it alone in clean environments, and use it from there."""
    session.install("build")
    session.run("python", "scripts/check_package.py")
