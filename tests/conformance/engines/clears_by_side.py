"""A variant for which the side of an R means something: one of side B leaves the book as it is."""

from dataclasses import replace

from lobench.engine.compiling import kernel
from lobench.engine.policy import Layout
from lobench.engine.records import BID, CLEAR
from lobench.engine.reference.general import GENERAL
from lobench.variants import p4_hash_lookup


def build(lookup, memory, tracked, mids):
    general = GENERAL.build(lookup, memory, tracked, mids)
    apply_rightly = general.apply

    @kernel
    def apply(state, book_address, event, probe):
        if event["action"] != CLEAR or event["side"] != BID:
            apply_rightly(state, book_address, event, probe)

    return replace(general, apply=apply)


VARIANT = p4_hash_lookup.VARIANT.derive("clears by side", layout=Layout(name="clears_by_side", build=build))
