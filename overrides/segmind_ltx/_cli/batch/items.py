"""The items of a batch: one request on each line of a file, checked before anything is sent."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path, PureWindowsPath
from typing import Any, Final, cast

from attrs import define

from segmind_ltx._cli.options import check_worth, file_or_uri
from segmind_ltx._core.parameters import model_named, prepare
from segmind_ltx.errors import ParameterError
from segmind_ltx_api.contract import Model

NO_PARAMETERS: Final = frozenset({"model", "file"})
"""The keys of an item that are not parameters of its model."""
MAX_UNKNOWN: Final = 20
"""If an item has more unknown names than this, they are counted instead of listed."""


class ItemState(StrEnum):
    """The state of an item.

    - not begun, running;
    - saved: its video is in ``file``;
    - failed: there is no job, or the job failed; nothing is billed;
    - unfinished: a job exists and is billed, but its video is not saved yet;
    - uncertain: a job may exist, but its id is unknown;
    - gone: its job ran, and the service no longer keeps the result.
    """

    NOT_BEGUN = "not begun"
    RUNNING = "running"
    SAVED = "saved"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    UNFINISHED = "unfinished"
    GONE = "gone"


@define(eq=False)
class BatchItem:
    """A request of a batch, and its state.

    ``number`` is its line in the file, from 1; ``name`` is the file name of its video. ``file`` is set once the video
    is saved. ``error`` is the class name of the exception whose message is in ``problem``.
    """

    number: int
    model: Model
    parameters: Mapping[str, Any]
    name: str
    digest: str
    state: ItemState = ItemState.NOT_BEGUN
    request_id: str | None = None
    file: Path | None = None
    cost: float | None = None
    problem: str | None = None
    error: str | None = None

    def request(self) -> Any:
        """Build the request. Raises `ParameterError`, for example if its image file has changed.

        It is built for each use and not kept, since an image makes it large.
        """
        return prepare(self.model.slug, self.parameters).request


def request_digest(model: str, request: Mapping[str, Any]) -> str:
    """Return a digest that is the same for equal requests to the same model."""
    return hashlib.sha256(json.dumps([model, request], sort_keys=True).encode()).hexdigest()


def read_items(source: str, *, allow_empty: bool = False) -> list[BatchItem]:
    """Read a file of requests, or standard input if ``source`` is "-"; ``allow_empty`` takes empty prompts too.

    Raises `ParameterError` with every invalid line.
    """
    try:
        content = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise ParameterError(f"{source} cannot be read: {error.strerror}") from None
    items: list[BatchItem] = []
    problems: list[str] = []
    first_lines: dict[str, int] = {}
    for number, text in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not text.strip() or text.lstrip().startswith(b"#"):
            continue
        try:
            item = _parse_item(number, len(items) + len(problems) + 1, text, allow_empty)
            # Some file systems ignore case, so names must differ in more than that.
            first = first_lines.setdefault(item.name.casefold(), number)
            if first != number:
                raise ParameterError(f"the file {item.name!r} is already used by line {first}; give it another name")
            items.append(item)
        except ParameterError as error:
            problems.append(f"line {number}: {error}")
    if not items and not problems:
        problems.append("it contains no request")
    raise_if_any(source, problems)
    return items


def raise_if_any(source: str, problems: list[str]) -> None:
    """Raise a `ParameterError` that lists the problems, if there are any."""
    if problems:
        error = ParameterError("\n  ".join([f"{source}: nothing was sent, because of", *problems]))
        error.problems = tuple(problems)
        raise error


def _parse_item(number: int, count: int, text: bytes, allow_empty: bool) -> BatchItem:
    try:
        parsed: object = json.loads(text.decode(), object_pairs_hook=_reject_duplicate_keys)
    except ParameterError:
        raise
    except (ValueError, RecursionError) as error:
        raise ParameterError(f"it is not JSON: {error}") from None
    if not isinstance(parsed, dict):
        raise ParameterError('it is not a JSON object, such as {"model": "ltx-2-pro", "prompt": "…"}')
    values = cast("dict[str, object]", parsed)
    slug = values.get("model")
    if not isinstance(slug, str):
        raise ParameterError("model is missing" if slug is None else f"model={slug!r} is not a string")
    model = model_named(slug)
    unknown = [name for name in values if name not in model.parameters and name not in NO_PARAMETERS]
    if len(unknown) > MAX_UNKNOWN:  # Each one gets a suggestion, which takes time.
        raise ParameterError(f"{len(unknown)} names are no parameters of {slug}, such as {unknown[0][:80]!r}")
    parameters = {
        name: file_or_uri(model.parameters[name], value) if name in model.parameters else value
        for name, value in values.items()
        if name not in NO_PARAMETERS
    }
    for name, value in parameters.items():
        if name in model.parameters:
            check_worth(model.parameters[name], value, name, allow_empty=allow_empty)
    file = values.get("file", f"{count:04}-{slug}.mp4")
    file_problems = [] if _is_file_name(file) else [f"file={file!r} is not a plain file name, or begins with a dot"]
    try:
        request = prepare(slug, parameters).request
    except ParameterError as error:
        raise ParameterError("; ".join([str(error), *file_problems])) from None
    if file_problems:
        raise ParameterError(*file_problems)
    return BatchItem(number, model, parameters, str(file), request_digest(slug, request.to_dict()))


def _reject_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build a JSON object. Raises `ParameterError` if a key is there twice, since the first value would be ignored."""
    names = set[str]()
    for name, _ in pairs:
        if name in names:
            raise ParameterError(f"{name!r} is there twice")
        names.add(name)
    return dict(pairs)


def _is_file_name(name: object) -> bool:
    """Return whether ``name`` is a visible file directly in a folder, on any system."""
    if not isinstance(name, str) or not name.isprintable() or name.startswith("."):
        return False
    return name != "" and PureWindowsPath(name).name == name
