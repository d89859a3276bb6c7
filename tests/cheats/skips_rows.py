"""Leaves out one cancel in 64, by its event number."""

from dataclasses import replace

from engine.compiling import kernel
from engine.layout import BOOK
from engine.native import view
from engine.policy import Layout
from engine.records import CANCEL
from engine.reference.general import GENERAL
from variants import p4_hash_lookup


def build(lookup, memory, tracked, mids):
    general = GENERAL.build(lookup, memory, tracked, mids)
    apply_rightly = general.apply

    @kernel
    def apply(engine, book_address, event, probe):
        if event["action"] != CANCEL or view(book_address, BOOK)["events"] % 64 != 0:
            apply_rightly(engine, book_address, event, probe)

    return replace(general, apply=apply)


VARIANT = p4_hash_lookup.VARIANT.derive("skips some cancels", layout=Layout("skips_rows", build))
