"""The BBO of instruments, which strategies see: each packed book writes its part, an instrument with several books
combines theirs."""

from __future__ import annotations

import numpy as np

from lobench.engine.aligned_alloc import LINE_BYTES, aligned_alloc, aligned_free
from lobench.engine.compiling import kernel
from lobench.engine.counters import LINES_TOUCHED, tally
from lobench.engine.layout import BOOK, INSTRUMENT
from lobench.engine.native import Record, address_of, float64, int64, memcpy, view
from lobench.variants.p7_cache_layout.layout import HEAD, HEAD_BYTES, PEERS, TOUCH, TOUCH_BYTES
from lobench.variants.p7_cache_layout.levels import best_of
from lobench.variants.p7_cache_layout.pool import level_at

_LEAST = -(2**63)
BOTH_BYTES = 2 * TOUCH_BYTES
QUOTE_OFFSET = INSTRUMENT.fields["quote"][1]  # type: ignore[index]


@kernel
def head_of(book_address: int) -> Record:
    """The packed head of the book whose ``BOOK`` record is at this address."""
    return view(book_address - HEAD_BYTES, HEAD)


@kernel
def quote_of(book_address: int) -> int:
    """Address of the BBO of the book's instrument."""
    return view(book_address, BOOK)["instrument"] + QUOTE_OFFSET


@kernel
def peers_at(touches: int) -> Record:
    return view(touches - LINE_BYTES, PEERS)


@kernel
def put_touch(address: int, price: int, size: int, count: int) -> None:
    touch = view(address, TOUCH)
    touch["price"] = price
    touch["size"] = size
    touch["count"] = count


@kernel
def put_part(address: int, which: int, level: Record) -> None:
    """A book's part of its instrument's BBO, to be combined: a price that is larger when it is better, the least of all
    where there is no level."""
    price = level["price"] ^ -which if level["size"] != 0 else int64(_LEAST)
    put_touch(address + which * TOUCH_BYTES, price, level["size"], int64(level["count"]))


@kernel
def combined(head: Record, which: int) -> tuple[int, int, int]:
    """Best price of an instrument's books, with size and count summed over those at it; size 0 if there is none.

    No branch depends on prices: the best venue changes too often to be predicted.
    """
    # Complement an ask's price, so that the best price is the largest on both sides.
    flip = -which
    first = head["touches"] + which * TOUCH_BYTES
    best, size, count = int64(_LEAST), int64(0), int64(0)
    for index in range(peers_at(head["touches"])["count"]):
        touch = view(first + index * BOTH_BYTES, TOUCH)
        rank = touch["price"]
        # Masks, because conditional expressions may compile to branches: the worse price counts with size 0.
        kept, added = -int64(best >= rank), -int64(rank >= best)
        size = (size & kept) + (touch["size"] & added)
        count = (count & kept) + (touch["count"] & added)
        best = max(best, rank)
    price = best ^ flip if size != 0 else int64(0)
    return price, size, count


@kernel(stage="strategies")
def requote(packed: Record, head: Record, which: int, probe: Record) -> None:
    """One side of the instrument's BBO after its book changed."""
    level = level_at(packed, best_of(head, which))
    price, size, count = level["price"], level["size"], int64(level["count"])
    tally(probe, LINES_TOUCHED, 2)
    if head["touch"] != 0:
        put_part(head["touch"], which, level)
        price, size, count = combined(head, which)
        tally(probe, LINES_TOUCHED, peers_at(head["touches"])["count"])
    put_touch(quote_of(address_of(head) + HEAD_BYTES) + which * TOUCH_BYTES, price, size, count)


@kernel(stage="strategies")
def put_mid(instrument: Record) -> None:
    """(bid + ask) / 2e9 of the instrument's BBO, NaN if a side is empty."""
    quote = instrument["quote"]
    mid = (float64(quote["bid_price"]) + float64(quote["ask_price"])) / 2e9
    quote["mid"] = np.nan if quote["bid_size"] == 0 or quote["ask_size"] == 0 else mid


@kernel
def free_touches(touches: int) -> None:
    if touches != 0:
        aligned_free(touches - LINE_BYTES)


@kernel(stage="strategies")
def join_instrument(packed: Record, book_address: int) -> None:
    """A new book, already in its instrument's list: it and its peers get places for their parts of the BBO, in the
    order in which they came."""
    book, head = view(book_address, BOOK), head_of(book_address)
    if book["next_of_instrument"] != 0:
        touches = head_of(book["next_of_instrument"])["touches"]
        if touches == 0:
            touches = move_touches(book["next_of_instrument"], int64(1))
            put_parts(packed, head_of(book["next_of_instrument"]))
        elif peers_at(touches)["count"] == peers_at(touches)["room"]:
            touches = move_touches(book["next_of_instrument"], peers_at(touches)["count"])
        head["touches"] = touches
        head["touch"] = touches + peers_at(touches)["count"] * BOTH_BYTES
        peers_at(touches)["count"] += 1
        put_parts(packed, head)


@kernel
def move_touches(book_address: int, count: int) -> int:
    """Allocate room for twice an instrument's ``count`` books, the last of which is this one, and move the old content
    there. Returns the new address."""
    touches = aligned_alloc(LINE_BYTES + 2 * count * BOTH_BYTES) + LINE_BYTES
    peers_at(touches)["count"] = count
    peers_at(touches)["room"] = 2 * count
    old = head_of(book_address)["touches"]
    if old != 0:
        memcpy(touches, old, count * BOTH_BYTES)
    free_touches(old)
    place = count
    while book_address != 0:
        place -= 1
        head = head_of(book_address)
        head["touches"] = touches
        head["touch"] = touches + place * BOTH_BYTES
        book_address = view(book_address, BOOK)["next_of_instrument"]
    return touches


@kernel
def put_parts(packed: Record, head: Record) -> None:
    """A book's part of the BBO, both sides."""
    for which in range(2):
        put_part(head["touch"], which, level_at(packed, best_of(head, which)))
