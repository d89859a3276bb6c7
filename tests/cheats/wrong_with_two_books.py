"""Leaves out cancels in an instrument's second book."""

from dataclasses import replace

from lobench.engine.compiling import kernel
from lobench.engine.layout import BOOK
from lobench.engine.native import view
from lobench.engine.policy import Layout
from lobench.engine.records import CANCEL
from lobench.engine.reference.general import GENERAL
from lobench.variants import p4_hash_lookup


def build(lookup, memory, tracked, mids):
    general = GENERAL.build(lookup, memory, tracked, mids)
    apply_rightly = general.apply

    @kernel
    def apply(state, book_address, event, probe):
        if event["action"] != CANCEL or view(book_address, BOOK)["next_of_instrument"] == 0:
            apply_rightly(state, book_address, event, probe)

    return replace(general, apply=apply)


VARIANT = p4_hash_lookup.VARIANT.derive("wrong with two books", layout=Layout(name="wrong_with_two_books", build=build))
