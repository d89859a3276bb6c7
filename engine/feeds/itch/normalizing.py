"""Messages to MBO records, in one compiled pass over a piece of a file.

Each message is checked against the length of its kind before any of it is read, and no byte is read beyond the piece.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry, kernel
from lobench.engine.feeds.itch.protocol import LENGTHS, PREFIX
from lobench.engine.feeds.live_orders import (
    SLOT_BYTES,
    Table,
    find,
    home,
    is_ask_at,
    price_at,
    put,
    reduce,
    remove,
    size_at,
)
from lobench.engine.feeds.records_out import write_record
from lobench.engine.native import int64, prefetch, swapped, uint64, view
from lobench.engine.records import (
    ADD,
    ASK,
    BID,
    CANCEL,
    CLEAR,
    F_BAD_TS_RECV,
    F_LAST,
    FILL,
    MBO,
    NO_SIDE,
    TRADE,
    UNDEF_PRICE,
)

PUBLISHER: Final = 2
"""XNAS.ITCH among Databento's publishers."""
_PRICE_UNIT = 100_000
"""1e-4 dollars in units of 1e-9."""
_BYTES = MBO.itemsize
_AHEAD = 12
"""Messages before a message when the slot of its order is asked for."""
_NAMES_ORDER = 19
"""Bytes of a message that hold the order's id, in the kinds that name one."""
MOST_RECORDS: Final = 3
"""Records that one message gives at most."""

MORE, PARTIAL, FULL, GROW, END, BAD_LENGTH, BAD_KIND, BAD_PRICE, BAD_SIZE = range(9)
"""Why a pass stopped: end of the piece, a message that continues beyond it, no room for more records, a half-full
table of live orders, end of the session; or a problem at the returned byte."""

PROBLEMS: Final = {
    BAD_LENGTH: "a message of kind {kind} preceded by the length {length}; {expected} expected",
    BAD_KIND: "a message of unknown kind {kind} and unknown length",
    BAD_PRICE: "a price above ITCH's maximum, 200,000.0000",
    BAD_SIZE: "a cross of more shares than a record's 32 bits hold",
}

STATE: Final = np.dtype(
    [
        ("midnight", "i8"),
        ("messages", "i8"),
        ("live", "i8"),
        ("unknown_replaced", "i8"),
        ("empty_crosses", "i8"),
        ("known_stocks", "i8"),
        ("framed", "i8"),
    ]
)
"""State between passes: the start of the day (ns since the epoch); counts of messages read, live orders, U messages
for unknown orders, Q messages without shares, R messages for known stocks; whether messages are preceded by their
lengths (1) or by 0."""

SHORT = np.dtype([("value", "u2")])
WORD = np.dtype([("value", "u4")])
LONG = np.dtype([("value", "u8")])


@kernel
def short_at(address: int) -> int:
    return int64(swapped(view(address, SHORT)["value"]))


@kernel
def word_at(address: int) -> int:
    return int64(swapped(view(address, WORD)["value"]))


@kernel
def long_at(address: int) -> int:
    return uint64(swapped(view(address, LONG)["value"]))


@kernel
def byte_at(address: int) -> int:
    """The second byte of a big-endian short that begins a byte before: every message has one there."""
    return short_at(address - 1) & 0xFF


