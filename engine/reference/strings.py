"""Features named by strings: a map from name to value, a string made and hashed for every feature that is added or
read.

The map is an open-addressing table of owned, heap-allocated keys, twice as many slots as features, as a
general-purpose string map is. Adding makes a string; when the name is there already the value is overwritten and the
new string freed. Hash: FNV-1a, 64 bits (Fowler, Noll, Vo).
"""

from __future__ import annotations

import numpy as np

from lobench.engine.compiling import kernel
from lobench.engine.counters import STRING_BYTES_HASHED, STRINGS_MADE, tally
from lobench.engine.native import BYTE, DOUBLE, Record, element, free, int64, malloc, memcmp, uint64, view
from lobench.engine.policy import Features, FeatureStore

ENTRY = np.dtype([("hash", "u8"), ("key", "i8"), ("length", "i8"), ("value", "f8")], align=True)
ENTRY_BYTES = ENTRY.itemsize
_OFFSET = uint64(0xCBF29CE484222325)
_PRIME = uint64(0x100000001B3)


def build_strings(names: tuple[str, ...]) -> FeatureStore:
    """The string store for features of these names."""
    encoded = [name.encode() for name in names]
    lengths = np.array([len(name) for name in encoded], np.int64)
    longest = int(lengths.max())
    text = np.frombuffer(b"".join(name.ljust(longest, b"\0") for name in encoded), np.uint8).reshape(-1, longest)
    slots = 1 << (2 * len(names) - 1).bit_length()
    mask = slots - 1
    count = len(names)

    @kernel
    def start(store: int) -> None:
        pass

    @kernel
    def stop(store: int) -> None:
        for index in range(slots):
            free(view(store + index * ENTRY_BYTES, ENTRY)["key"])

    @kernel
    def make(index: int, probe: Record) -> int:
        length = lengths[index]
        string = malloc(length + 1)
        for place in range(length):
            view(string + place, BYTE)["value"] = text[index, place]
        view(string + length, BYTE)["value"] = 0
        tally(probe, STRINGS_MADE, 1)
        return string

    @kernel
    def entry_of(store: int, string: int, length: int, probe: Record) -> Record:
        """The entry that holds the string, or the empty one where it belongs (its key is 0)."""
        digest = _OFFSET
        for place in range(length):
            digest = (digest ^ uint64(view(string + place, BYTE)["value"])) * _PRIME
        tally(probe, STRING_BYTES_HASHED, length)
        place = int64(digest & uint64(mask))
        while True:
            entry = view(element(store, place, slots, ENTRY_BYTES), ENTRY)
            if entry["key"] == 0:
                entry["hash"] = digest
                break
            if entry["hash"] == digest and entry["length"] == length and memcmp(entry["key"], string, length) == 0:
                break
            place = (place + 1) & mask
        return entry

    @kernel
    def row(store: int, scratch: int) -> int:
        return scratch

    @kernel
    def put(store: int, row: int, probe: Record) -> None:
        for index in range(count):
            string = make(index, probe)
            entry = entry_of(store, string, lengths[index], probe)
            if entry["key"] == 0:
                entry["key"] = string
                entry["length"] = lengths[index]
            else:
                free(string)
            entry["value"] = view(row + 8 * index, DOUBLE)["value"]

    @kernel
    def get(store: int, index: int, probe: Record) -> float:
        string = make(index, probe)
        entry = entry_of(store, string, lengths[index], probe)
        value = entry["value"] if entry["key"] != 0 else np.nan
        free(string)
        return value

    return FeatureStore(bytes=slots * ENTRY_BYTES, start=start, stop=stop, row=row, put=put, get=get)


STRING = Features(name="string", build=build_strings)
