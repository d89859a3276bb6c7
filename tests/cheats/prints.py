"""Prints when it is loaded, built and run."""

import ctypes
from dataclasses import replace

from lobench.engine.compiling import kernel
from lobench.engine.layout import BOOK
from lobench.engine.native import view
from lobench.engine.policy import Layout
from lobench.engine.reference.general import GENERAL
from lobench.variants import p4_hash_lookup

print("loading")
ctypes.CDLL(None).printf(b"loading\n")


def build(lookup, memory, tracked, mids):
    ctypes.CDLL(None).printf(b"building\n")
    general = GENERAL.build(lookup, memory, tracked, mids)
    apply_rightly = general.apply

    @kernel
    def apply(state, book_address, event, probe):
        if view(book_address, BOOK)["events"] % 1000 == 0:
            print("running")
        apply_rightly(state, book_address, event, probe)

    return replace(general, apply=apply)


VARIANT = p4_hash_lookup.VARIANT.derive("prints", layout=Layout(name="prints", build=build))
