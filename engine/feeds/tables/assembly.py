"""MBO records out of batches of columns, by a mapping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lobench.engine.feeds.instruments import IdSet
from lobench.engine.feeds.tables import values
from lobench.engine.feeds.tables.mapping import DELETE, NUMBERS, UPDATE, TableMapping
from lobench.engine.feeds.tables.resting import Resting
from lobench.engine.feeds.tables.text import Batch
from lobench.engine.feeds.tables.values import UnfitError
from lobench.engine.records import ADD, CANCEL, F_LAST, FILL, MBO, MODIFY, RTYPE_MBO, TRADE, UNDEF_PRICE

_SIZED = np.array([ADD, MODIFY, CANCEL, TRADE, FILL, UPDATE])
_OTHER_SIDE = np.arange(256, dtype=np.uint8)
_OTHER_SIDE[[ord("A"), ord("B")]] = ord("B"), ord("A")
_SKIPPED = -2

Rows = npt.NDArray[np.int64] | None
"""For each record the row that it is of; None where each row gives one."""
Column = npt.NDArray[Any] | int
"""A field of all records: a value for each, or one for all."""


class Assembler:
    """Makes records of the batches of one iteration, in order. ``symbols``, ``other_records`` (by rtype) and
    ``skipped`` (rows without a record, by kind) hold the counts so far."""

    def __init__(self, mapping: TableMapping, names: list[str]) -> None:
        self._mapping = mapping
        present = {field: [name for name in given if name in names] for field, given in mapping.columns.items()}
        self._columns = {field: found for field, found in present.items() if found}
        skipped = dict.fromkeys(mapping.skip, (_SKIPPED,))
        self._recipes = [*mapping.actions.values(), *skipped.values()]
        self._lengths = np.array([0 if recipe == (_SKIPPED,) else len(recipe) for recipe in self._recipes])
        # One recipe in each row of a table, so that the n-th record of a recipe is an array lookup.
        self._table = np.zeros((len(self._recipes), max(map(len, self._recipes))), np.int16)
        for place, recipe in enumerate(self._recipes):
            self._table[place, : len(recipe)] = recipe
        self._single = bool((self._lengths == 1).all())
        places = {code: place for place, code in enumerate([*mapping.actions, *skipped])}
        # If each row gives one record, as in most tables, a code maps directly to its action.
        self._codes = {code: self._recipes[place][0] for code, place in places.items()} if self._single else places
        self._resting = Resting() if mapping.follows_orders else None
        self._met = IdSet()
        self.symbols: dict[int, str] = {}
        self.other_records: dict[int, int] = {}
        self.skipped: dict[str, int] = {}

    def records(self, batch: Batch) -> npt.NDArray[np.void]:
        """The records of a batch, dtype ``MBO``. Raises UnfitError."""
        if batch.rows == 0:
            return np.zeros(0, MBO)
        codes = values.codes(self._column(batch, "action"), self._codes, "action")
        rows, actions = self._expanded(codes, self._wanted(batch, codes))
        made = self._filled(batch, rows, actions)
        if self._resting is not None:
            kept = self._resting.follow(made, actions)
            if not kept.all():
                self._skip("of an order that does not rest", int(len(kept) - kept.sum()))
                made = made[kept]
                rows = np.flatnonzero(kept) if rows is None else rows[kept]
        if "flags" not in self._columns and len(made):
            made["flags"][slice(None) if rows is None else np.append(rows[1:] != rows[:-1], True)] |= F_LAST
        return made

    def _wanted(self, batch: Batch, codes: npt.NDArray[np.int16]) -> npt.NDArray[np.bool_]:
        """Which rows give records, as far as actions and types say."""
        wanted = np.ones(len(codes), np.bool_) if self._single else self._lengths[codes] > 0
        if not wanted.all():
            for place, count in enumerate(np.bincount(codes[~wanted]).tolist()):
                if count:
                    self._skip([*self._codes][place], count)
        if "rtype" in self._columns:
            types = values.integers(self._column(batch, "rtype"), "u1", "rtype", RTYPE_MBO)
            others = types != RTYPE_MBO
            if others.any():
                for rtype, count in enumerate(np.bincount(types[others]).tolist()):
                    if count:
                        self.other_records[rtype] = self.other_records.get(rtype, 0) + count
                wanted &= ~others
        return wanted

    def _expanded(
        self, codes: npt.NDArray[np.int16], wanted: npt.NDArray[np.bool_]
    ) -> tuple[Rows, npt.NDArray[np.int16]]:
        """Which row each record is of, and its action."""
        if self._single:
            rows = None if wanted.all() else np.flatnonzero(wanted)
            return rows, codes if rows is None else codes[rows]
        lengths = np.where(wanted, self._lengths[codes], 0)
        rows = np.repeat(np.arange(len(codes)), lengths)
        place = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return rows, self._table[codes[rows], place]

    def _filled(self, batch: Batch, rows: Rows, actions: npt.NDArray[np.int16]) -> npt.NDArray[np.void]:
        # Imported here: importing Numba takes longer than refusing a file.
        from lobench.engine.feeds.tables.filling import made_of

        mapping = self._mapping
        columns: dict[str, Column] = {}
        for name, dtype in NUMBERS.items():
            there = name in self._columns and name != "rtype"
            columns[name] = self._number(batch, name, dtype) if there else mapping.defaults.get(name, 0)
        for name in ("ts_event", "ts_recv"):
            field = name if name in self._columns else "ts_event"
            columns[name] = values.times(self._column(batch, field), mapping.time_unit, field)
        columns["side"] = ord("N")
        if "side" in self._columns:
            columns["side"] = values.codes(self._column(batch, "side"), mapping.sides, "side")
        price = self._column(batch, "price")
        columns["price"] = values.scaled(price, mapping.price_digits, "i8", "price", UNDEF_PRICE)
        columns["order_id"] = values.order_ids(self._column(batch, "order_id"), mapping.order_ids, "order_id")
        columns["size"] = self._sizes(batch, rows, actions)
        ids = self._instruments(batch)
        if ids is not None:
            columns["instrument_id"] = ids
        if rows is not None:
            columns = {name: given if isinstance(given, int) else given[rows] for name, given in columns.items()}
        columns["action"] = actions if self._resting is None else np.where(actions < DELETE, actions, 0)
        made = made_of(columns, len(actions))
        if mapping.maker_side:
            trades = actions == TRADE
            made["side"][trades] = _OTHER_SIDE[made["side"][trades]]
        if ids is None and "symbol" in self._columns and len(made):
            self._name(batch, np.atleast_1d(np.asarray(columns["instrument_id"], np.uint32)), rows)
        return made

    def _sizes(self, batch: Batch, rows: Rows, actions: npt.NDArray[np.int16]) -> npt.NDArray[np.uint32]:
        column = self._column(batch, "size")
        found: npt.NDArray[np.uint32] = values.scaled(column, self._mapping.size_digits, "u4", "size", 0)
        if column.null_count:
            rows = np.arange(batch.rows) if rows is None else rows
            missing = column.is_null().to_numpy(zero_copy_only=False)[rows] & np.isin(actions, _SIZED)
            if missing.any():
                raise UnfitError(int(rows[np.argmax(missing)]), "size is empty")
        return found

    def _instruments(self, batch: Batch) -> npt.NDArray[np.uint32] | None:
        """Instrument ids where only names are given, else None."""
        mapping = self._mapping
        if "instrument_id" in self._columns or "instrument_id" in mapping.defaults:
            return None
        column = self._column(batch, "symbol") if "symbol" in self._columns else None
        if column is None or (column.null_count and mapping.symbol is not None):
            column = pa.array([mapping.symbol] * batch.rows) if column is None else column.fill_null(mapping.symbol)
        ids, names = values.symbol_ids(column, mapping.instruments, "symbol")
        for instrument, name in names.items():
            if self.symbols.setdefault(instrument, name) != name:
                raise UnfitError(
                    0, f"symbols {self.symbols[instrument]!r} and {name!r} have the same id; give each its own"
                )
        return ids

    def _name(self, batch: Batch, ids: npt.NDArray[np.uint32], rows: Rows) -> None:
        """Remember the names of instruments that are new."""
        new = self._met.first_of_new(ids)
        names = values.names_in(self._column(batch, "symbol"), new if rows is None else rows[new])
        found = zip(ids[new].tolist(), names, strict=True)
        self.symbols |= {instrument: name for instrument, name in found if name}

    def _number(self, batch: Batch, name: str, dtype: str) -> npt.NDArray[Any]:
        column = self._column(batch, name)
        if name == "sequence" and column.type != pa.uint32():
            # Venues count beyond 32 bits; a record holds the lowest 32.
            return values.integers(column, "u8", name, 0).astype(np.uint32)
        return values.integers(column, dtype, name, 0)

    def _column(self, batch: Batch, field: str) -> pa.Array:
        return values.first_of([batch.columns[name] for name in self._columns[field]])

    def _skip(self, kind: str, count: int) -> None:
        self.skipped[kind] = self.skipped.get(kind, 0) + count


def missing_columns(mapping: TableMapping, names: list[str]) -> list[str]:
    """Columns that a mapping needs and a table does not have."""
    lacking: Mapping[str, tuple[str, ...]] = {
        field: given for field, given in mapping.columns.items() if not set(given) & set(names)
    }
    spare = {*mapping.defaults, *({"symbol"} if mapping.symbol else ())}
    optional = spare | {"ts_recv", "side", "rtype", "channel_id", "ts_in_delta", "sequence", "publisher_id"}
    return [" or ".join(given) for field, given in lacking.items() if field not in optional]
