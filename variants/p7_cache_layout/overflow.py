"""The levels of a side outside its window: a B+ tree from a price's key to a level's number.

Any number of any prices may be here, so no operation may cost more than their logarithm: a search visits one node for
each height, an added or removed level moves the rungs of one node. All levels are in the leaves. Nodes of one height
are linked, and an empty node is removed; half-empty ones stay until the next window is made, which rebuilds the tree.

An inner rung's key is the largest that its child may hold. A node's last child holds all larger keys, whatever its own
key.
"""

from __future__ import annotations

from typing import Final

from lobench.engine.compiling import kernel
from lobench.engine.layout import RUNG, integers, record
from lobench.engine.native import Record, address_of, element, free, int64, malloc, memcpy, memmove, view
from lobench.engine.price_ladder import RUNG_BYTES
from lobench.variants.p7_cache_layout.layout import FAR_BYTES, FAR_OFFSET, OVERFLOW

FANOUT: Final = 31
"""Rungs of a node: half a kilobyte, as many as most books ever have outside of their windows."""
NODE: Final = record(*integers("count", "previous", "next"), ("rungs", RUNG, (FANOUT,)))
"""``previous``, ``next``: addresses of the neighbours of the same height, with lower and with higher keys."""
NODE_BYTES: Final = NODE.itemsize
_RUNGS_OFFSET: Final = NODE.fields["rungs"][1]  # type: ignore[index]


@kernel
def overflow_of(head: Record, which: int) -> Record:
    return view(address_of(head) + FAR_OFFSET + which * FAR_BYTES, OVERFLOW)


@kernel
def count_of(node: int) -> int:
    return view(node, NODE)["count"]


@kernel
def rung_of(node: int, index: int) -> Record:
    """The rung at ``index`` of a node: its ``level`` is a level's number in a leaf, a child's address above."""
    return view(element(node + _RUNGS_OFFSET, index, FANOUT, RUNG_BYTES), RUNG)


@kernel
def place_in(node: int, key: int, count: int) -> int:
    """Index of the first of a node's first ``count`` rungs whose key is not below ``key``, ``count`` if all are."""
    low, high = int64(0), count
    # Most changes are near the touch, where keys are largest.
    if count != 0 and rung_of(node, count - 1)["key"] < key:
        low = count
    while low < high:
        middle = (low + high) >> 1
        if rung_of(node, middle)["key"] < key:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def leaf_for(far: Record, key: int) -> int:
    """Address of a key's leaf, 0 if there is none yet."""
    node = far["root"]
    for _ in range(far["height"]):
        node = rung_of(node, place_in(node, key, count_of(node) - 1))["level"]
    return node


@kernel
def last_level(far: Record) -> int:
    """Number of the best level; there must be one."""
    node = last_leaf(far)
    return rung_of(node, count_of(node) - 1)["level"]


@kernel
def last_leaf(far: Record) -> int:
    """Address of the leaf with the best level, 0 if there is no leaf."""
    node = far["root"]
    for _ in range(far["height"]):
        node = rung_of(node, count_of(node) - 1)["level"]
    return node


@kernel
def first_leaf(far: Record) -> int:
    """Address of the leaf with the worst level, 0 if there is no leaf."""
    node = far["root"]
    for _ in range(far["height"]):
        node = rung_of(node, 0)["level"]
    return node


@kernel
def next_leaf(leaf: int) -> int:
    """Address of the leaf with the next better levels, 0 behind the last one."""
    return view(leaf, NODE)["next"]


@kernel
def previous_leaf(leaf: int) -> int:
    """Address of the leaf with the next worse levels, 0 before the first one."""
    return view(leaf, NODE)["previous"]


@kernel
def level_below(far: Record, key: int) -> int:
    """Number of the best level whose key is below ``key``, 0 if there is none."""
    number = int64(0)
    if far["count"] != 0:
        leaf = leaf_for(far, key)
        index = place_in(leaf, key, count_of(leaf)) - 1
        if index < 0:
            leaf = view(leaf, NODE)["previous"]
            index = count_of(leaf) - 1 if leaf != 0 else int64(-1)
        if index >= 0:
            number = rung_of(leaf, index)["level"]
    return number


@kernel
def new_node() -> int:
    node = malloc(NODE_BYTES)
    if node == 0:
        raise MemoryError("no memory for orders and levels")
    made = view(node, NODE)
    made["count"] = 0
    made["previous"] = 0
    made["next"] = 0
    return node


@kernel
def open_at(node: int, index: int, key: int, level: int) -> None:
    """A rung at ``index`` of a node with room."""
    count = count_of(node)
    start = node + _RUNGS_OFFSET + index * RUNG_BYTES
    if index != count:
        memmove(start + RUNG_BYTES, start, (count - index) * RUNG_BYTES)
    rung = rung_of(node, index)
    rung["key"] = key
    rung["level"] = level
    view(node, NODE)["count"] = count + 1


@kernel
def close_at(node: int, index: int) -> None:
    count = count_of(node) - 1
    start = node + _RUNGS_OFFSET + index * RUNG_BYTES
    if index != count:
        memmove(start, start + RUNG_BYTES, (count - index) * RUNG_BYTES)
    view(node, NODE)["count"] = count


