"""A file's engine in the laboratory: its name, its offers, and its construction.

Commands do not load a library themselves: another process reads it, and its description is noted here (``note``).
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from lobench.engine.errors import UsageError
from lobench.engine.foreign import python_engine
from lobench.engine.foreign.abi import (
    ANOMALIES,
    BBO,
    FEATURES,
    FEATURES_COUNT,
    LEAVES_OUT,
    LEVELS,
    OFFER_NAMES,
    QUEUES,
    STRATEGIES,
    STRATEGIES_COUNT,
    Options,
)
from lobench.engine.foreign.face import Face
from lobench.engine.foreign.library import Library
from lobench.engine.foreign.python_engine import PythonEngine
from lobench.engine.registry import FEATURES as REGISTERED_FEATURES
from lobench.engine.registry import STRATEGIES as REGISTERED_STRATEGIES
from lobench.engine.scope import BOOKS, Scope
from lobench.engine.stages import STAGES

LIBRARIES: Final = (".so", ".dylib")
"""How names of shared libraries end."""


@dataclass(frozen=True, kw_only=True)
class ForeignEngine:
    """An engine from outside, in the place of a ``Variant``.

    ``name``: its file's stem; ``title`` and ``version``: its own; ``offers`` and ``leaves_out``: bits of the ABI;
    ``traces``, ``counts``: whether it keeps a trace while only books are built, and counts; ``digest``: of its bytes;
    ``make``: a Python class, None for a library.
    """

    name: str
    title: str
    version: str
    path: str
    digest: str
    offers: int
    leaves_out: int = 0
    most_workers: int = 1
    traces: bool = False
    counts: bool = False
    phase: int | None = None
    stages: tuple[tuple[str, str], ...] = ()
    """Symbols of its functions, and the stages that they belong to."""
    make: Callable[[Options], Any] | None = field(default=None, compare=False, repr=False)

    @property
    def summary(self) -> str:
        """A line for people."""
        called = " ".join(word for word in (self.title, self.version) if word)
        without = f"; leaves out {', '.join(self.left_out)}" if self.leaves_out else ""
        return f"{called or self.name}: offers {', '.join(self.offered)}{without}"

    @property
    def offered(self) -> tuple[str, ...]:
        """Its offers, in words."""
        return tuple(name for bit, name in OFFER_NAMES.items() if self.offers & bit)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Rules that it says it leaves out, in words."""
        return tuple(text for bit, text in LEAVES_OUT.items() if self.leaves_out & bit)

    def as_json(self) -> dict[str, Any]:
        """Its description, for a program."""
        return {
            "name": self.name,
            "title": self.title,
            "version": self.version,
            "digest": self.digest,
            "offers": list(self.offered),
            "leaves_out": list(self.left_out),
            "most_workers": self.most_workers,
        }

    @property
    def fits(self) -> bool:
        """It takes no parameters that were fitted to a feed, nor any others."""
        return False

    @property
    def block(self) -> int:
        """It is not known to gain anything by being handed several records at a time."""
        return 1

    @property
    def parameters(self) -> None:
        return None

    @property
    def fitted_values(self) -> None:
        return None

    def parameters_of(self, values: Any) -> None:
        return None

    def fitted(self, parameters: Any) -> ForeignEngine:
        return self

    @property
    def policies(self) -> dict[str, str]:
        """It has none: its mechanisms are unknown."""
        return {}

    @property
    def replaced(self) -> tuple[str, ...]:
        return ()

    @property
    def last_stage(self) -> str:
        """The last stage that it computes."""
        return STAGES[3 if self.offers & STRATEGIES else 2 if self.offers & FEATURES else 1]

    def scope(self, until: str) -> Scope:
        """The parts of a replay until ``until``, or as far as it goes, that can be compared. Raises UsageError for
        ``decode``, because nothing shows whether an engine read a record, and if more features or strategies are
        registered than its ABI knows."""
        if until == STAGES[0]:
            raise UsageError(f"{self.name}: an engine from outside shows no results of --until decode; use book")
        stage = min(STAGES.index(until), STAGES.index(self.last_stage))
        registered = len(REGISTERED_FEATURES), len(REGISTERED_STRATEGIES)
        if stage > 1 and registered != (FEATURES_COUNT, STRATEGIES_COUNT):
            raise UsageError(
                f"{self.name}: the ABI knows lobench's own {FEATURES_COUNT} features and {STRATEGIES_COUNT} "
                "strategies; use --until book, or leave out the file that adds some"
            )
        return Scope(
            until=STAGES[stage],
            books=BOOKS[2 if self.offers & QUEUES else 1 if self.offers & LEVELS else 0],
            trace=self.traces or stage > 1,
            counts=self.counts,
            anomalies=bool(self.offers & ANOMALIES),
        )

    def start(self, options: Options) -> Face:
        """A new engine. Raises EngineError, and exceptions of a Python class."""
        if self.make is not None:
            return PythonEngine(self.make, options)
        return _library(self.path).make(options)


