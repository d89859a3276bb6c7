"""Right as long as there is one worker."""

from dataclasses import replace

from lobench.engine.compiling import kernel
from lobench.engine.policy import Layout
from lobench.engine.records import MODIFY
from lobench.engine.reference.general import GENERAL
from lobench.variants import p4_hash_lookup


def build(lookup, memory, tracked, mids):
    general = GENERAL.build(lookup, memory, tracked, mids)
    apply_rightly = general.apply

    @kernel
    def apply(state, book_address, event, probe):
        if state["workers"] == 1 or event["action"] != MODIFY:
            apply_rightly(state, book_address, event, probe)

    return replace(general, apply=apply)


VARIANT = p4_hash_lookup.VARIANT.derive("right for one worker", layout=Layout(name="one_worker_only", build=build))
