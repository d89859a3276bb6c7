"""Tables for tests: records as the vendor's own encoder writes them, and small CSV files."""

from __future__ import annotations

import io
from pathlib import Path

import databento_dbn as dbn
import numpy as np
import numpy.typing as npt

from lobench.engine.feeds import LoadedFeed
from lobench.engine.feeds.base import Chunk
from lobench.engine.records import MBO, RTYPE_MBO
from tests.support.dbn_files import header

HEADER = (
    "ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side,price,size,channel_id,order_id,flags,ts_in_delta,"
    "sequence,symbol"
)
ROW = "1700000000000000002,1700000000000000001,160,2,7,A,B,5510000000,100,0,{order},130,-5,{order},ABC"


def table(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def rows(count: int) -> list[str]:
    """Raw rows with order ids from 1."""
    return [ROW.format(order=order) for order in range(1, count + 1)]


def plausible(count: int, seed: int = 0) -> npt.NDArray[np.void]:
    """Records whose times and letters a table can hold; every other field of any value."""
    rng = np.random.default_rng(seed)
    made = np.frombuffer(rng.bytes(count * MBO.itemsize), MBO).copy()
    made["length"], made["rtype"] = MBO.itemsize // 4, RTYPE_MBO
    made["action"] = rng.choice(list(b"AMCRTFN"), count)
    made["side"] = rng.choice(list(b"ABN"), count)
    for name in ("ts_event", "ts_recv"):
        made[name] = rng.integers(0, 2**62, count)
        made[name][rng.random(count) < 0.1] = 2**64 - 1
    made["price"][rng.random(count) < 0.1] = 2**63 - 1
    return made


def feed_of(made: npt.NDArray[np.void], symbols: dict[int, str] | None = None) -> LoadedFeed:
    return LoadedFeed("made", Chunk(made.ctypes.data, MBO.itemsize, len(made), made), {}, symbols)


def encoded(made: npt.NDArray[np.void], *, pretty: bool) -> bytes:
    """A CSV by the vendor's encoder."""
    text = io.BytesIO()
    encoder = dbn.Transcoder(
        text, dbn.Encoding.from_str("csv"), dbn.Compression.from_str("none"), pretty_px=pretty, pretty_ts=pretty
    )
    encoder.write(header() + made.tobytes())
    encoder.flush()
    return text.getvalue()


def write(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)