@cache
def _library(path: str) -> Library:
    return Library(path)


_noted: dict[tuple[str, str], ForeignEngine] = {}
"""(Path, digest) to the facts that another process read from a library."""


def note(engine: ForeignEngine) -> None:
    """Know a library without loading it."""
    _noted[engine.path, engine.digest] = engine


def load(file: str) -> ForeignEngine:
    """The engine of a shared library. Raises UsageError for other files, and for contradictory offers."""
    path = str(Path(file).resolve())
    try:
        digest = digest_of(Path(file).read_bytes())
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}; --variants-from takes a library or a Python file") from error
    if (path, digest) in _noted:
        return _noted[path, digest]
    library = _library(path)
    table = library.table
    _check(table.offers, table.leaves_out, file)
    library.check()
    if table.most_workers < 1:
        raise UsageError(f"{file}: most_workers must be at least 1, was {table.most_workers}")
    return ForeignEngine(
        name=Path(file).stem,
        title=library.text("name"),
        version=library.text("version"),
        path=path,
        digest=digest,
        offers=table.offers,
        leaves_out=table.leaves_out,
        most_workers=table.most_workers,
        traces=bool(table.trace),
        counts=bool(table.counts),
        stages=library.stages(),
    )


def of_class(cls: Any, file: str, source: bytes) -> ForeignEngine:
    """The engine of a Python file's ``ENGINE``. Raises UsageError for one that cannot be used."""
    offers = python_engine.words(cls, "offers", python_engine.OFFERS, file)
    leaves_out = python_engine.words(cls, "leaves_out", python_engine.LEAVES_OUT, file)
    python_engine.check(cls, offers, file)
    _check(offers, leaves_out, file)
    return ForeignEngine(
        name=Path(file).stem,
        title=str(getattr(cls, "name", cls.__name__)),
        version=str(getattr(cls, "version", "")),
        path=str(Path(file).resolve()),
        digest=digest_of(source, *_helpers(cls, file)),
        offers=offers,
        leaves_out=leaves_out,
        traces=callable(getattr(cls, "trace", None)),
        counts=callable(getattr(cls, "counts", None)),
        make=cls,
    )


def _helpers(cls: Any, file: str) -> list[bytes]:
    """The texts of the modules beside a file that its own module uses."""
    folder = Path(file).resolve().parent
    used = vars(sys.modules[cls.__module__]).values() if getattr(cls, "__module__", None) in sys.modules else ()
    names = {getattr(value, "__name__", "") for value in used} | {getattr(value, "__module__", "") for value in used}
    files = {getattr(sys.modules.get(str(name)), "__file__", None) for name in names}
    return [Path(one).read_bytes() for one in sorted(filter(None, files)) if Path(one).parent == folder]


def digest_of(*parts: bytes) -> str:
    """Hex BLAKE2b, 64 bits."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _check(offers: int, leaves_out: int, file: str) -> None:
    """Raises UsageError for offers that make no sense together."""
    for known, said, what in ((OFFER_NAMES, offers, "offers"), (LEAVES_OUT, leaves_out, "leaves_out")):
        if said & ~sum(known):
            raise UsageError(f"{file}: {what} has bits that no version of the ABI knows ({said:#x})")
    if not offers & (BBO | LEVELS):
        raise UsageError(f"{file}: offers no books: nothing can be compared without BBO or levels")
    for offer, wanted in ((QUEUES, LEVELS), (STRATEGIES, FEATURES)):
        if offers & offer and not offers & wanted:
            raise UsageError(f"{file}: offers {OFFER_NAMES[offer]} without {OFFER_NAMES[wanted]}")
