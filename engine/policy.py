"""What a variant is made of: one policy for each axis, and the functions that a policy of that axis supplies.

Every function is a ``kernel`` (see ``engine.native``): the replay loop is compiled anew for each combination, with
the policies' functions inlined, so that choosing costs nothing at run time. ``probe`` is passed to whatever has
mechanism counters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from lobench.engine.compiling import kernel
from lobench.engine.inspection import LevelReader, read_ladders
from lobench.engine.layout import LEVEL, ORDER
from lobench.engine.native import Record, chunk_bytes, free, zeroed
from lobench.engine.parameters import FeedTraits, LayoutParameters, Options
from lobench.engine.stages import INHERITED, Stage

Kernel = Callable[..., Any]

ORDER_CHUNK, LEVEL_CHUNK = chunk_bytes(ORDER.itemsize), chunk_bytes(LEVEL.itemsize)

STAGES = ("decode", "book", "features", "strategies")
"""What a replay may stop after, each with all before it: read the records; apply them and keep the BBO; trackers and
features; context and strategies."""


@dataclass(frozen=True)
class Events:
    """How the loop reads records. (axis ``events``)

    - ``load(engine, address, stride, count, probe)``: make ``count`` records ready.
    - ``at(engine, address, stride, index) -> address`` of record ``index``, one that this worker handles.
    - ``release(engine, event_address)``: the record has been handled.
    """

    name: str
    load: Annotated[Kernel, Stage("decode")]
    at: Annotated[Kernel, Stage("decode")]
    release: Annotated[Kernel, Stage("decode")]


@dataclass(frozen=True)
class Context:
    """How strategies see the market. (axis ``context``)

    A context is made for one kind of feature store and of memory: ``build(store, memory)`` returns its
    ``ContextKernels``.
    """

    name: str
    build: Callable[[FeatureStore, Memory], ContextKernels]


@dataclass(frozen=True)
class ContextKernels:
    """The functions of a context.

    - ``create() -> address`` of what all workers share; it begins with the read-write lock that guards quotes. 0:
      nothing is shared, nothing locked.
    - ``destroy(context)`` frees what ``create`` made and what books put into it.
    - ``add_book(engine, book, probe)``, ``drop_book(engine, book)``: a book's feature store comes and goes.
    - ``put_quote(engine, instrument, probe)``, ``put_trades(engine, instrument, probe)``: the instrument's record
      holds a new BBO, a new trade.
    - ``row(engine, book, scratch) -> address`` where features are computed: where they are kept, or ``scratch``.
    - ``put_features(engine, book, row, probe)``: the doubles at address ``row`` are the book's newest features.
    - ``feature(engine, book, index, probe) -> float``: one feature of the strategy's own book.
    - ``mid(engine, instrument, probe) -> float``: (bid + ask) / 2e9 of the instrument's BBO, NaN if a side is empty.
    - ``best(engine, instrument, probe) -> (bid, ask)``: prices of the instrument's BBO, ``UNDEF_PRICE`` for an empty
      side.
    - ``trade_mean(engine, instrument, probe) -> float``: mean of its last 64 trade prices, NaN before the 64th.
    """

    create: Annotated[Kernel, INHERITED]
    destroy: Annotated[Kernel, INHERITED]
    add_book: Annotated[Kernel, INHERITED]
    drop_book: Annotated[Kernel, INHERITED]
    row: Annotated[Kernel, INHERITED]
    put_quote: Annotated[Kernel, Stage("strategies")]
    put_trades: Annotated[Kernel, Stage("strategies")]
    put_features: Annotated[Kernel, INHERITED]
    feature: Annotated[Kernel, INHERITED]
    mid: Annotated[Kernel, Stage("strategies")]
    best: Annotated[Kernel, Stage("strategies")]
    trade_mean: Annotated[Kernel, Stage("strategies")]


@dataclass(frozen=True)
class FeatureStore:
    """The functions of a feature store, one store a book.

    - ``bytes``: of one store. ``start(store)`` makes zeroed memory an empty one, ``stop(store)`` gives back what it
      allocated itself.
    - ``row(store, scratch) -> address`` where features may be computed: the place where they are kept, or ``scratch``.
    - ``put(store, row, probe)``: keep all features, doubles at address ``row``, which may be the store's own.
    - ``get(store, index, probe) -> float``.
    """

    bytes: int
    start: Annotated[Kernel, INHERITED]
    stop: Annotated[Kernel, INHERITED]
    row: Annotated[Kernel, INHERITED]
    put: Annotated[Kernel, INHERITED]
    get: Annotated[Kernel, INHERITED]


@dataclass(frozen=True)
class Features:
    """How features are named and kept. (axis ``features``)

    ``build(names)`` returns the ``FeatureStore`` for features of these names, in this order.
    """

    name: str
    build: Callable[[tuple[str, ...]], FeatureStore]


@dataclass(frozen=True)
class Lookup:
    """How an order is found by its id. (axis ``lookup``)

    - ``find(book, order_id, probe) -> address`` of the order, 0 if none rests.
    - ``insert(book, order, probe)``: a new order, already in its level's queue.
    - ``move(book, order, probe)``: an order that is now in another level's queue.
    - ``erase(book, order_id, probe)``: an order that no longer rests.
    """

    name: str
    find: Annotated[Kernel, Stage("lookup")]
    insert: Annotated[Kernel, Stage("lookup")]
    move: Annotated[Kernel, Stage("lookup")]
    erase: Annotated[Kernel, Stage("lookup")]


@kernel
def _reserve_nothing(engine: Record, count: int, probe: Record) -> None:
    pass


@kernel
def _block_on_heap(engine: Record, size: int, probe: Record) -> int:
    return zeroed(size)


@kernel
def _free_block_on_heap(engine: Record, block: int) -> None:
    free(block)


@kernel
def _held_on_heap(engine: Record, orders: int, levels: int) -> int:
    return orders * ORDER_CHUNK + levels * LEVEL_CHUNK


@dataclass(frozen=True)
class Memory:
    """Where orders, levels and what each book keeps live. (axis ``memory``)

    - ``new_order(engine, probe) -> address``, ``free_order(engine, order)``, ``new_level(engine, probe) -> address``,
      ``free_level(engine, level)``.
    - ``destroy(engine)``: the replay ends, all orders and levels have been freed; give back what was kept.
    - ``reserve(engine, count, probe)``: before each batch of ``count`` records; each makes at most one order and one
      level.
    - ``new_block(engine, size, probe) -> address`` of zeroed memory that lives as long as its book,
      ``free_block(engine, block)``: a book, its accounts, its feature store.
    - ``held(engine, orders, levels) -> bytes`` allocated while so many orders and levels rest.

    ``engine["memory_state"]`` is a word of the policy's own, 0 at first.
    """

    name: str
    new_order: Annotated[Kernel, INHERITED]
    free_order: Annotated[Kernel, INHERITED]
    new_level: Annotated[Kernel, INHERITED]
    free_level: Annotated[Kernel, INHERITED]
    destroy: Annotated[Kernel, INHERITED]
    reserve: Annotated[Kernel, Stage("levels", nested=True)] = _reserve_nothing
    new_block: Annotated[Kernel, INHERITED] = _block_on_heap
    free_block: Annotated[Kernel, INHERITED] = _free_block_on_heap
    held: Annotated[Kernel, INHERITED] = _held_on_heap


def _no_candidates(traits: FeedTraits) -> dict[str, Options]:
    return {}


@dataclass(frozen=True)
class Layout:
    """How books lie in memory. (axis ``layout``)

    ``build(lookup, memory, tracked, mids)`` returns the ``LayoutKernels``; without what only features need unless
    ``tracked``. Unless ``mids``, nobody will read a quote's mid. ``replaces``: axes whose policies have no part in a
    variant of this layout, as it does their work itself.

    ``inspect(layout_state) -> LevelReader``: reads books from Python, of a worker whose state holds that word.
    ``parameters``: its run-time parameters with their defaults, None if it has none; ``candidates(traits)``: values
    that are worth trying on a feed, in groups that act together.
    """

    name: str
    build: Callable[[Lookup, Memory, bool, bool], LayoutKernels]
    replaces: tuple[str, ...] = ()
    inspect: Callable[[int], LevelReader] = read_ladders
    parameters: LayoutParameters | None = None
    candidates: Callable[[FeedTraits], dict[str, Options]] = _no_candidates


@dataclass(frozen=True)
class LayoutKernels:
    """The functions of a layout. Of whatever layout, a book's address is that of a ``BOOK`` record.

    ``engine["layout_state"]`` is a word of the layout's own, 0 at first; ``engine["layout_parameters"]`` is the address
    of its run-time parameters, 0 if it has none (``lobench.engine.parameters``).

    - ``prepare(engine, count, probe)``: before each batch of ``count`` records.
    - ``split(engine, address, stride, count) -> turns``: list the batch's records that are this worker's, in any order
      that keeps those of an instrument in the feed's (``engine.shards.split``: in the feed's); returns how many.
    - ``look_ahead(engine, address, stride, turn, count, probe)``: before record ``index`` of a batch of ``count``.
    - ``find(engine, event, turn) -> address`` of the event's book, 0 if there is none yet.
    - ``new_book(engine, probe) -> address`` of zeroed memory for one; ``start(engine, book_address)``: it is open now.
    - ``apply(engine, book_address, event, probe)``: the book rules for one record that ``changes_book``.
    - ``follow(engine, book_address, instrument, probe)``: after it, queue positions and the instrument's BBO.
    - ``best_price(book, which) -> float``, NaN for an empty side; ``best(book, which) -> (price, size)`` of the best
      level as integers, ``UNDEF_PRICE`` and 0 for an empty side.
    - ``read_side(book, which, levels)``: the best levels as doubles, to one side of ``INPUTS``.
    - ``append_side(book, which, columns, place) -> (price, size)`` of the best level: the same as integers, to row
      ``place`` of one side's columns; ``UNDEF_PRICE`` and 0 where there is no level.
    - ``write_levels(book, address, depth)``: the best levels as ``OUTPUT_LEVEL`` records.
    - ``arrange(engine, dirty)``: before any ``book_value`` of all books, or of those that are dirty;
      ``book_value(book) -> uint64``: digest of a book's state.
    - ``measure(engine, total)``: add what books take to a ``MEMORY`` record.
    - ``drop(engine, book_address)``: a book goes, with all its orders; ``destroy(engine)``: and then all else.
    """

    prepare: Annotated[Kernel, Stage("levels", nested=True)]
    split: Annotated[Kernel, INHERITED]
    look_ahead: Annotated[Kernel, Stage("lookup", nested=True)]
    find: Annotated[Kernel, Stage("lookup")]
    new_book: Annotated[Kernel, INHERITED]
    start: Annotated[Kernel, INHERITED]
    apply: Annotated[Kernel, Stage("levels", nested=True)]
    follow: Annotated[Kernel, Stage("best price", nested=True)]
    best_price: Annotated[Kernel, INHERITED]
    best: Annotated[Kernel, INHERITED]
    read_side: Annotated[Kernel, Stage("features")]
    append_side: Annotated[Kernel, Stage("features")]
    write_levels: Annotated[Kernel, INHERITED]
    arrange: Annotated[Kernel, INHERITED]
    book_value: Annotated[Kernel, INHERITED]
    measure: Annotated[Kernel, INHERITED]
    drop: Annotated[Kernel, INHERITED]
    destroy: Annotated[Kernel, INHERITED]


@dataclass(frozen=True)
class Shape:
    """When evaluations are computed: at once, or many together. (axis ``shape``)

    ``build(context, layout, until)`` returns the ``ShapeKernels`` for a variant's context and layout and a replay that
    stops after stage ``until``, for the features and strategies registered now. ``mids``: it reads mids through the
    context; otherwise it computes them of the BBO's prices.
    """

    name: str
    build: Callable[[ContextKernels, LayoutKernels, str], ShapeKernels]
    mids: bool = True


@dataclass(frozen=True)
class ShapeKernels:
    """The functions of a shape.

    - ``prepare(engine)``: before the first record of a call.
    - ``evaluate(engine, record, book_address, event, tap, probe)``: the book as it stands is to be evaluated.
    - ``flush(engine, tap, probe)``: complete every evaluation asked for; before each batch boundary and at the end of
      each call.
    - ``destroy(engine)``: the replay ends.

    Every evaluation's row is added to ``engine["trace"]``, by the functions of ``engine.trace``, at the latest by
    ``flush``.
    ``engine["shape_state"]`` is a word of the shape's own, 0 at first.
    """

    prepare: Annotated[Kernel, Stage("features", nested=True)]
    evaluate: Annotated[Kernel, Stage("features", nested=True)]
    flush: Annotated[Kernel, Stage("features", nested=True)]
    destroy: Annotated[Kernel, INHERITED]


@dataclass(frozen=True)
class Tuning:
    """With which run-time parameters a variant replays. (axis ``tuning``)

    No kernel depends on it: the same kernel is started with other numbers. ``fits``: whether it takes parameters that
    were fitted to a feed; ``parameters``: those that were, None for the layout's own.
    """

    name: str
    fits: bool
    parameters: LayoutParameters | None = None


FIXED = Tuning("fixed", fits=False)

COMPILED_AXES = ("events", "context", "features", "lookup", "memory", "shape", "layout")
"""What a variant's kernels are made of: those that agree in it share them."""

