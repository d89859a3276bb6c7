"""A rule for a person: its text and section, its stream, its required results."""

from __future__ import annotations

from typing import Final

from lobench.engine.records import F_LAST, F_SNAPSHOT, F_TOB, UNDEF_PRICE
from lobench.workbench.conformance.observation import counted, levels
from lobench.workbench.conformance.rule import Rule
from lobench.workbench.conformance.stream import Row

_MOST: Final = 40
"""Rows of a stream that are shown."""
_FLAGS: Final = ((F_LAST, "LAST"), (F_TOB, "TOB"), (F_SNAPSHOT, "SNAPSHOT"))
HEADINGS: Final = ("record", "book", "action", "side", "price", "size", "order id", "flags")


def rows(rule: Rule) -> list[tuple[str, ...]]:
    """The stream as a table under ``HEADINGS``; the middle of a long one is left out."""
    told = [_row(number, row) for number, row in enumerate(rule.stream)]
    if len(told) <= _MOST:
        return told
    half = _MOST // 2
    between = (f"{len(told) - 2 * half} more", *("…" for _ in HEADINGS[1:]))
    return [*told[:half], between, *told[-half:]]


def expected(rule: Rule) -> list[str]:
    """The required results, one line each."""
    lines = []
    for shown in rule.shows:
        whose = f"book {shown.book[0]}/{shown.book[1]}"
        for name, side in (("bids", shown.bids), ("asks", shown.asks)):
            if side is not None:
                lines.append(f"{whose}, {name}: {levels(side)}")
        lines += [f"{whose}, {name}: {value!r}" for name, value in shown.features.items()]
        for end in shown.accounts.values():
            lines.append(
                f"{whose}, account of {end.name}: position {end.position}, cash {end.cash!r}, equity {end.equity!r}, "
                f"{end.trades} trades"
            )
    if rule.anomalies is not None:
        lines.append(f"anomalies: {counted(rule.anomalies)}")
    if rule.compared == "one call":
        lines.append("everything that the engine shows of the same records in one call")
    if rule.compared == "trace":
        lines.append("the trace that follows from the rows that the engine shows")
    return lines


def how(rule: Rule) -> str:
    """How the stream is handed over, where that matters."""
    told = []
    if rule.evaluate != "last":
        told.append("evaluated at every record")
    if rule.calls:
        told.append(f"in calls of {', '.join(map(str, rule.calls[:8]))}{' …' if len(rule.calls) > 8 else ''} records")
    if rule.stride != 56:
        told.append(f"{rule.stride} bytes from one record to the next")
    if rule.beside:
        told.append("beside a second engine that receives them, too")
    if rule.asked:
        told.append("asked about its books after each call")
    if rule.scrambled:
        told.append("with times, sequence numbers and channels in disorder")
    return ", ".join(told)


def _row(number: int, row: Row) -> tuple[str, ...]:
    known = [name for bit, name in _FLAGS if row.flags & bit]
    other = row.flags & ~(F_LAST | F_TOB | F_SNAPSHOT)
    flags = "|".join([*known, *([f"{other:#04x}"] if other else [])])
    price = "undefined" if row.price == UNDEF_PRICE else _decimal(row.price)
    action, side = (text if text.isprintable() else repr(text) for text in (row.action, row.side))
    book = f"{row.book[0]}/{row.book[1]}"
    return (str(number), book, action, side, price, str(row.size), str(row.order_id), flags or "-")


def _decimal(price: int) -> str:
    """A price in units of 1e-9 as an exact decimal number."""
    whole, part = divmod(abs(price), 10**9)
    digits = f"{whole}.{part:09d}".rstrip("0").rstrip(".")
    return f"-{digits}" if price < 0 else digits
