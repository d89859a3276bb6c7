"""The parts of a variant: one policy for each axis, and the functions that a policy of that axis supplies.

Every function is a ``kernel`` (``engine.compiling``): the replay loop is compiled separately for each combination, with
the policies' functions inlined, so the choice costs nothing at run time. Each function is annotated with its signature
(``engine.contracts``) and with the stage of the pipeline that it begins (``engine.stages``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Protocol

from lobench.engine import contracts
from lobench.engine.compiling import kernel
from lobench.engine.inspection import PriceLadders, Reader
from lobench.engine.layout import LEVEL, ORDER
from lobench.engine.native import Record, chunk_bytes, free, int64, zeroed
from lobench.engine.parameters import FeedTraits, LayoutParameters, Options
from lobench.engine.records import BATCH
from lobench.engine.scope import Scope
from lobench.engine.stages import INHERITED, Stage

Kernel = Callable[..., Any]

ORDER_CHUNK, LEVEL_CHUNK = chunk_bytes(ORDER.itemsize), chunk_bytes(LEVEL.itemsize)


@dataclass(frozen=True, kw_only=True)
class Events:
    """How the loop reads records. (axis ``events``)"""

    name: str
    load: Annotated[contracts.Load, Stage("decode")]
    at: Annotated[contracts.At, Stage("decode")]
    release: Annotated[contracts.Release, Stage("decode")]


class BuildContext(Protocol):
    """The functions of a context for one kind of feature store and of memory."""

    def __call__(self, store: FeatureStore, memory: Memory) -> ContextKernels: ...


@dataclass(frozen=True, kw_only=True)
class Context:
    """How strategies see the market. (axis ``context``)"""

    name: str
    build: BuildContext


@kernel
def _share_nothing() -> int:
    return 0


@kernel
def _destroy_nothing(context: int) -> None:
    pass


@kernel
def _drop_no_book(state: Record, book: Record) -> None:
    pass


@kernel
def _put_nothing(state: Record, instrument: Record, probe: Record) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class ContextKernels:
    """The functions of a context. By default workers share nothing, and quotes and trades are read where the instrument
    has them."""

    create: Annotated[contracts.CreateContext, INHERITED] = _share_nothing
    destroy: Annotated[contracts.DestroyContext, INHERITED] = _destroy_nothing
    add_book: Annotated[contracts.AddBook, INHERITED]
    drop_book: Annotated[contracts.DropBook, INHERITED] = _drop_no_book
    row: Annotated[contracts.BookRow, INHERITED]
    put_quote: Annotated[contracts.PutInstrument, Stage("strategies")] = _put_nothing
    put_trades: Annotated[contracts.PutInstrument, Stage("strategies")] = _put_nothing
    put_features: Annotated[contracts.PutFeatures, INHERITED]
    feature: Annotated[contracts.BookFeature, INHERITED]
    mid: Annotated[contracts.InstrumentValue, Stage("strategies")]
    best: Annotated[contracts.InstrumentBest, Stage("strategies")]
    trade_mean: Annotated[contracts.InstrumentValue, Stage("strategies")]


@dataclass(frozen=True, kw_only=True)
class FeatureStore:
    """The functions of a feature store, one store a book, of ``bytes`` bytes."""

    bytes: int
    start: Annotated[contracts.StoreStep, INHERITED]
    stop: Annotated[contracts.StoreStep, INHERITED]
    row: Annotated[contracts.StoreRow, INHERITED]
    put: Annotated[contracts.StorePut, INHERITED]
    get: Annotated[contracts.StoreGet, INHERITED]


class BuildFeatures(Protocol):
    """The feature store for features of these names, in this order."""

    def __call__(self, names: tuple[str, ...]) -> FeatureStore: ...


@dataclass(frozen=True, kw_only=True)
class Features:
    """How features are named and kept. (axis ``features``)"""

    name: str
    build: BuildFeatures


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """How an order is found by its id. (axis ``lookup``)"""

    name: str
    find: Annotated[contracts.FindOrder, Stage("lookup")]
    insert: Annotated[contracts.NoteOrder, Stage("lookup")]
    move: Annotated[contracts.NoteOrder, Stage("lookup")]
    erase: Annotated[contracts.EraseOrder, Stage("lookup")]


@kernel
def _reserve_nothing(state: Record, count: int, probe: Record) -> None:
    pass


@kernel
def _block_on_heap(state: Record, size: int, probe: Record) -> int:
    return zeroed(size)


@kernel
def _free_block_on_heap(state: Record, block: int) -> None:
    free(block)


@kernel
def _held_on_heap(state: Record, orders: int, levels: int) -> int:
    return orders * ORDER_CHUNK + levels * LEVEL_CHUNK


@dataclass(frozen=True, kw_only=True)
class Memory:
    """The memory of orders, levels and books. (axis ``memory``)

    ``destroy`` comes after all orders and levels have been freed. ``state["memory_state"]`` is the policy's own word,
    initially 0.
    """

    name: str
    new_order: Annotated[contracts.New, INHERITED]
    free_order: Annotated[contracts.FreeOrder, INHERITED]
    new_level: Annotated[contracts.New, INHERITED]
    free_level: Annotated[contracts.FreeLevel, INHERITED]
    destroy: Annotated[contracts.Finish, INHERITED]
    reserve: Annotated[contracts.Reserve, Stage("levels", nested=True)] = _reserve_nothing
    new_block: Annotated[contracts.NewBlock, INHERITED] = _block_on_heap
    free_block: Annotated[contracts.FreeBlock, INHERITED] = _free_block_on_heap
    held: Annotated[contracts.Held, INHERITED] = _held_on_heap


def _no_candidates(traits: FeedTraits) -> dict[str, Options]:
    return {}


class BuildLayout(Protocol):
    """The functions of a layout; unless ``tracked``, without the work that only features need. ``mids``: whether a
    quote needs its mid; None: there are no strategies, and an instrument's BBO is not needed at all."""

    def __call__(self, lookup: Lookup, memory: Memory, tracked: bool, mids: bool | None) -> LayoutKernels: ...


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The layout of books in memory. (axis ``layout``)

    ``replaces``: axes whose policies have no effect in a variant of this layout, because it does their work itself.

    ``inspect(layout_state) -> Reader``: reads books from Python, for a worker whose state holds that word.
    ``parameters``: its run-time parameters with their defaults, None if it has none; ``candidates(traits)``: values
    worth trying on a feed, in groups that act together. ``block``: its intended number of records per call, 1 if it
    gains nothing from several.
    """

    name: str
    build: BuildLayout
    replaces: tuple[str, ...] = ()
    inspect: Callable[[int], Reader] = PriceLadders
    parameters: LayoutParameters | None = None
    candidates: Callable[[FeedTraits], dict[str, Options]] = _no_candidates
    block: int = 1


@kernel
def _one_batch(state: Record, count: int) -> int:
    return int64(BATCH)


@kernel
def _take_no_copies(state: Record, address: int, stride: int, count: int) -> tuple[int, int]:
    return address, int64(0)


@kernel
def _look_not_ahead(state: Record, address: int, stride: int, turn: int, count: int, probe: Record) -> None:
    pass


@kernel
def _start_nothing(state: Record, book_address: int) -> None:
    pass


@kernel
def _arrange_nothing(state: Record, dirty: bool) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class LayoutKernels:
    """The functions of a layout. In every layout, a book's address is that of a ``BOOK`` record. By default records are
    handled by the batch, and there is nothing to look ahead for, to open in a new book, or to arrange before a digest.

    ``new_book`` is the address of zeroed memory for a book, ``start`` opens it; ``drop`` frees it with all its orders,
    ``destroy`` frees the rest. ``state["layout_state"]`` is the layout's own word, initially 0;
    ``state["layout_parameters"]`` is the address of its run-time parameters, 0 if it has none (``engine.parameters``).
    """

    reserve: Annotated[contracts.Reserve, Stage("levels", nested=True)]
    split: Annotated[contracts.Split, INHERITED]
    longest: Annotated[contracts.Longest, INHERITED] = _one_batch
    take_copies: Annotated[contracts.TakeCopies, INHERITED] = _take_no_copies
    look_ahead: Annotated[contracts.LookAhead, Stage("lookup", nested=True)] = _look_not_ahead
    find: Annotated[contracts.FindBook, Stage("lookup")]
    new_book: Annotated[contracts.New, INHERITED]
    start: Annotated[contracts.WithBook, INHERITED] = _start_nothing
    apply: Annotated[contracts.Apply, Stage("levels", nested=True)]
    follow: Annotated[contracts.Follow, Stage("best price", nested=True)]
    best_price: Annotated[contracts.BestPrice, INHERITED]
    best: Annotated[contracts.Best, INHERITED]
    read_side: Annotated[contracts.ReadSide, Stage("features")]
    append_side: Annotated[contracts.AppendSide, Stage("features")]
    write_levels: Annotated[contracts.WriteLevels, INHERITED]
    arrange: Annotated[contracts.Arrange, INHERITED] = _arrange_nothing
    book_value: Annotated[contracts.BookValue, INHERITED]
    measure: Annotated[contracts.Measure, INHERITED]
    drop: Annotated[contracts.WithBook, INHERITED]
    destroy: Annotated[contracts.Finish, INHERITED]


class BuildShape(Protocol):
    """The functions of a shape for a variant's context and layout and a replay that stops after stage ``until``, for
    the features and strategies registered now."""

    def __call__(self, context: ContextKernels, layout: LayoutKernels, until: str) -> ShapeKernels: ...


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The grouping of evaluations: computed at once, or many together. (axis ``shape``)

    ``mids``: it reads mids through the context; otherwise it computes them from the BBO's prices. ``block``: number of
    evaluations computed together.
    """

    name: str
    build: BuildShape
    mids: bool = True
    block: int = 1