@kernel
def split(parent: int, index: int, moved: int) -> None:
    """The ``moved`` lowest rungs of a node's child at ``index`` go to a new node before it."""
    child = rung_of(parent, index)["level"]
    own, node = view(child, NODE), new_node()
    other = view(node, NODE)
    rungs, left = child + _RUNGS_OFFSET, own["count"] - moved
    memcpy(node + _RUNGS_OFFSET, rungs, moved * RUNG_BYTES)
    memmove(rungs, rungs + moved * RUNG_BYTES, left * RUNG_BYTES)
    other["count"], own["count"] = moved, left
    other["previous"], other["next"] = own["previous"], child
    if own["previous"] != 0:
        view(own["previous"], NODE)["next"] = node
    own["previous"] = node
    open_at(parent, index, rung_of(node, moved - 1)["key"], node)


@kernel
def make_way(far: Record, key: int) -> None:
    """Split full nodes on the way to a key's leaf. If keys come in order, full nodes stay behind."""
    if count_of(far["root"]) == FANOUT:
        root = new_node()
        open_at(root, int64(0), int64(0), far["root"])
        far["root"] = root
        far["height"] += 1
    node = far["root"]
    for step in range(far["height"]):
        index = place_in(node, key, count_of(node) - 1)
        child = rung_of(node, index)["level"]
        own = view(child, NODE)
        if own["count"] == FANOUT:
            moved = int64(FANOUT // 2)
            if step + 1 == far["height"]:
                if own["next"] == 0 and key > rung_of(child, FANOUT - 1)["key"]:
                    moved = int64(FANOUT - 1)
                elif own["previous"] == 0 and key < rung_of(child, 0)["key"]:
                    moved = int64(1)
            split(node, index, moved)
            index = place_in(node, key, count_of(node) - 1)
            child = rung_of(node, index)["level"]
        node = child


@kernel
def put(far: Record, key: int, level: int) -> None:
    """A level that is not there comes."""
    if far["root"] == 0:
        far["root"] = new_node()
    leaf = leaf_for(far, key)
    if count_of(leaf) == FANOUT:
        make_way(far, key)
        leaf = leaf_for(far, key)
    open_at(leaf, place_in(leaf, key, count_of(leaf)), key, level)
    if far["count"] == 0 or key > far["last"]:
        far["last"] = key
    far["count"] += 1


@kernel
def find(far: Record, key: int) -> int:
    """Number of the level with this key, 0 if there is none."""
    number = int64(0)
    if far["count"] != 0:
        leaf = leaf_for(far, key)
        index = place_in(leaf, key, count_of(leaf))
        if index < count_of(leaf) and rung_of(leaf, index)["key"] == key:
            number = rung_of(leaf, index)["level"]
    return number


@kernel
def unlink(node: int) -> None:
    own = view(node, NODE)
    if own["previous"] != 0:
        view(own["previous"], NODE)["next"] = own["next"]
    if own["next"] != 0:
        view(own["next"], NODE)["previous"] = own["previous"]
    free(node)


@kernel
def drop_leaf(far: Record, key: int) -> None:
    """The leaf of a key has become empty, and others have not: it goes, with all above it that hold nothing else."""
    node, above, place = far["root"], int64(0), int64(0)
    height = int64(0)
    for step in range(far["height"]):
        index = place_in(node, key, count_of(node) - 1)
        if count_of(node) > 1:
            above, place, height = node, index, step
        node = rung_of(node, index)["level"]
    node = rung_of(above, place)["level"]
    close_at(above, place)
    for _ in range(height + 1, far["height"] + 1):
        below = rung_of(node, 0)["level"]
        unlink(node)
        node = below
    while far["height"] > 0 and count_of(far["root"]) == 1:
        root = far["root"]
        far["root"] = rung_of(root, 0)["level"]
        far["height"] -= 1
        free(root)


@kernel
def take(far: Record, key: int) -> None:
    """A level that is there goes."""
    leaf = leaf_for(far, key)
    close_at(leaf, place_in(leaf, key, count_of(leaf)))
    far["count"] -= 1
    if count_of(leaf) == 0 and far["height"] != 0:
        drop_leaf(far, key)
    if far["count"] != 0 and key == far["last"]:
        leaf = last_leaf(far)
        far["last"] = rung_of(leaf, count_of(leaf) - 1)["key"]


@kernel
def release(far: Record) -> None:
    """Free all nodes."""
    node = far["root"]
    for step in range(far["height"] + 1):
        below = rung_of(node, 0)["level"] if step != far["height"] else int64(0)
        while node != 0:
            following = view(node, NODE)["next"]
            free(node)
            node = following
        node = below
    far["root"] = 0
    far["height"] = 0
    far["count"] = 0


@kernel
def clear(far: Record) -> None:
    """No level is left. A single node stays for the next one."""
    if far["height"] != 0:
        release(far)
    elif far["root"] != 0:
        view(far["root"], NODE)["count"] = 0
        far["count"] = 0


@kernel
def bytes_of(far: Record) -> int:
    """Bytes of all nodes."""
    total = int64(0)
    first = far["root"]
    for step in range(far["height"] + 1):
        node = first
        if step != far["height"]:
            first = rung_of(first, 0)["level"]
        while node != 0:
            total += NODE_BYTES
            node = view(node, NODE)["next"]
    return total
