"""Computes features for the last event of a call only: nothing reads the others."""

from dataclasses import replace

from lobench.engine.compiling import kernel
from lobench.engine.layout import integers, record
from lobench.engine.native import address_of, free, view, zeroed
from lobench.engine.policy import Shape
from lobench.engine.records import MBO
from lobench.engine.reference.event import EVENT
from lobench.variants import p4_hash_lookup

LAST = record(*integers("book", "event"))
LAST_BYTES = LAST.itemsize


def build(context, layout, until):
    event_shape = EVENT.build(context, layout, until)
    evaluate_now = event_shape.evaluate

    @kernel
    def prepare(state):
        if state["shape_state"] == 0:
            state["shape_state"] = zeroed(LAST_BYTES)

    @kernel
    def evaluate(state, record, book_address, event, tap, probe):
        last = view(state["shape_state"], LAST)
        last["book"], last["event"] = book_address, address_of(event)

    @kernel
    def flush(state, tap, probe):
        last = view(state["shape_state"], LAST)
        if last["event"] != 0:
            evaluate_now(state, state["records"], last["book"], view(last["event"], MBO), tap, probe)
            last["event"] = 0

    @kernel
    def destroy(state):
        free(state["shape_state"])

    return replace(event_shape, prepare=prepare, evaluate=evaluate, flush=flush, destroy=destroy)


VARIANT = p4_hash_lookup.VARIANT.derive("lazy features", shape=Shape(name="lazy", build=build))
