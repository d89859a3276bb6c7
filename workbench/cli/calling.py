"""A command's arguments from Python: the same words, defaults, units and errors as on the command line."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from typing import Any, NoReturn

from lobench.engine.errors import UsageError


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def arguments_of(verb: str, words: Sequence[str] = (), /, **options: Any) -> argparse.Namespace:
    """The arguments that the verb's parser makes of positional words and options.

    An option that is None or False is left out, True stands for the bare option, each entry of a list is given, and
    other values are written as text. Raises UsageError where the command would refuse.
    """
    parser = _Parser(prog=f"lobench {verb}", allow_abbrev=False)
    importlib.import_module(f"lobench.workbench.cli.{verb}").add_arguments(parser)
    given = []
    for name, value in options.items():
        option = f"--{name.replace('_', '-')}" if len(name) > 1 else f"-{name}"
        if value is True:
            given.append(option)
        elif isinstance(value, list | tuple):
            given += [f"{option}={each}" for each in value]
        elif value is not None and value is not False:
            given.append(f"{option}={value}")
    settings = [word for word in words if word.startswith("--")]
    return parser.parse_args([*given, *settings, "--", *(word for word in words if word not in settings)])
