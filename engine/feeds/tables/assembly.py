"""MBO records out of batches of columns, by a mapping."""

from __future__ import annotations

from collections.abc import Mapping

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


class Assembler:
    """Makes records of the batches of one iteration, in order. ``symbols``, ``other_records`` (by rtype) and
    ``skipped`` (rows without a record, by kind) hold what is known so far."""

    def __init__(self, mapping: TableMapping, names: list[str]) -> None:
        self._mapping = mapping
        present = {field: [name for name in given if name in names] for field, given in mapping.columns.items()}
        self._columns = {field: found for field, found in present.items() if found}
        skipped = dict.fromkeys(mapping.skip, (_SKIPPED,))
        self._recipes = [*mapping.actions.values(), *skipped.values()]
        self._codes = {code: place for place, code in enumerate([*mapping.actions, *skipped])}
        self._lengths = np.array([0 if recipe == (_SKIPPED,) else len(recipe) for recipe in self._recipes])
        # A recipe in a row of a table, so that the n-th record of a row is found by its number.
        self._table = np.zeros((len(self._recipes), max(map(len, self._recipes))), np.int16)
        for place, recipe in enumerate(self._recipes):
            self._table[place, : len(recipe)] = recipe
        self._single = bool((self._lengths == 1).all())
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
                made, rows = made[kept], rows[kept]
        if "flags" not in self._columns and len(rows):
            made["flags"][np.append(rows[1:] != rows[:-1], True)] |= F_LAST
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
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int16]]:
        """For each record the row that it is of, and its action."""
        if self._single and wanted.all():  # as most tables are
            return np.arange(len(codes)), self._table[:, 0][codes]
        lengths = np.where(wanted, self._lengths[codes], 0)
        rows = np.repeat(np.arange(len(codes)), lengths)
        place = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return rows, self._table[codes[rows], place]

    def _filled(
        self, batch: Batch, rows: npt.NDArray[np.int64], actions: npt.NDArray[np.int16]
    ) -> npt.NDArray[np.void]:
        mapping = self._mapping
        made = np.zeros(len(rows), MBO)
        made["length"] = MBO.itemsize // 4
        made["rtype"] = RTYPE_MBO
        made["action"] = np.where(actions < DELETE, actions, 0)
        # Most tables have one record a row: nothing is picked then.
        each = len(rows) == batch.rows and bool((rows[1:] > rows[:-1]).all())
        picked: slice | npt.NDArray[np.int64] = slice(None) if each else rows
        for name, dtype in NUMBERS.items():
            if name in self._columns and name != "rtype":
                made[name] = self._number(batch, name, dtype)[picked]
            elif name in mapping.defaults:
                made[name] = mapping.defaults[name]
        for name in ("ts_event", "ts_recv"):
            field = name if name in self._columns else "ts_event"
            made[name] = values.times(self._column(batch, field), mapping.time_unit, field)[picked]
        side = np.full(batch.rows, ord("N"), np.int16)
        if "side" in self._columns:
            side = values.codes(self._column(batch, "side"), mapping.sides, "side")
        made["side"] = side[picked]
        if mapping.maker_side:
            trades = actions == TRADE
            made["side"][trades] = _OTHER_SIDE[made["side"][trades]]
        price = self._column(batch, "price")
        made["price"] = values.scaled(price, mapping.price_digits, "i8", "price", UNDEF_PRICE)[picked]
        made["order_id"] = values.order_ids(self._column(batch, "order_id"), mapping.order_ids, "order_id")[picked]
        self._size(batch, made, actions, rows, picked)
        self._name(batch, made, rows, picked)
        return made

    def _size(
        self,
        batch: Batch,
        made: npt.NDArray[np.void],
        actions: npt.NDArray[np.int16],
        rows: npt.NDArray[np.int64],
        picked: slice | npt.NDArray[np.int64],
    ) -> None:
        column = self._column(batch, "size")
        made["size"] = values.scaled(column, self._mapping.size_digits, "u4", "size", 0)[picked]
        if column.null_count:
            missing = column.is_null().to_numpy(zero_copy_only=False)[rows] & np.isin(actions, _SIZED)
            if missing.any():
                raise UnfitError(int(rows[np.argmax(missing)]), "size is empty")

    def _name(
        self,
        batch: Batch,
        made: npt.NDArray[np.void],
        rows: npt.NDArray[np.int64],
        picked: slice | npt.NDArray[np.int64],
    ) -> None:
        """Instrument ids where only names are given, and names where they are new."""
        mapping = self._mapping
        column = self._column(batch, "symbol") if "symbol" in self._columns else None
        if "instrument_id" not in self._columns and "instrument_id" not in mapping.defaults:
            if column is None or (column.null_count and mapping.symbol is not None):
                column = pa.array([mapping.symbol] * batch.rows) if column is None else column.fill_null(mapping.symbol)
            ids, names = values.symbol_ids(column, mapping.instruments, "symbol")
            for instrument, name in names.items():
                if self.symbols.setdefault(instrument, name) != name:
                    raise UnfitError(
                        0, f"symbols {self.symbols[instrument]!r} and {name!r} have the same id; give them one each"
                    )
            made["instrument_id"] = ids[picked]
        elif column is not None and len(made):
            new = self._met.first_of_new(made["instrument_id"])
            found = zip(made["instrument_id"][new].tolist(), values.names_in(column, rows[new]), strict=True)
            self.symbols |= {instrument: name for instrument, name in found if name}

    def _number(self, batch: Batch, name: str, dtype: str) -> npt.NDArray[np.int64]:
        column = self._column(batch, name)
        if name == "sequence":
            # Venues count further than 32 bits; a record holds the last of them.
            return (values.integers(column, "u8", name, 0) & np.uint64(2**32 - 1)).astype(np.uint32)
        found: npt.NDArray[np.int64] = values.integers(column, dtype, name, 0)
        return found

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
