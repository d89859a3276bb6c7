"""Does not cancel orders of queues longer than 64."""

from dataclasses import replace

from engine.compiling import kernel
from engine.layout import BOOK, LEVEL, ORDER
from engine.native import int64, view
from engine.policy import Layout
from engine.records import CANCEL
from engine.reference.general import GENERAL
from variants import p4_hash_lookup


def build(lookup, memory, tracked, mids):
    general = GENERAL.build(lookup, memory, tracked, mids)
    apply_rightly, find = general.apply, lookup.find

    @kernel
    def apply(engine, book_address, event, probe):
        resting = int64(0)
        if event["action"] == CANCEL:
            resting = find(view(book_address, BOOK), int64(event["order_id"]), None)
        if resting == 0 or view(view(resting, ORDER)["level"], LEVEL)["count"] <= 64:
            apply_rightly(engine, book_address, event, probe)

    return replace(general, apply=apply)


VARIANT = p4_hash_lookup.VARIANT.derive("wrong where queues are long", layout=Layout("wrong_in_long_queues", build))
