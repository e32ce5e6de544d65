"""``python -m segmind_ltx_spec page``: read, check or take over a saved page of the vendor."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from segmind_ltx_spec.contract import read_document
from segmind_ltx_spec.pages.check import Check, check_page
from segmind_ltx_spec.pages.differences import Difference
from segmind_ltx_spec.pages.fragment import FragmentError, fragment_text, make_fragment
from segmind_ltx_spec.pages.merge import MergeError, merged
from segmind_ltx_spec.pages.page import Page
from segmind_ltx_spec.pages.reader import read_page
from segmind_ltx_spec.pages.report import report as make_report
from segmind_ltx_spec.yaml_text import parse_yaml

EXIT_UNREADABLE = 2
PROGRAM = "segmind-ltx spec page"


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``page read``, ``page check``, ``page fragment`` or ``page report``; return the exit status."""
    parser = argparse.ArgumentParser(PROGRAM, description="Read a page of the vendor that was saved as text.")
    parsers(parser)
    options = parser.parse_args(argv)
    status: int = options.run(options)
    return status


def parsers(parent: argparse.ArgumentParser | None = None) -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command by name, below a parser for all of them."""
    commands = (parent or argparse.ArgumentParser(PROGRAM)).add_subparsers(required=True)
    found: dict[str, argparse.ArgumentParser] = {}
    for name, run, words in (
        ("read", _read, "Print what the page says."),
        ("check", _check, "Compare the page with the contract."),
        ("fragment", _fragment, "Make a new model for the contract of the page."),
        ("report", _report, "Check a folder of saved pages, and print the text of an issue."),
    ):
        found[name] = commands.add_parser(name, help=words, description=words)
        found[name].set_defaults(run=run)
    for name in ("read", "check", "fragment"):
        found[name].add_argument("page", type=Path, help="a page saved as text")
    for name in ("read", "check"):
        found[name].add_argument("--json", action="store_true", dest="as_json", help="print one JSON object")
    fragment = found["fragment"]
    fragment.add_argument("--into", type=Path, metavar="OPENAPI", help="print a copy of this document with the model")
    fragment.add_argument("--out", type=Path, metavar="FILE", help="write to this file instead of printing")
    found["report"].add_argument("folder", type=Path, help="a folder with pages saved as *.txt")
    return found


def _read(options: argparse.Namespace) -> int:
    page = read_page(options.page)
    _print(page.json() if options.as_json else _page_text(page))
    return EXIT_UNREADABLE if page.unreadable else 0


def _check(options: argparse.Namespace) -> int:
    check = check_page(read_page(options.page))
    _print(check.json() if options.as_json else _check_text(check))
    return check.exit_status


def _report(options: argparse.Namespace) -> int:
    text, status = make_report(options.folder)
    sys.stdout.write(text)
    return status


def _fragment(options: argparse.Namespace) -> int:
    page = read_page(options.page)
    try:
        text = None if options.into is None else options.into.read_text(encoding="utf-8")
        document = read_document() if text is None else parse_yaml(text)
        fragment = make_fragment(page, options.page.name, document)
        made = fragment_text(fragment) if text is None else merged(text, fragment)
        if options.out is not None:
            options.out.write_text(made, encoding="utf-8")
    except (FragmentError, MergeError, OSError, yaml.YAMLError, KeyError) as error:
        sys.stderr.write(f"{error if not isinstance(error, KeyError) else f'{options.into}: it has no {error}'}\n")
        return EXIT_UNREADABLE if page.unreadable or not isinstance(error, FragmentError) else 1
    for note in fragment.notes:
        sys.stderr.write(f"note: {note}\n")
    asked: list[dict[str, str]] = fragment.schema["x-questions"]
    for question in asked:
        sys.stderr.write(f"question: {question['at']}: {question['ask']}\n")
    if options.out is None:
        sys.stdout.write(made)
    return 0


def _print(what: Any) -> None:
    text = what if isinstance(what, str) else json.dumps(what, indent=2, ensure_ascii=False)
    sys.stdout.write(f"{text}\n")


def _page_text(page: Page) -> str:
    if page.unreadable:
        return f"not read: {page.unreadable}"
    lines = [f"{page.slug} ({page.layout}), v1 {page.v1}, v2 {page.v2}, {page.latency_seconds} s, {page.price}"]
    for name, row in (page.parameters or {}).items():
        need = "required" if row.required else "optional"
        facts = ", ".join(f"{key} {json.dumps(value, ensure_ascii=False)}" for key, value in row.facts.items())
        state = "" if row.state == "read" else f" [{row.state}]"
        lines.append(f"{row.line:4}  {name}: {need} {row.type}{', ' * bool(facts)}{facts}{state}")
        lines += [f"        perhaps {json.dumps(candidate, ensure_ascii=False)}" for candidate in row.candidates]
    lines += [f"{one.line:4}  not understood: {one.text}" for one in page.unread]
    return "\n".join(lines if page.complete else [*lines, f"the saved copy ends in line {page.last_line}"])


def _check_text(check: Check) -> str:
    if check.unreadable:
        return f"not read: {check.unreadable}"
    lines = [_difference_text(one) for one in check.differences]
    lines += [f"{one.of}: the page confirms {one.kind} {one.page!r}, graded {one.grade}" for one in check.confirms]
    return "\n".join(lines or ["the page says what the contract says"])


def _difference_text(one: Difference) -> str:
    place = f" (line {one.line})" if one.line else ""
    grade = f", graded {one.grade}" if one.grade else ""
    spec, page = (json.dumps(value, ensure_ascii=False) for value in (one.spec, one.page))
    return f"{one.of}: {one.kind}: the contract says {spec}{grade}; the page says {page}{place}"