@entry
def normalize(
    data: npt.NDArray[np.uint8],
    base: int,
    start: int,
    stop: int,
    out: int,
    room: int,
    table: Table,
    shift: int,
    names: npt.NDArray[np.uint8],
    kinds: npt.NDArray[np.int64],
    states: npt.NDArray[np.void],
) -> tuple[int, int, int]:
    """Normalize the messages in ``data[start:stop]``.

    ``data`` is uint8, shape (n,), at address ``base``; at most ``room`` records are written at the address ``out``.
    ``table`` and ``shift``: the live orders. ``names``, uint8, shape (65536, 8), takes the symbols by stock locate;
    ``kinds``, int64, shape (256,), counts the messages by kind; ``states``: ``STATE``, shape (1,).
    Returns (first byte not handled, records written, status), all int64.
    """
    state = states[0]
    framed = state["framed"] != 0
    midnight = state["midnight"]
    position = start
    count = 0
    status = MORE
    slots = table.ctypes.data
    ahead, distance = start, 0
    while position < stop:
        while distance < _AHEAD and ahead + PREFIX + _NAMES_ORDER <= stop:
            # Prefetch the order's slot while earlier messages are handled. For garbage this is useless but harmless.
            prefetch(slots + home(long_at(base + ahead + PREFIX + 11), shift) * SLOT_BYTES)
            known = LENGTHS[int64(data[ahead + PREFIX])]
            ahead += PREFIX + (known if known != 0 else short_at(base + ahead))
            distance += 1
        distance = max(distance - 1, 0)
        if count + MOST_RECORDS > room:
            status = FULL
            break
        if position + PREFIX >= stop:
            status = PARTIAL
            if position + PREFIX == stop and framed and data[position] == 0 and data[position + 1] == 0:
                status = END
            break
        message = base + position + PREFIX
        length = short_at(message - PREFIX)
        kind = int64(data[position + PREFIX])
        needed = LENGTHS[kind]
        if length != (needed if framed else 0) or needed == 0:
            if not framed:
                status = BAD_KIND if length == 0 else BAD_LENGTH
                break
            if length == 0:
                status = END
                break
            if needed != 0:
                status = BAD_LENGTH
                break
            needed = length  # an unknown kind: skipped
        end = position + PREFIX + needed
        if end > stop:
            status = PARTIAL
            break
        if needed < 12:
            # No known kind is this short; an unknown message this short has no head to read.
            kinds[kind] += 1
            state["messages"] += 1
            position = end
            continue

        locate = short_at(message + 1)
        time = midnight + int64(long_at(message + 3) & uint64(0xFFFFFFFFFFFF))
        sequence = (state["messages"] + 1) & 0xFFFFFFFF
        target = out + count * _BYTES

        if kind == ord("A") or kind == ord("F"):
            if 2 * state["live"] >= len(table):
                status = GROW
                break
            order_id = long_at(message + 11)
            code = byte_at(message + 19)
            size = word_at(message + 20)
            price = word_at(message + 32)
            if price >> 31 != 0:
                status = BAD_PRICE
                break
            side = BID if code == ord("B") else ASK if code == ord("S") else NO_SIDE
            write_record(
                target,
                PUBLISHER,
                locate,
                time,
                order_id,
                price * _PRICE_UNIT,
                size,
                F_LAST,
                ADD,
                side,
                sequence,
            )
            count += 1
            if side != NO_SIDE and size != 0:
                state["live"] += enter(table, shift, order_id, size, int64(side == ASK), price)
        elif kind == ord("D") or kind == ord("X"):
            order_id = long_at(message + 11)
            slot = find(table, shift, order_id)
            side, price, size = NO_SIDE, UNDEF_PRICE, 0
            if kind == ord("X"):
                size = word_at(message + 19)
            if slot >= 0:
                side = ASK if is_ask_at(table, slot) else BID
                price = price_at(table, slot) * _PRICE_UNIT
                if kind == ord("D"):
                    size = size_at(table, slot)
                    remove(table, shift, slot)
                    state["live"] -= 1
                else:
                    state["live"] -= reduce(table, shift, slot, size)
            write_record(target, PUBLISHER, locate, time, order_id, price, size, F_LAST, CANCEL, side, sequence)
            count += 1
        elif kind == ord("E") or kind == ord("C"):
            order_id = long_at(message + 11)
            size = word_at(message + 19)
            slot = find(table, shift, order_id)
            if slot >= 0:
                resting = price_at(table, slot) * _PRICE_UNIT
                price = resting
                printable = True
                if kind == ord("C"):
                    price = word_at(message + 32) * _PRICE_UNIT
                    printable = byte_at(message + 31) != ord("N")
                ask = is_ask_at(table, slot)
                side = ASK if ask else BID
                if printable:
                    aggressor = BID if ask else ASK
                    write_record(
                        target, PUBLISHER, locate, time, uint64(0), price, size, F_LAST, TRADE, aggressor, sequence
                    )
                    target += _BYTES
                    count += 1
                write_record(target, PUBLISHER, locate, time, order_id, price, size, F_LAST, FILL, side, sequence)
                write_record(
                    target + _BYTES, PUBLISHER, locate, time, order_id, resting, size, F_LAST, CANCEL, side, sequence
                )
                count += 2
                state["live"] -= reduce(table, shift, slot, size)
            else:
                write_record(
                    target, PUBLISHER, locate, time, order_id, UNDEF_PRICE, size, F_LAST, CANCEL, NO_SIDE, sequence
                )
                count += 1
        elif kind == ord("U"):
            order_id = long_at(message + 11)
            new_id = long_at(message + 19)
            new_size = word_at(message + 27)
            new_price = word_at(message + 31)
            if new_price >> 31 != 0:
                status = BAD_PRICE
                break
            slot = find(table, shift, order_id)
            if slot >= 0:
                ask = is_ask_at(table, slot)
                side = ASK if ask else BID
                price = price_at(table, slot) * _PRICE_UNIT
                size = size_at(table, slot)
                remove(table, shift, slot)
                state["live"] -= 1
                write_record(target, PUBLISHER, locate, time, order_id, price, size, 0, CANCEL, side, sequence)
                write_record(
                    target + _BYTES,
                    PUBLISHER,
                    locate,
                    time,
                    new_id,
                    new_price * _PRICE_UNIT,
                    new_size,
                    F_LAST,
                    ADD,
                    side,
                    sequence,
                )
                count += 2
                if new_size != 0:
                    state["live"] += enter(table, shift, new_id, new_size, ask, new_price)
            else:
                state["unknown_replaced"] += 1
        elif kind == ord("P"):
            size = word_at(message + 20)
            price = word_at(message + 32) * _PRICE_UNIT
            write_record(target, PUBLISHER, locate, time, uint64(0), price, size, F_LAST, TRADE, NO_SIDE, sequence)
            count += 1
        elif kind == ord("Q"):
            shares = long_at(message + 11)
            if shares >> uint64(32) != uint64(0):
                status = BAD_SIZE
                break
            if shares == uint64(0):
                state["empty_crosses"] += 1
            else:
                price = word_at(message + 27) * _PRICE_UNIT
                write_record(
                    target, PUBLISHER, locate, time, uint64(0), price, int64(shares), F_LAST, TRADE, NO_SIDE, sequence
                )
                count += 1
        elif kind == ord("R"):
            if names[locate, 0] != 0:
                state["known_stocks"] += 1
            else:
                write_record(
                    target, PUBLISHER, locate, time, uint64(0), UNDEF_PRICE, 0, F_BAD_TS_RECV, CLEAR, NO_SIDE, 0
                )
                count += 1
            for place in range(8):
                names[locate, place] = data[position + PREFIX + 11 + place]
        kinds[kind] += 1
        state["messages"] += 1
        position = end
    return position, count, status


@kernel
def enter(table: Table, shift: int, order_id: int, size: int, is_ask: int, price: int) -> int:
    """Keep a live order; returns 1, or 0 where the id was live and its order is replaced."""
    slot = find(table, shift, order_id)
    added = int64(slot < 0)
    put(table, -1 - slot if slot < 0 else slot, order_id, size, is_ask, price)
    return added
