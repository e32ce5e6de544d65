"""The lines of a batch: each a request, checked before anything is sent, and the file that its video goes into."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import Any, Final, cast

from attrs import define

from segmind_ltx._cli.options import file_or_uri
from segmind_ltx._core.parameters import model_named, prepare
from segmind_ltx.errors import ParameterError
from segmind_ltx_api.contract import Model

NOT_BEGUN: Final = "not begun"
RUNNING: Final = "running"
SAVED: Final = "saved"
FAILED: Final = "failed"
UNCERTAIN: Final = "uncertain"
UNFINISHED: Final = "unfinished"
GONE: Final = "gone"

NO_PARAMETERS: Final = frozenset({"model", "file"})
"""What a line says besides the parameters."""


@define(eq=False)
class Line:
    """A request, and what has become of it.

    ``state`` is one of

    - not begun, running;
    - saved: ``file`` is where its video lies;
    - failed: there is no job, or it failed, and nothing is billed;
    - unfinished: there is a job and it is billed, but its video is not here yet;
    - uncertain: there may be a job, which nobody knows the id of;
    - gone: its job ran, and its hour is over.
    """

    number: int
    model: Model
    parameters: Mapping[str, Any]
    name: str
    digest: str
    state: str = NOT_BEGUN
    request_id: str | None = None
    file: Path | None = None
    cost: float | None = None
    problem: str | None = None
    error: str | None = None
    """The name of the exception whose message the problem is."""

    def request(self) -> Any:
        """The request, made anew: with its picture it may be large. Raises `ParameterError`."""
        return prepare(self.model.slug, self.parameters).request


def digest_of(model: str, request: Mapping[str, Any]) -> str:
    """What two lines have in common where they ask for the same."""
    return hashlib.sha256(json.dumps([model, request], sort_keys=True).encode()).hexdigest()


def read_lines(source: str) -> list[Line]:
    """All lines of a file, or of standard input for "-". Raises `ParameterError`, which lists each wrong one."""
    try:
        content = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise ParameterError(f"{source} cannot be read: {error.strerror}") from None
    lines: list[Line] = []
    problems: list[str] = []
    seen: dict[str, int] = {}
    for number, text in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not text.strip() or text.lstrip().startswith(b"#"):
            continue
        try:
            line = _line(number, len(lines) + len(problems) + 1, text)
            # As a disk would see it that takes no notice of case.
            first = seen.setdefault(line.name.casefold(), number)
            if first != number:
                raise ParameterError(f"the file {line.name!r} is that of line {first} already")
            lines.append(line)
        except ParameterError as error:
            problems.append(f"line {number}: {error}")
    if not lines and not problems:
        problems.append("there is no request in it")
    check(source, problems)
    return lines


def check(source: str, problems: list[str]) -> None:
    """Raises `ParameterError` where there are any problems."""
    if problems:
        error = ParameterError("\n  ".join([f"{source}: nothing was sent, since", *problems]))
        error.problems = tuple(problems)
        raise error


def _line(number: int, count: int, text: bytes) -> Line:
    try:
        given: object = json.loads(text.decode(), object_pairs_hook=_once)
    except ParameterError:
        raise
    except (ValueError, RecursionError) as error:
        raise ParameterError(f"it is not JSON: {error}") from None
    if not isinstance(given, dict):
        raise ParameterError('it is not a JSON object, such as {"model": "ltx-2-pro", "prompt": "…"}')
    values = cast("dict[str, object]", given)
    slug = values.get("model")
    if not isinstance(slug, str):
        raise ParameterError("model is missing" if slug is None else f"model={slug!r} is not a name")
    model = model_named(slug)
    parameters = {
        name: file_or_uri(model.parameters[name], value) if name in model.parameters else value
        for name, value in values.items()
        if name not in NO_PARAMETERS
    }
    name = values.get("file", f"{count:04}-{slug}.mp4")
    wrong = [] if _is_name(name) else [f"file={name!r} is no name for a file in the folder, or begins with a dot"]
    try:
        request = prepare(slug, parameters).request
    except ParameterError as error:
        raise ParameterError("; ".join([str(error), *wrong])) from None
    if wrong:
        raise ParameterError(*wrong)
    return Line(number, model, parameters, str(name), digest_of(slug, request.to_dict()))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON lets a name come twice, and the first be forgotten; here that is a mistake that would cost money."""
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ParameterError(f"{name!r} is there twice")
    return dict(pairs)


def _is_name(name: object) -> bool:
    """Whether it names a file in the folder, on any system. Hidden ones are for what is not finished."""
    if not isinstance(name, str) or not name.isprintable() or name.startswith("."):
        return False
    return name != "" and PureWindowsPath(name).name == name
