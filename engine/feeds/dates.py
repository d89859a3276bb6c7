"""The day that a feed's times count from: read from a file's name, or given, and its midnight in New York.

Files of ITCH and LOBSTER hold the time of day alone, counted from midnight of their market, whose clock changes twice a
year: midnight lies four or five hours after UTC's.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime
from pathlib import PurePath
from zoneinfo import ZoneInfo

from lobench.engine.errors import UsageError
from lobench.engine.feeds.problems import UnreadableError

_EIGHT = re.compile(r"(?<!\d)\d{8}(?!\d)")
_SEPARATED = re.compile(r"(?<!\d)(\d{4})[-_](\d{2})[-_](\d{2})(?!\d)")
_SESSION = re.compile(r"^S(\d{2})(\d{2})(\d{2})(?!\d)")
_FIRST, _LAST = 1970, 2199
"""Years that a name may contain. None of them begins with the number of a month, so that eight digits have one reading.
"""
_ZONE = "America/New_York"


def parse_date(text: str) -> date:
    """A date as a user writes it: 2019-01-30 or 20190130. Raises UsageError."""
    with suppress(ValueError):
        if (found := date.fromisoformat(text)).year in range(_FIRST, _LAST + 1):
            return found
    raise UsageError(f"expected a date like 2019-01-30, from {_FIRST} to {_LAST}, was {text!r}")


def dates_in(name: str) -> set[date]:
    """The dates that a file's name says: YYYYMMDD, MMDDYYYY, YYYY-MM-DD, or MMDDYY after a leading S."""
    said = []
    for digits in _EIGHT.findall(name):
        said += [(digits[:4], digits[4:6], digits[6:]), (digits[4:], digits[:2], digits[2:4])]
    said += _SEPARATED.findall(name)
    said += [(f"20{year}", month, day) for month, day, year in _SESSION.findall(name)]
    found = set()
    for year, month, day in said:
        with suppress(ValueError):
            if _FIRST <= int(year) <= _LAST:
                found.add(date(int(year), int(month), int(day)))
    return found


def day_of(name: str, given: date | None) -> date:
    """The date of a file with this name, or path: the one given, else the one that its name says.

    Raises ``UnreadableError`` where the name says none, or several.
    """
    if given is not None:
        return given
    found = sorted(dates_in(PurePath(name).name))
    if len(found) == 1:
        return found[0]
    what = f"contains several dates ({', '.join(map(str, found))})" if found else "contains no date"
    raise UnreadableError(
        name, f"its times count from midnight and its name {what}: give the date, as in --date 2019-01-30"
    )


def midnight(day: date) -> int:
    """Nanoseconds since the epoch of midnight in New York, where the day begins."""
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(_ZONE)).timestamp()) * 1_000_000_000
