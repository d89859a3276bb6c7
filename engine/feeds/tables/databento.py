"""Databento's own tables of MBO, as its ``to_csv`` and ``to_parquet`` write them: prices and times raw or pretty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from lobench.engine.feeds.tables.mapping import FIELDS, TableMapping

_ESCAPED: Final = {'\\"': '"', "\\'": "'", "\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}
_LETTERS: Final = {
    **{chr(code): code for code in range(256)},
    **{text: ord(letter) for text, letter in _ESCAPED.items()},
    **{f"\\u{{{code:x}}}": code for code in range(256)},
}
"""Any byte as an action or a side, as text and as the vendor's encoder escapes it: the book's rules define its meaning.
"""
NEEDED: Final = ("ts_event", "instrument_id", "action", "side", "price", "size", "order_id", "flags")
BOOK: Final = "bid_px_00"
"""A column of tables of books, which some other columns make look like MBO."""

_MAPPING: Final = TableMapping(
    name="databento",
    columns={name: (name,) for name in FIELDS},
    actions={letter: (code,) for letter, code in _LETTERS.items()},
    sides={**_LETTERS, "": ord("N")},
)


def databento(names: Sequence[str], *, raw_prices: bool) -> TableMapping | None:
    """The mapping of a table with these columns; None if it is not a table of MBO. A raw price counts 1e-9."""
    if BOOK in names or not {*NEEDED} <= {*names}:
        return None
    columns = {name: column for name, column in _MAPPING.columns.items() if name in names}
    return replace(_MAPPING, columns=columns, price_digits=0 if raw_prices else 9)
