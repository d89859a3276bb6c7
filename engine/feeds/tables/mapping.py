"""How the columns of a table make up MBO records: read from a TOML file, or shipped under a name.

docs/feeds.md explains each key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from lobench.engine.errors import UsageError
from lobench.engine.feeds.tables.values import NANOSECONDS

NUMBERS: Final = {
    "publisher_id": "u2",
    "instrument_id": "u4",
    "channel_id": "u1",
    "flags": "u1",
    "ts_in_delta": "i4",
    "sequence": "u4",
    "rtype": "u1",
}
"""Fields that are plain whole numbers, and their dtypes."""
TIMES: Final = ("ts_event", "ts_recv")
FIELDS: Final = (*TIMES, "action", "side", "price", "size", "order_id", "symbol", *NUMBERS)
"""The possible targets of a column."""
_NEEDED: Final = ("ts_event", "action", "side", "price", "size", "order_id")

DELETE, UPDATE = 256, 257
"""Actions of mappings only, for resting orders: remove the whole order, whatever size the row gives, and modify it.
Rows of orders that do not rest give no record."""
ACTIONS: Final = {**{letter: ord(letter) for letter in "AMCRTFN"}, "delete": DELETE, "update": UPDATE}
IDS: Final = ("integer", "uuid", "text")
_KEYS: Final = (
    "title",
    "header",
    "delimiter",
    "columns",
    "time_unit",
    "price_unit",
    "size_unit",
    "order_ids",
    "actions",
    "skip",
    "sides",
    "trade_side",
    "defaults",
    "instruments",
)
SHIPPED: Final = ("bitstamp", "coinbase")


@dataclass(frozen=True, kw_only=True)
class TableMapping:
    """``columns``: for each field the columns that hold it; the first that is not empty counts. ``actions``: for each
    code the records that a row gives, in order. ``price_digits`` and ``size_digits``: powers of ten that a value is
    multiplied by to be a record's."""

    name: str
    columns: Mapping[str, tuple[str, ...]]
    actions: Mapping[str, tuple[int, ...]]
    sides: Mapping[str, int]
    skip: frozenset[str] = frozenset()
    header: tuple[str, ...] | None = None
    delimiter: str = ","
    time_unit: str = "ns"
    price_digits: int = 9
    size_digits: int = 0
    order_ids: str = "integer"
    maker_side: bool = False
    """A trade's row holds the side of the resting order, where a record holds the aggressor's."""
    defaults: Mapping[str, int] = field(default_factory=dict)
    symbol: str | None = None
    instruments: Mapping[str, int] = field(default_factory=dict)

    @property
    def follows_orders(self) -> bool:
        """Whether a row has a meaning only together with resting orders."""
        return any({DELETE, UPDATE} & {*actions} for actions in self.actions.values())

    def needed(self) -> list[str]:
        """All columns that are read, each once."""
        return list(dict.fromkeys(column for names in self.columns.values() for column in names))


def load_mapping(name: str) -> TableMapping:
    """A shipped mapping, or that of a TOML file. Raises UsageError, naming the file and the key."""
    if name in SHIPPED:
        text = files("lobench.engine.feeds.tables").joinpath("mappings", f"{name}.toml").read_text(encoding="utf-8")
    else:
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "is no text"
            shipped = ", ".join(SHIPPED)
            raise UsageError(f"mapping {name}: cannot be read: {reason}; shipped are {shipped}") from error
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"mapping {name}: not TOML: {error}") from error
    return _Reader(name, content).mapping()


