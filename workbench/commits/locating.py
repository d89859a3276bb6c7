"""Where the results of two sources part: the first event after which they differ, and which features do.

Each source replays a beginning of the feed again and again, in its own process, and tells its state after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lobench.engine.feeds import load, open_feed
from lobench.workbench.commits.participant import Participant

_SHOWN = 3
"""Number of features to show."""


@dataclass(frozen=True)
class Apart:
    """Feed, by its place, and first event of a difference; ``text``: the difference for a person."""

    feed: int
    event: int
    text: str

    def told(self, feeds: Sequence[str]) -> str:
        """In one line, with the names of the feeds."""
        return f"from event {self.event:,} of {feeds[self.feed]} on: {self.text}"


def locate(
    right: Participant, wrong: Participant, specs: Sequence[str], feed: int, variant: str, same: int, different: int
) -> Apart:
    """The first event after which two sources differ, by bisection: after ``same`` records they agree, after
    ``different`` they do not."""
    while different - same > 1:
        middle = (same + different) // 2
        one, other = (_after(each, feed, variant, middle) for each in (right, wrong))
        # Commits from before traces were kept have none.
        if one[0] == other[0] and (one[1] == other[1] or None in (one[1], other[1])):
            same = middle
        else:
            different = middle
    records = load(open_feed(list(specs))).records
    names = records.dtype.names or ()
    if "instrument_id" not in names:
        return Apart(feed, different - 1, "its results differ")
    record = records[different - 1]
    book = int(record["instrument_id"]), int(record["publisher_id"])
    rows = [_after(one, feed, variant, different, book)[2] for one in (right, wrong)]
    apart = [f"{name} {rows[0][name]} -> {rows[1].get(name)}" for name in rows[0] if rows[0][name] != rows[1].get(name)]
    more = f" and {len(apart) - _SHOWN} more" if len(apart) > _SHOWN else ""
    what = f"features {', '.join(apart[:_SHOWN])}{more}" if apart else "its book or accounts differ"
    return Apart(feed, different - 1, f"after action {chr(record['action'])!r} {what}")


def _after(
    one: Participant, feed: int, variant: str, count: int, book: tuple[int, int] | None = None
) -> tuple[str, str | None, dict[str, str]]:
    """State, trace, and optionally the newest features of a book, after ``count`` records."""
    one.ask("start", variant=variant, feed=feed)
    one.ask("run", start=0, lead=0, stop=count)
    state, trace = one.ask("state")
    row = one.ask("newest", instrument=book[0], publisher=book[1]) if book else {}
    one.ask("end")
    return state, trace, row
