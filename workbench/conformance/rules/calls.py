"""How records are handed over, the batch boundary, and the running trace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lobench.engine.records import BATCH, F_LAST
from lobench.workbench.conformance.rule import Rule, book
from lobench.workbench.conformance.rules.sections import ARITHMETIC, EVENTS, TRACE
from lobench.workbench.conformance.stream import Row, add, at, cancel, modify, none, trade


def _market(count: int) -> Iterator[Row]:
    """This many records of two instruments: orders arrive, shrink, move, leave and trade, and no rule is broken."""
    resting: list[tuple[int, str, int, int, int]] = []
    for i in range(count):
        instrument = 1 + (i // 3) % 2
        flags = F_LAST if i % 3 else 0
        own = [order for order in resting if order[4] == instrument]
        if i % 11 == 10:
            yield from at(instrument, 1, trade("BAN"[i % 3], 100 + i % 3, 1 + i % 5, flags))
        elif i % 5 == 3 and own:
            number, side, price, size, _ = own[i % len(own)]
            resting.remove((number, side, price, size, instrument))
            if i % 2:
                yield from at(instrument, 1, cancel(number, side, price, size, flags))
            else:
                resting.append((number, side, price, size + 2, instrument))
                yield from at(instrument, 1, modify(number, side, price, size + 2, flags))
        elif len(own) > 20:
            number, side, price, size, _ = own[0]
            resting.remove(own[0])
            yield from at(instrument, 1, cancel(number, side, price, size, flags))
        else:
            side = "BA"[i % 2]
            price = 100 - (i * 7) % 6 if side == "B" else 102 + (i * 7) % 6
            resting.append((i, side, price, 1 + i % 9, instrument))
            yield from at(instrument, 1, add(i, side, price, 1 + i % 9, flags))


def _handed(
    name: str,
    says: str,
    count: int = 60,
    calls: tuple[int, ...] = (),
    stride: int = 56,
    asked: bool = False,
    beside: bool = False,
) -> Rule:
    return Rule(
        name,
        EVENTS,
        says,
        tuple(_market(count)),
        calls=calls,
        stride=stride,
        asked=asked,
        beside=beside,
        compared="one call",
    )


def _traced(name: str, says: str, stream: tuple[Row, ...]) -> Rule:
    return Rule(name, TRACE, says, stream, needs="features", compared="trace")


RULES: Final = (
    _handed("calls-of-one", "Records passed one per call give the same results as in one call.", calls=(1,) * 60),
    _handed("calls-of-none", "A call without records does nothing.", calls=(0, 0, 30, 0)),
    _handed("split-calls", "Records may be split into calls anywhere, even within events.", calls=(1, 7, 13, 2, 25)),
    _handed("asked-between-calls", "Queries between calls change nothing.", calls=(10, 1, 30), asked=True),
    _handed("engines-apart", "Engines that live at the same time share no state.", calls=(20, 20), beside=True),
    _handed("stride", "Records may be more than 56 bytes apart; the bytes between them are ignored.", stride=64),
    _handed(
        "batch-boundary",
        "State continues across a batch boundary after 4,096 records.",
        count=BATCH + 40,
        calls=(BATCH - 1, 1, 20),
    ),
    Rule(
        "long-call",
        EVENTS,
        "A call may bring more records than a batch.",
        (*(none(),) * BATCH, add(1, "B", 100, 5), add(2, "B", 100, 3), cancel(1, "B", 100, 5)),
        (book("100 2:3"),),
    ),
    _traced(
        "trace-of-row",
        "The trace holds the best prices, the features and the signals of an evaluation.",
        (add(1, "B", 100, 9, 0), add(2, "A", 102, 4, 0), trade("B", 102, 1, 0), none()),
    ),
    _traced(
        "trace-of-undefined",
        "A NaN goes into the trace as the lowest finite double, an empty side as an undefined price of size 0.",
        (none(),),
    ),
    _traced(
        "trace-of-books",
        "The trace is the sum over all books, each row with its own book's key and event number.",
        (
            add(1, "B", 100, 9, 0),
            add(2, "A", 101, 4, 0),
            *at(2, 7, add(1, "A", 100, 9, 0), add(2, "B", 98, 7, 0)),
            *at(2**32 - 1, 2**16 - 1, none(0), none(0), none()),
            *at(2, 7, none()),
            none(),
        ),
    ),
    _traced("trace-of-evaluations", "Every evaluation adds its row to the trace.", (none(), none(), none())),
    Rule(
        "clocks-mean-nothing",
        ARITHMETIC,
        "Times, sequence numbers and channels are ignored: the order of the records counts.",
        (add(1, "B", 100, 5), add(2, "B", 100, 3), add(3, "B", 100, 4), cancel(1, "B", 100, 5)),
        (book("100 2:3 3:4"),),
        scrambled=True,
    ),
)
