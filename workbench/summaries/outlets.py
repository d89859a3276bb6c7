"""Where a verb's summary goes beside the terminal: ``--markdown``, ``--github`` and ``--junit``."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from lobench.engine.errors import UsageError
from lobench.engine.feeds.kinds import holds_records
from lobench.workbench.atomic_write import write_whole
from lobench.workbench.summaries import github
from lobench.workbench.summaries.junit import junit
from lobench.workbench.summaries.markdown import markdown
from lobench.workbench.summaries.model import Summary
from lobench.workbench.summaries.terminal import show

STDOUT = "-"

_WRITERS = {"markdown": markdown, "github": github.comment, "junit": junit}
"""Option to the writer of its file."""


def check(arguments: argparse.Namespace) -> None:
    """Refuse files that could not be written, before anything is measured. Raises UsageError."""
    if arguments.markdown == STDOUT and arguments.json:
        raise UsageError("--markdown - and --json both print to standard output; give --markdown a file")
    for option, path in _files(arguments).items():
        problem = _problem(path)
        if problem:
            raise UsageError(f"{path}: {problem}; --{option} takes a file")


def clear(arguments: argparse.Namespace) -> None:
    """Remove the files to be written; anything but a plain file stays."""
    for path in _files(arguments).values():
        if path.is_file():
            path.resolve().unlink()


def deliver(summary: Summary, arguments: argparse.Namespace, first: str = "") -> None:
    """Write the requested files and show the summary on the terminal, unless JSON or Markdown is printed there;
    ``first``: as for ``terminal.show``."""
    if arguments.markdown == STDOUT:
        print(markdown(summary), end="")
    elif not arguments.json:
        show(summary, first)
    for option, path in _files(arguments).items():
        write_whole(path, _WRITERS[option](summary), f"--{option} takes a file")
    if arguments.github is not None:
        github.append_summary(summary)
        for line in github.annotated(summary):
            # The runner reads annotations from stderr, too, and stdout remains the answer.
            print(line, file=sys.stderr)


def command(known: Mapping[str, str] = MappingProxyType({}), more: Sequence[str] = ()) -> str:
    """The command that repeats the typed one, without its output destinations. ``known``: better names of typed words;
    ``more``: additional words."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-o", "--output")
    parser.add_argument("--json", action="store_true")
    for option in _WRITERS:
        parser.add_argument(f"--{option}")
    typed = parser.parse_known_args(sys.argv[1:])[1]
    return shlex.join(["lobench", *(known.get(word, word) for word in typed), *more])


def _files(arguments: argparse.Namespace) -> dict[str, Path]:
    """Option to the file that it names."""
    given = {option: getattr(arguments, option, None) for option in _WRITERS}
    return {option: Path(name) for option, name in given.items() if name is not None and name != STDOUT}


def _problem(path: Path) -> str | None:
    """Why a file cannot be written."""
    if path.is_dir():
        return "is a folder"
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        return "cannot be written"
    return "is market data, which is never replaced" if holds_records(path) else None
