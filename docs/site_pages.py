"""Pages of the documentation site that are no file of docs/: files from elsewhere in the repository, the command line
from its parser, and the public names of ``lobench``. mkdocs.yml names this module as a hook.
"""

from __future__ import annotations

import argparse
import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from griffe import Extension, Object
from mkdocs.structure.files import File

import lobench
from lobench.workbench.cli import _parser

ROOT = Path(__file__).resolve().parents[1]
FROM_ELSEWHERE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "reports/METHODOLOGY.md": "methodology.md",
    "reports/BIAS.md": "bias.md",
    "examples/engines/README.md": "example-engines.md",
    "reports/published/report.html": "published/report.html",
    "reports/published/charts/ladder.svg": "published/ladder.svg",
}
"""Path in the repository -> path in the site. Other files that a page links to are under files/, unless they are pages;
a link to a folder becomes its text."""
SHOWN_AS = {"reports/published/report.md": "reports/published/report.html"}
POLICIES = ("lobench.engine.policy", "lobench.engine.contracts")
_LINK = re.compile(r"\[([^\]]*)\]\((?![a-z]+:)([^)#\s]+)([)#])")
_EXAMPLE = re.compile(r"^>>> .*(?:\n.+)*", re.MULTILINE)


def on_files(files: Any, config: Any) -> Any:
    """Add all pages that are made here."""
    for source, place in FROM_ELSEWHERE.items():
        files.append(File.generated(config, place, content=(ROOT / source).read_bytes()))
    for place, content in {"command-line.md": command_line(), "api.md": api(), "policies.md": policies()}.items():
        files.append(File.generated(config, place, content=content))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """The page with links between files of the repository turned into links of the site."""
    place = page.file.src_uri
    sources = {shown: source for source, shown in FROM_ELSEWHERE.items()}
    folder = posixpath.dirname(sources.get(place, f"docs/{place}"))

    def turned(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, found[2]))
        target = SHOWN_AS.get(target, target)
        if (ROOT / target).is_dir() and found[3] == ")":
            return found[1]
        shown = FROM_ELSEWHERE.get(target, target.removeprefix("docs/"))
        if shown == target and not target.endswith(".md") and (ROOT / target).is_file():
            shown = f"files/{target}"
            if files.get_file_from_path(shown) is None:
                files.append(File.generated(config, shown, content=(ROOT / target).read_bytes()))
        return f"[{found[1]}]({posixpath.relpath(shown, posixpath.dirname(place) or '.')}{found[3]}"

    return _LINK.sub(turned, markdown)


def command_line() -> str:
    """Every command's help, as it prints it."""
    parts = ["# Command line", "Each section is the text of `--help`."]
    with mock.patch.dict(os.environ, COLUMNS="100", NO_COLOR="1"):
        for name, parser in _parsers(_parser()):
            heading = "#" * max(2, len(name.split()))
            parts += [f"{heading} {name}", f"```text\n{parser.format_help().rstrip()}\n```"]
    return "\n\n".join(parts) + "\n"


def _parsers(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """A command and the commands below it, by the words that are typed."""
    yield parser.prog, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from _parsers(below)


def api() -> str:
    """The public names, by kind."""
    names = sorted(lobench.__all__, key=str.lower)
    errors = [name for name in names if name.endswith(("Error", "Interrupted"))]
    functions = [name for name in names if name[0].islower()]
    classes = [name for name in names if name not in errors and name not in functions]
    parts = ["# Python", "`import lobench`: the public names. [lobench from Python](python.md) shows them in use."]
    for title, kind in (("Functions", functions), ("Classes", classes), ("Errors", errors)):
        parts += [f"## {title}", *(f"::: lobench.{name}" for name in kind)]
    return "\n\n".join(parts) + "\n"


def policies() -> str:
    """The parts of a variant."""
    lead = "A variant has one policy for each axis; [adding a variant](adding-a-variant.md) shows how one is written."
    return "\n\n".join(["# Policies and contracts", lead, *(f"::: {module}" for module in POLICIES)]) + "\n"


class Examples(Extension):
    """Examples of docstrings as code, for mkdocstrings."""

    def on_instance(self, *, obj: Object, **_: Any) -> None:
        if obj.docstring:
            obj.docstring.value = _EXAMPLE.sub(lambda found: f"```pycon\n{found[0]}\n```", obj.docstring.value)
