"""Only notes the addresses of records; works when the end state is queried."""

from dataclasses import replace

from lobench.engine.compiling import kernel
from lobench.engine.containers import append, item
from lobench.engine.native import address_of, view
from lobench.engine.policy import Layout
from lobench.engine.records import MBO
from lobench.engine.reference.general import GENERAL
from lobench.variants import p4_hash_lookup


def build(lookup, memory, tracked, mids):
    general = GENERAL.build(lookup, memory, tracked, mids)
    apply_now = general.apply

    @kernel
    def apply(state, book_address, event, probe):
        append(state["batch"], address_of(event))
        append(state["batch"], book_address)

    @kernel
    def arrange(state, dirty):
        notes = state["batch"]
        for place in range(0, notes["count"], 2):
            apply_now(state, item(notes, place + 1), view(item(notes, place), MBO), None)
        notes["count"] = 0

    return replace(general, apply=apply, arrange=arrange)


VARIANT = p4_hash_lookup.VARIANT.derive("defers its work", layout=Layout(name="defers", build=build))
