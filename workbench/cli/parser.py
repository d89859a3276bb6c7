"""The parser of the command line: options and positional arguments may be mixed, and a misspelled choice or option is
answered with the closest one."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import NoReturn

from lobench.engine.errors import meant


class Parser(argparse.ArgumentParser):
    """Allows options between positional arguments. argparse alone ends a list of positional arguments at the first
    option, and refuses the FEED of ``cmp A B --budget 5s FEED``."""

    _mixing = False

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        words = sys.argv[1:] if args is None else list(args)
        if self._mixing:
            return super().parse_known_args(words, namespace)
        if not self._mixes(words):
            return self._all_known(*super().parse_known_args(words, namespace))
        # parse_known_intermixed_args calls this method, twice in older versions of Python.
        self._mixing = True
        try:
            found = self.parse_known_intermixed_args(words, namespace)
        finally:
            self._mixing = False
        return self._all_known(*found)

    def _all_known(self, found: argparse.Namespace, unknown: list[str]) -> tuple[argparse.Namespace, list[str]]:
        """Refuse words that belong to nothing, here: the parser of the whole command does not know a verb's options."""
        options = [word.partition("=")[0] for word in unknown if word.startswith("--")]
        if options:
            remedy = meant(options[0], self._option_string_actions)
            self.error(f"no option {options[0]}{remedy or f'; {self.prog} --help lists them'}")
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown

    def _mixes(self, words: Sequence[str]) -> bool:
        """Whether to parse intermixed arguments. Not with subcommands or another program's arguments, after which all
        words are theirs; nor with ``--``, which Python 3.11's parse_known_intermixed_args drops."""
        given = self._get_positional_actions()
        return "--" not in words and not any(action.nargs in (argparse.PARSER, argparse.REMAINDER) for action in given)

    def error(self, message: str) -> NoReturn:
        typed = re.match(r"argument (\S+): invalid choice: '([^']*)' \(choose from (.*)\)$", message, re.DOTALL)
        if typed:
            option, word, choices = typed.groups()
            known = re.findall(r"[\w-]+", choices)
            kind = option.lower() if option.isupper() else option
            message = f"no {kind} '{word}'{meant(word, known) or '.'} Choose from {', '.join(known)}"
        lacking = re.match(r"the following arguments are required: (.*)$", message)
        if lacking:
            # While arguments are parsed intermixed, argparse takes a list that may be empty for required.
            spare = {action.metavar for action in self._get_positional_actions() if action.nargs in ("?", "*")}
            names = [name for name in lacking[1].split(", ") if name not in spare]
            message = f"the following arguments are required: {', '.join(names)}"
        super().error(message)
