"""The effect of each action on a book (docs/semantics.md): the dispatch of A, M, C and R records, for all layouts.

A layout supplies its steps (``Steps``) and gets the function that handles a record: it checks the record, counts its
anomalies and the window of 100 events, and calls the steps in order. Each step occurs as rarely as possible in this
text, because each occurrence is inlined.
"""

from __future__ import annotations

from dataclasses import dataclass

from lobench.engine import anomalies as kind
from lobench.engine.compiling import inlined, kernel
from lobench.engine.counters import LOOKUPS, tally
from lobench.engine.layout import BOOK
from lobench.engine.native import Record, float64, int64, view
from lobench.engine.policy import Kernel
from lobench.engine.records import ADD, ASK, BID, CANCEL, CLEAR, F_TOB, MODIFY, UNDEF_PRICE
from lobench.engine.trackers import moving_average


@kernel
def _close_nothing(state: Record, book_address: int, which: int, probe: Record) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Steps:
    """What a layout does to a book. ``which`` is a side, 0 for bids, 1 for asks; ``place`` is where an order is kept,
    in the layout's own terms.

    - ``find(state, book_address, order_id, probe) -> place``; ``rests(place)``: whether there is such an order.
    - ``terms(state, place) -> (which, price, size)`` of a resting order.
    - ``cancel(state, book_address, which, place, event, probe)``: a C of a resting order, all of it.
    - ``shrink(state, book_address, place, size, probe)``: a resting order keeps its place with a size that is no
      larger.
    - ``relocate(state, book_address, which, place, event, probe)``: a resting order goes to the tail of the queue at
      the event's price, on its side, with the event's size.
    - ``remove(state, book_address, which, place, probe)``: a resting order of any side makes way for a new one of the
      same id, which will stand on side ``which``.
    - ``create(state, book_address, which, event, probe)``: a new order joins the tail at the event's price.
    - ``empty_side(state, book_address, which, probe)``: all orders and levels of a side go.
    - ``place_top(state, book_address, which, price, size, probe)``: an empty side gets one level that belongs to no
      order.
    - ``close_side(state, book_address, which, probe)``: the last step that changes a side in an event was taken; not
      after ``cancel``. By default, nothing is left to do.
    """

    find: Kernel
    rests: Kernel
    terms: Kernel
    cancel: Kernel
    shrink: Kernel
    relocate: Kernel
    remove: Kernel
    create: Kernel
    empty_side: Kernel
    place_top: Kernel
    close_side: Kernel = _close_nothing


@kernel
def side_of(code: int) -> int:
    """0 for ``B``, 1 for ``A``, -1 for any other side byte."""
    which = int64(-1)
    if code == BID:
        which = int64(0)
    elif code == ASK:
        which = int64(1)
    return which


@kernel
def changes_book(action: int) -> bool:
    """Whether records of this action may change a book: those that a layout's ``apply`` handles."""
    # Branch-free: the action is unpredictable.
    return (action == ADD) | (action == CANCEL) | (action == MODIFY) | (action == CLEAR)


@kernel
def note(state: Record, anomaly: int) -> None:
    """Count an anomaly of the event in hand."""
    state["anomalies"][anomaly] += 1
    state["anomaly"] = anomaly


@kernel
def cancelled_size(
    state: Record, event: Record, which: int, own: int, price: int, size: int, window: Record, tracked: bool
) -> int:
    """How much of an order that rests on side ``own`` at ``price`` with ``size`` a C takes; counts its anomalies."""
    wanted = int64(event["size"])
    if price != event["price"] or own != which:
        note(state, kind.CANCEL_MISMATCH)
    if wanted > size:
        note(state, kind.CANCEL_OVERSIZE)
    taken = min(wanted, size)
    if tracked:
        window["cancelled_size"] += taken
    return taken


@kernel
def note_lifetime(book: Record, events: int) -> None:
    """An order was cancelled that had rested for ``events`` events of its book."""
    trackers = book["trackers"]
    trackers["lifetime"] = moving_average(trackers["lifetime"], float64(events))


def build_actions(steps: Steps, tracked: bool) -> Kernel:
    """``dispatch(state, book_address, event, probe)``: handles one record that ``changes_book``; unless ``tracked``,
    without the work that only features need."""
    find, rests, terms, cancel, shrink = steps.find, steps.rests, steps.terms, steps.cancel, steps.shrink
    relocate, remove, create = steps.relocate, steps.remove, steps.create
    empty_side, place_top, close_side = steps.empty_side, steps.place_top, steps.close_side

    @kernel
    def replace_side(state: Record, book_address: int, which: int, event: Record, probe: Record) -> None:
        """A top-of-book record: the side becomes one level that belongs to no order, or empty."""
        price = event["price"]
        size = int64(event["size"])
        if price != UNDEF_PRICE and size == 0:
            note(state, kind.ZERO_SIZE)
        else:
            empty_side(state, book_address, which, probe)
            if price != UNDEF_PRICE:
                place_top(state, book_address, which, price, size, probe)
                if tracked:
                    window = view(book_address, BOOK)["trackers"]["window"]
                    window["adds"] += 1
                    window["added_size"] += size
            close_side(state, book_address, which, probe)

    @inlined
    def change_orders(state: Record, book_address: int, which: int, event: Record, probe: Record) -> None:
        """An A without F_TOB, an M or a C whose side, price and size passed the checks."""
        action = event["action"]
        place = find(state, book_address, int64(event["order_id"]), probe)
        tally(probe, LOOKUPS, 1)
        if action == CANCEL:
            if rests(place):
                cancel(state, book_address, which, place, event, probe)
            else:
                note(state, kind.CANCEL_UNKNOWN_ORDER)
        else:
            fresh = not rests(place)
            if tracked:
                window = view(book_address, BOOK)["trackers"]["window"]
                if action == ADD:
                    window["adds"] += 1
                    window["added_size"] += int64(event["size"])
                else:
                    window["modifies"] += 1
            if rests(place):
                own, price, size = terms(state, place)
                if action == ADD:
                    note(state, kind.ADD_EXISTING_ORDER)
                    fresh = True
                elif own != which:
                    fresh = True
                elif price == event["price"] and int64(event["size"]) <= size:
                    shrink(state, book_address, place, int64(event["size"]), probe)
                else:
                    relocate(state, book_address, which, place, event, probe)
                if fresh:
                    remove(state, book_address, which, place, probe)
            elif action == MODIFY:
                note(state, kind.MODIFY_UNKNOWN_ORDER)
            if fresh:
                create(state, book_address, which, event, probe)
            close_side(state, book_address, which, probe)

    @inlined
    def dispatch(state: Record, book_address: int, event: Record, probe: Record) -> None:
        action = event["action"]
        if action != CLEAR:
            which = side_of(event["side"])
            if action != CANCEL and which < 0:
                note(state, kind.INVALID_SIDE)
            elif action == ADD and (event["flags"] & F_TOB) != 0:
                replace_side(state, book_address, which, event, probe)
            elif action != CANCEL and event["price"] == UNDEF_PRICE:
                note(state, kind.UNDEFINED_PRICE)
            elif action != CANCEL and event["size"] == 0:
                note(state, kind.ZERO_SIZE)
            else:
                change_orders(state, book_address, which, event, probe)
        else:
            for which in range(2):
                empty_side(state, book_address, which, probe)
                close_side(state, book_address, which, probe)

    return dispatch
