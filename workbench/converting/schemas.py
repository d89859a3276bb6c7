"""The records of the schemas that are written: dtypes by Databento's own definitions of its messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import databento_dbn as dbn
import numpy as np
import numpy.typing as npt

from lobench.engine.errors import UsageError, meant
from lobench.engine.records import MBO

UNDEF_TIME: Final = 2**64 - 1


@dataclass(frozen=True)
class Schema:
    """``dtype`` is packed as DBN has it; ``fields`` are its columns in CSV and Parquet, in the vendor's order.
    ``depth`` levels of the book are in it."""

    name: str
    rtype: int
    dtype: np.dtype[Any]
    fields: tuple[str, ...]
    depth: int = 0

    def empty(self, count: int) -> npt.NDArray[np.void]:
        """Records with their length and type, otherwise 0."""
        made = np.zeros(count, self.dtype)
        made["length"] = self.dtype.itemsize // 4
        made["rtype"] = self.rtype
        return made


def _schema(name: str, rtype: int, message: Any, depth: int = 0) -> Schema:
    kinds = [(field, _kind(field, kind)) for field, kind in message._dtypes]
    return Schema(name, rtype, np.dtype(kinds), tuple(message._ordered_fields), depth)


def _kind(field: str, kind: str) -> Any:
    # One-byte characters as integers, as in MBO.
    return "u1" if field in ("action", "side") else np.dtype(kind).newbyteorder("<")


SCHEMAS: Final[dict[str, Schema]] = {
    schema.name: schema
    for schema in (
        Schema("mbo", 0xA0, MBO, tuple(dbn.MBOMsg._ordered_fields)),
        _schema("mbp-10", 10, dbn.MBP10Msg, 10),
        _schema("mbp-1", 1, dbn.MBP1Msg, 1),
        _schema("bbo-1s", 0xC3, dbn.BBOMsg, 1),
        _schema("bbo-1m", 0xC4, dbn.BBOMsg, 1),
        _schema("trades", 0, dbn.TradeMsg),
    )
}
_ALIASES: Final = {"bbo": "bbo-1s"}
NAMES: Final = (*SCHEMAS, *_ALIASES)


def schema_of(name: str) -> Schema:
    """A schema by its name. Raises UsageError."""
    found = SCHEMAS.get(_ALIASES.get(name, name))
    if found is None:
        raise UsageError(f"--schema {name}: one of {', '.join(NAMES)} expected{meant(name, NAMES)}")
    return found
