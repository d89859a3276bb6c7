"""Takes memory without end at a book's event 5,000."""

from dataclasses import replace

from lobench.engine.compiling import kernel
from lobench.engine.layout import BOOK
from lobench.engine.native import view, zeroed
from lobench.engine.policy import Layout
from lobench.engine.reference.general import GENERAL
from lobench.variants import p4_hash_lookup


def build(lookup, memory, tracked, mids):
    general = GENERAL.build(lookup, memory, tracked, mids)
    apply_rightly = general.apply

    @kernel
    def apply(state, book_address, event, probe):
        while view(book_address, BOOK)["events"] == 5000:
            state["memory_state"] = zeroed(1 << 22)
        apply_rightly(state, book_address, event, probe)

    return replace(general, apply=apply)


VARIANT = p4_hash_lookup.VARIANT.derive("takes all memory", layout=Layout(name="takes_all_memory", build=build))
