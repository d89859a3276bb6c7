"""Evaluates every second event alone in a timed build; an observed build does all."""

from dataclasses import replace

from lobench.engine.compiling import kernel
from lobench.engine.policy import Shape
from lobench.engine.reference.event import EVENT
from lobench.variants import p4_hash_lookup


def build(context, layout, until):
    event_shape = EVENT.build(context, layout, until)
    evaluate_rightly = event_shape.evaluate

    @kernel
    def evaluate(state, record, book_address, event, tap, probe):
        if tap is None:
            if record % 2 == 0:
                evaluate_rightly(state, record, book_address, event, tap, probe)
        else:
            evaluate_rightly(state, record, book_address, event, tap, probe)

    return replace(event_shape, evaluate=evaluate)


VARIANT = p4_hash_lookup.VARIANT.derive("the timed build differs", shape=Shape(name="timed_differs", build=build))