@dataclass(frozen=True, kw_only=True)
class ShapeKernels:
    """The functions of a shape.

    Every evaluation's row is added to ``state["trace"]``, by the functions of ``engine.trace``, at the latest by
    ``flush``. ``state["shape_state"]`` and ``state["pending"]`` are the shape's own words, initially 0.
    """

    prepare: Annotated[contracts.Prepare, Stage("features", nested=True)]
    evaluate: Annotated[contracts.Evaluate, Stage("features", nested=True)]
    flush: Annotated[contracts.Flush, Stage("features", nested=True)]
    destroy: Annotated[contracts.Finish, INHERITED]


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """The run-time parameters of a variant. (axis ``tuning``)

    No kernel depends on it: the same kernel starts with other numbers. ``fits``: whether it takes parameters fitted to
    a feed; ``parameters``: the fitted ones, None for the layout's own.
    """

    name: str
    fits: bool
    parameters: LayoutParameters | None = None


FIXED = Tuning(name="fixed", fits=False)

COMPILED_AXES = ("events", "context", "features", "lookup", "memory", "shape", "layout")
"""The identity of a variant's kernels: variants that agree in it share them."""

AXES = (*COMPILED_AXES, "tuning")
"""Everything that a variant chooses."""

CORE_AXES = ("events", "context", "features", "lookup")
"""The axes of the full factorial: any combination of their policies is a variant."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One policy for each axis, under a name. ``phase`` is its place on the ladder, None for a variant beside it."""

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
    def block(self) -> int:
        """The intended number of records per call; 1: each answers alone."""
        return max(self.shape.block, self.layout.block)

    @property
    def fits(self) -> bool:
        """Whether it takes run-time parameters that were fitted to a feed."""
        return self.tuning.fits and self.layout.parameters is not None

    @property
    def parameters(self) -> LayoutParameters | None:
        """The run-time parameters in force, None for a layout without any."""
        return self.tuning.parameters or self.layout.parameters

    @property
    def fitted_values(self) -> dict[str, int] | None:
        """The present values of the run-time parameters, for a process that fits the variant again; None if it takes
        none."""
        return self.parameters.as_json() if self.fits and self.parameters else None

    def parameters_of(self, values: Mapping[str, Any] | None) -> LayoutParameters | None:
        """Its layout's parameters with these unchecked values; None if there are none, or it takes none. Raises
        ValueError as ``LayoutParameters.of`` does."""
        if values is None or not self.fits or self.layout.parameters is None:
            return None
        return self.layout.parameters.of(values)

    def fitted(self, parameters: LayoutParameters | None) -> Variant:
        """This variant with parameters that were fitted to a feed; itself if there are none, or it takes none of this
        kind."""
        if parameters is None or not self.fits or type(parameters) is not type(self.layout.parameters):
            return self
        return replace(self, tuning=replace(self.tuning, parameters=parameters))

    def scope(self, until: str) -> Scope:
        """The comparable part of a replay until ``until``: everything."""
        return Scope(until=until)

    @property
    def policies(self) -> dict[str, str]:
        """Axis to the name of its policy."""
        return {axis: getattr(self, axis).name for axis in AXES}

    @property
    def replaced(self) -> tuple[str, ...]:
        """Axes whose policies have no part in this variant."""
        return self.layout.replaces
