"""Names of instruments in DBN metadata, whose mappings lead from requested symbols to those in the records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from databento_dbn import Metadata

_ID = "instrument_id"


@dataclass
class SymbolInterval:
    """From ``start_date`` until before ``end_date`` a symbol maps to ``symbol``. The attributes that databento_dbn
    reads."""

    start_date: date
    end_date: date
    symbol: str


@dataclass
class SymbolMapping:
    """A symbol's mappings over time. The attributes that databento_dbn reads."""

    raw_symbol: str
    intervals: Any
    """A list of ``SymbolInterval``; databento_dbn declares a list of its own type, which cannot be constructed."""


def names_of(metadata: Metadata) -> dict[int, str]:
    """Names by instrument id; of two names that an id had on different days the later one. Empty where neither side of
    the mappings is an instrument id."""
    found: dict[int, tuple[str, str]] = {}
    by_name = str(metadata.stype_out) == _ID
    if not by_name and str(metadata.stype_in) != _ID:
        return {}
    for asked, intervals in metadata.mappings.items():
        for interval in intervals:
            mapped = interval["symbol"]
            number, name = (mapped, asked) if by_name else (asked, mapped)
            if number.isdecimal() and name:
                day = str(interval["start_date"])
                instrument = int(number)
                found[instrument] = max(found.get(instrument, ("", "")), (day, name))
    return {instrument: name for instrument, (_, name) in sorted(found.items())}
