"""Features are computed for the last event of a call alone: nobody reads the others."""

from dataclasses import replace

from lobench.engine.compiling import kernel
from lobench.engine.native import address_of, view
from lobench.engine.policy import Shape
from lobench.engine.records import MBO
from lobench.engine.reference.event import EVENT
from lobench.variants import p4_hash_lookup


def build(context, layout, until):
    event_shape = EVENT.build(context, layout, until)
    evaluate_now = event_shape.evaluate

    @kernel
    def evaluate(engine, record, book_address, event, tap, probe):
        engine["block"], engine["pending"] = book_address, address_of(event)

    @kernel
    def flush(engine, tap, probe):
        if engine["pending"] != 0:
            evaluate_now(engine, engine["records"], engine["block"], view(engine["pending"], MBO), tap, probe)
            engine["pending"] = 0

    return replace(event_shape, evaluate=evaluate, flush=flush)


VARIANT = p4_hash_lookup.VARIANT.derive("lazy features", shape=Shape("lazy", build))
