"""Writes where nothing is at a book's event 5,000."""

from dataclasses import replace

from lobench.engine.compiling import kernel
from lobench.engine.layout import BOOK
from lobench.engine.native import INTEGER, int64, view
from lobench.engine.policy import Layout
from lobench.engine.reference.general import GENERAL
from lobench.variants import p4_hash_lookup


def build(lookup, memory, tracked, mids):
    general = GENERAL.build(lookup, memory, tracked, mids)
    apply_rightly = general.apply

    @kernel
    def apply(state, book_address, event, probe):
        if view(book_address, BOOK)["events"] == 5000:
            view(int64(event["publisher_id"]) * 8, INTEGER)["value"] = 1
        apply_rightly(state, book_address, event, probe)

    return replace(general, apply=apply)


VARIANT = p4_hash_lookup.VARIANT.derive("crashes", layout=Layout(name="crashes", build=build))