class _Reader:
    """Checks a mapping file key by key."""

    def __init__(self, name: str, content: Mapping[str, Any]) -> None:
        self._name, self._content = name, content

    def mapping(self) -> TableMapping:
        self._known(self._content, _KEYS, "")
        defaults, symbol = self._defaults()
        header = self._content.get("header")
        return TableMapping(
            name=self._name,
            columns=self._columns(defaults, symbol),
            actions=self._actions(),
            sides=self._sides(),
            skip=frozenset(self._texts("skip", self._content.get("skip", []))),
            header=None if header is None else tuple(self._texts("header", header)),
            delimiter=self._one_of("delimiter", (",", ";", "\t", "|")),
            time_unit=self._one_of("time_unit", tuple(reversed(NANOSECONDS))),
            price_digits=9 + self._power("price_unit"),
            size_digits=-self._power("size_unit"),
            order_ids=self._one_of("order_ids", IDS),
            maker_side=self._one_of("trade_side", ("aggressor", "maker")) == "maker",
            defaults=defaults,
            symbol=symbol,
            instruments=self._numbers("instruments", "u4"),
        )

    def _columns(self, defaults: Mapping[str, int], symbol: str | None) -> dict[str, tuple[str, ...]]:
        given = self._table("columns")
        self._known(given, FIELDS, "columns.")
        columns = {}
        for name, value in given.items():
            texts = self._texts(f"columns.{name}", [value] if isinstance(value, str) else value)
            if not texts:
                raise self._fail(f"columns.{name}", "names no column")
            columns[name] = tuple(texts)
        missing = [name for name in _NEEDED if name not in columns and name != "side"]
        if missing:
            raise self._fail("columns", f"no column for {', '.join(missing)}")
        if not {"instrument_id", "symbol"} & {*columns, *defaults} and symbol is None:
            raise self._fail("columns", "no column for instrument_id or symbol, and no default for either")
        return columns

    def _actions(self) -> dict[str, tuple[int, ...]]:
        found = {}
        for code, value in self._table("actions").items():
            words = self._texts(f"actions.{code}", [value] if isinstance(value, str) else value)
            if not words or not set(words) <= ACTIONS.keys():
                raise self._fail(f"actions.{code}", f"{value!r}: one or several of {', '.join(ACTIONS)} expected")
            found[code] = tuple(ACTIONS[word] for word in words)
        if not found:
            raise self._fail("actions", "no action has a code")
        return found

    def _sides(self) -> dict[str, int]:
        found = {"": ord("N")}
        for code, value in self._table("sides").items():
            if value not in ("B", "A", "N"):
                raise self._fail(f"sides.{code}", f"{value!r}: B, A or N expected")
            found[code] = ord(value)
        return found

    def _defaults(self) -> tuple[dict[str, int], str | None]:
        given = dict(self._table("defaults"))
        symbol = given.pop("symbol", None)
        if symbol is not None and (not isinstance(symbol, str) or not symbol):
            raise self._fail("defaults.symbol", f"{symbol!r}: a name expected")
        self._known(given, ("publisher_id", "instrument_id", "channel_id", "flags"), "defaults.")
        return {name: self._number(f"defaults.{name}", value, NUMBERS[name]) for name, value in given.items()}, symbol

    def _numbers(self, key: str, dtype: str) -> dict[str, int]:
        return {name: self._number(f"{key}.{name}", value, dtype) for name, value in self._table(key).items()}

    def _number(self, key: str, value: Any, dtype: str) -> int:
        most = 2 ** (8 * int(dtype[1])) - 1
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            raise self._fail(key, f"{value!r}: a whole number from 0 to {most} expected")
        return value

    def _power(self, key: str) -> int:
        """The power of ten that a unit is."""
        given = self._content.get(key, "1")
        try:
            unit = Decimal(given if isinstance(given, str) else repr(given))
            sign, digits, exponent = unit.normalize().as_tuple()
        except InvalidOperation:
            sign, digits, exponent = 1, (), 0
        lowest = -9 if key == "price_unit" else -18
        if sign or digits != (1,) or not isinstance(exponent, int) or not lowest <= exponent <= 0:
            raise self._fail(key, f"{given!r}: 1, 0.1, 0.01 … expected, 1e{lowest} at the least")
        return exponent

    def _one_of(self, key: str, valid: Sequence[str]) -> str:
        given = self._content.get(key, valid[0])
        if given not in valid:
            raise self._fail(key, f"{given!r}: one of {', '.join(map(repr, valid))} expected")
        return str(given)

    def _table(self, key: str) -> Mapping[str, Any]:
        given = self._content.get(key, {})
        if not isinstance(given, dict):
            raise self._fail(key, "a table expected")
        return given

    def _texts(self, key: str, given: Any) -> list[str]:
        if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
            raise self._fail(key, "text, or a list of texts, expected")
        return given

    def _known(self, given: Mapping[str, Any], valid: Sequence[str], before: str) -> None:
        for name in given:
            if name not in valid:
                raise self._fail(before + name, f"no such key; valid: {', '.join(valid)}")

    def _fail(self, key: str, problem: str) -> UsageError:
        return UsageError(f"mapping {self._name}: {key}: {problem}")
