"""Compares the calls of several subjects: their results, and the arguments they leave behind."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from lobench.engine.errors import LobenchError
from lobench.workbench.contest.equality import RTOL, difference
from lobench.workbench.contest.states import IncomparableError

Arguments = tuple[Any, ...]

_EXACT = 0.0
_SAY_IT = "--same FILE.py:NAME can decide it"


class Done:
    """One call: its ``result`` and its ``arguments`` after it, or how it ``failed``. The result is a copy if possible:
    the returned object may be a buffer that the next callable fills."""

    def __init__(self, function: Callable[..., Any], arguments: Arguments) -> None:
        self.arguments = arguments
        self.failed: str | None = None
        self.returned: Any = None
        try:
            self.returned = function(*arguments)
        except Exception as error:
            self.failed = raised(error)
        kept = copied((self.returned,))
        self.result: Any = self.returned if kept is None else kept[0]


def differs(first: Done, done: Done) -> str | None:
    """The difference of one subject from the first."""
    try:
        said = difference(first.result, done.result, "the result")
    except IncomparableError as error:
        # The copies cannot be compared, but an object that was returned twice equals itself.
        if first.returned is not done.returned:
            return f"no rule says whether results of type {error} are equal; {_SAY_IT}"
        said = None
    except RecursionError:
        return f"its result contains itself, or is nested too deeply to compare; {_SAY_IT}"
    if said:
        return said
    left = _first_difference(first.arguments, done.arguments, RTOL)
    return f"leaves different arguments behind: {left}" if left else None


def judged(same: Callable[..., Any], expected: Any, found: Any) -> str | None:
    """By the user's rule, which says whether, or raises AssertionError; one that returns nothing has no objection."""
    try:
        said = same(expected, found)
    except AssertionError as error:
        text = " ".join(str(error).split())
        return f"--same rejects the result: {text[:300]}" if text else "--same rejects the result"
    except Exception as error:
        raise LobenchError(f"--same: {raised(error)}") from error
    return None if said is None or said else "--same rejects the result"


def changed(before: Arguments, after: Arguments) -> str | None:
    """How a call changed its arguments; nothing for arguments that cannot be compared."""
    return _first_difference(before, after, _EXACT)


def untold(arguments: Arguments) -> str | None:
    """Arguments whose change by a call would go unnoticed."""
    found = []
    for place, argument in enumerate(arguments):
        kept = copied((argument,))
        try:
            if kept is not None:
                difference(argument, kept[0], "", _EXACT)
                continue
        except (IncomparableError, RecursionError):
            pass
        found.append(f"argument {place} ({type(argument).__name__})")
    return ", ".join(found) or None


def _first_difference(expected: Arguments, found: Arguments, rtol: float) -> str | None:
    for place, (one, other) in enumerate(zip(expected, found, strict=True)):
        try:
            said = difference(one, other, f"argument {place}", rtol)
        except (IncomparableError, RecursionError):
            continue
        if said:
            return said
    return None


def copied(arguments: Arguments) -> Arguments | None:
    """Deep copies; None for arguments that cannot be copied."""
    try:
        return copy.deepcopy(arguments)
    except Exception:
        return None


def raised(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"raises {type(error).__name__}{f': {text[:300]}' if text else ''}"
