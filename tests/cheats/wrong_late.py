"""Right for the first 2^20 records."""

from dataclasses import replace

from lobench.engine.compiling import kernel
from lobench.engine.policy import Layout
from lobench.engine.records import CANCEL
from lobench.engine.reference.general import GENERAL
from lobench.variants import p4_hash_lookup


def build(lookup, memory, tracked, mids):
    general = GENERAL.build(lookup, memory, tracked, mids)
    apply_rightly = general.apply

    @kernel
    def apply(state, book_address, event, probe):
        if state["records"] < (1 << 20) or event["action"] != CANCEL:
            apply_rightly(state, book_address, event, probe)

    return replace(general, apply=apply)


VARIANT = p4_hash_lookup.VARIANT.derive("wrong after 2^20 records", layout=Layout(name="wrong_late", build=build))
