"""Does not cancel orders of queues longer than 64."""

from dataclasses import replace

from lobench.engine.compiling import kernel
from lobench.engine.layout import BOOK, LEVEL, ORDER
from lobench.engine.native import int64, view
from lobench.engine.policy import Layout
from lobench.engine.records import CANCEL
from lobench.engine.reference.general import GENERAL
from lobench.variants import p4_hash_lookup


def build(lookup, memory, tracked, mids):
    general = GENERAL.build(lookup, memory, tracked, mids)
    apply_rightly, find = general.apply, lookup.find

    @kernel
    def apply(state, book_address, event, probe):
        resting = int64(0)
        if event["action"] == CANCEL:
            resting = find(view(book_address, BOOK), int64(event["order_id"]), None)
        if resting == 0 or view(view(resting, ORDER)["level"], LEVEL)["count"] <= 64:
            apply_rightly(state, book_address, event, probe)

    return replace(general, apply=apply)


VARIANT = p4_hash_lookup.VARIANT.derive(
    "wrong where queues are long", layout=Layout(name="wrong_in_long_queues", build=build)
)
