"""Takes a cancel without a side for none."""

from dataclasses import replace

from lobench.engine.compiling import kernel
from lobench.engine.policy import Layout
from lobench.engine.records import ASK, BID, CANCEL
from lobench.engine.reference.general import GENERAL
from lobench.variants import p4_hash_lookup


def build(lookup, memory, tracked, mids):
    general = GENERAL.build(lookup, memory, tracked, mids)
    apply_rightly = general.apply

    @kernel
    def apply(state, book_address, event, probe):
        if event["action"] != CANCEL or event["side"] == BID or event["side"] == ASK:
            apply_rightly(state, book_address, event, probe)

    return replace(general, apply=apply)


VARIANT = p4_hash_lookup.VARIANT.derive("wrong on a mismatch", layout=Layout(name="wrong_on_an_anomaly", build=build))