AXES = (*COMPILED_AXES, "tuning")
"""Everything that a variant chooses."""

CORE_AXES = ("events", "context", "features", "lookup")
"""The axes of the full factorial: any combination of their policies is a variant."""


@dataclass(frozen=True)
class Variant:
    """One policy for each axis, under a name. ``phase`` is its place on the ladder, None for one that stands beside
    it."""

    name: str
    summary: str
    events: Events
    context: Context
    features: Features
    lookup: Lookup
    memory: Memory
    shape: Shape
    layout: Layout
    tuning: Tuning = FIXED
    phase: int | None = None

    def derive(self, summary: str, **changes: Any) -> Variant:
        """This variant with some policies replaced; it is named by the file that defines it."""
        return replace(self, **{"name": "", "phase": None, "summary": summary, **changes})

    @property
    def fits(self) -> bool:
        """Whether it takes run-time parameters that were fitted to a feed."""
        return self.tuning.fits and self.layout.parameters is not None

    @property
    def parameters(self) -> LayoutParameters | None:
        """The run-time parameters in force, None for a layout that has none."""
        return self.tuning.parameters or self.layout.parameters

    def parameters_of(self, values: Mapping[str, Any] | None) -> LayoutParameters | None:
        """Its layout's parameters with these values, that nobody has checked; None where there are none, or it takes
        none. Raises ValueError as ``LayoutParameters.of`` does."""
        if values is None or not self.fits or self.layout.parameters is None:
            return None
        return self.layout.parameters.of(values)

    def fitted(self, parameters: LayoutParameters | None) -> Variant:
        """This variant with parameters that were fitted to a feed; itself if there are none, or it takes none of this
        kind."""
        if parameters is None or not self.fits or type(parameters) is not type(self.layout.parameters):
            return self
        return replace(self, tuning=replace(self.tuning, parameters=parameters))

    @property
    def policies(self) -> dict[str, str]:
        """Axis to the name of its policy."""
        return {axis: getattr(self, axis).name for axis in AXES}

    @property
    def replaced(self) -> tuple[str, ...]:
        """Axes whose policies have no part in this variant."""
        return self.layout.replaces
