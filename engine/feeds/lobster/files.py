"""LOBSTER files, and the facts in their names: AAPL_2012-06-21_34200000_57600000_message_10.csv."""

from __future__ import annotations

import os
import re
from typing import Final

MESSAGE: Final = "_message_"
ORDER_BOOK: Final = "_orderbook_"

_FIRST = re.compile(rb"\d+(\.\d+)?,[1-7],-?\d+,\d+,-?\d+,(-1|0|1)(,[^,\r\n]*)?\r?(\n|$)")
_TICKER = re.compile(r"([A-Z0-9.-]{1,6})_")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"


def is_lobster(start: bytes) -> bool:
    """Whether data that begins with ``start`` begins with a LOBSTER message: time, type, id, size, price, direction."""
    return _FIRST.match(start) is not None


def order_book_of(path: str) -> str | None:
    """Path of the order book file beside a message file, if there is one."""
    folder, name = os.path.split(path)
    pair = os.path.join(folder, name.replace(MESSAGE, ORDER_BOOK))
    return pair if MESSAGE in name and os.path.isfile(pair) else None


def ticker_of(path: str) -> str | None:
    """The stock that a file's name begins with, if it does."""
    found = _TICKER.match(os.path.basename(path))
    return found[1] if found else None


def instrument_of(ticker: str | None) -> int:
    """An instrument id for a ticker, different for each ticker; 0 for none.

    LOBSTER has no ids: the ticker's characters are the digits of a number in base 39, which for six of them fits in 32
    bits.
    """
    number = 0
    for letter in ticker or "":
        number = number * (len(_LETTERS) + 1) + _LETTERS.index(letter) + 1
    return number
