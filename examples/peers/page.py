"""docs/peers.md, from the results of scripts/peers. Only the texts of peers.toml are written by hand.

``page`` is given plain data (``Outcome``), so that it can be tested without any peer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from peers import NOT_FED, PEERS, Peer

Ratio = tuple[float, float, float]
"""Value, and its 95 % interval."""


@dataclass(frozen=True)
class Row:
    """An engine on a feed. ``rate``: events a second of CPU time; ``slower``: its time as a multiple of the top's;
    ``adapter``: the adapter's part over the rest of its time, None if not measured; ``compared``: the verified results.
    """

    name: str
    rate: Ratio
    slower: Ratio | None
    adapter: Ratio | None = None
    compared: str | None = None


@dataclass(frozen=True)
class Feed:
    """``failed``: package to the difference from the reference, for those that are not measured."""

    name: str
    events: int
    books: int
    processes: int
    rows: Sequence[Row]
    failed: Mapping[str, str]


@dataclass(frozen=True)
class Outcome:
    """``machine``: a sentence; ``versions`` of installed peers, by package; ``missing``: package to the reason why it
    is not installed; ``conformance``: engine to the JSON of ``lobench conform``, or to the reason why there is none."""

    machine: str
    command: str
    versions: Mapping[str, str]
    missing: Mapping[str, str]
    conformance: Mapping[str, dict[str, Any] | str]
    feeds: Sequence[Feed]


_SIGNS = {"holds": "holds", "fails": "**fails**", "not offered": "", "left out": "left out"}


def page(outcome: Outcome) -> str:
    parts = [
        _head(outcome),
        *(_feed(feed) for feed in outcome.feeds),
        _rules(outcome.conformance),
        _peers(outcome),
        _missing(outcome),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(outcome: Outcome) -> str:
    return f"""# Beside other libraries

Other order-book libraries, each fed market-by-order records and replayed in one session beside lobench's own variants.
All stop at the same stage (`--until book`): no features, no strategies. `scripts/peers` installs the libraries in a
separate environment, verifies the results that each offers, judges each by the rules of
[what a replay computes](semantics.md), measures all in turns, and writes this page. The adapters are in
`examples/peers`.

{outcome.machine} CPU time, 95 % intervals. `{outcome.command}`

How to read it:

- **Time of the top**: the CPU time of an engine, adapter included, as a multiple of that of lobench's fastest variant.
- **Adapter's part**: the share of an engine's time spent on turning records into the library's input. It is measured by
  verifying and timing the same engine with this part done twice. Work of the library itself, such as parsing its input,
  does not count as the adapter's.
- Each library does what it was made for, and none was made for this comparison. The last section lists what each does
  besides and what it leaves out. An engine that fails verification is not timed."""


def _feed(feed: Feed) -> str:
    books = "1 book" if feed.books == 1 else f"{feed.books:,} books"
    lines = [
        f"## {feed.name}",
        "",
        f"{feed.events:,} events, {books}; {feed.processes} processes.",
        "",
        "| engine | M events/s | 95 % interval | time of the top | 95 % interval | adapter's part | verified |",
        "|---|---:|---|---:|---|---:|---|",
    ]
    for row in sorted(feed.rows, key=lambda row: -row.rate[0]):
        rate, low, high = (value / 1e6 for value in row.rate)
        slower, within = ("1", "") if row.slower is None else (f"{row.slower[0]:.3g}x", _span(row.slower))
        lines.append(
            f"| {row.name} | {rate:.3g} | {low:.3g} to {high:.3g} | {slower} | {within} | {_part(row.adapter)} "
            f"| {row.compared or 'all'} |"
        )
    if feed.failed:
        lines += ["", "Not measured:", ""]
        lines += [f"- {name}: {_brief(text)}" for name, text in sorted(feed.failed.items())]
    return "\n".join(lines)


def _brief(text: str) -> str:
    """A first difference without its books, which fill a screen; `lobench verify` prints them."""
    record, books, _ = text.partition("\n  bids, ")
    return " ".join(record.split()) + (" (the books after it differ)" if books else "")


def _part(adapter: Ratio | None) -> str:
    """A share of the engine's time; a share below 0, within the error of the clock, is shown as 0."""
    return "" if adapter is None else f"{max(0.0, adapter[0]):.0%} ({max(0.0, adapter[1]):.0%} to {adapter[2]:.0%})"


def _span(ratio: Ratio) -> str:
    return f"{ratio[1]:.3g} to {ratio[2]:.3g}"


def _rules(conformance: Mapping[str, dict[str, Any] | str]) -> str:
    judged = {name: found for name, found in conformance.items() if isinstance(found, dict)}
    lines = ["## Rules that hold", "", "`lobench conform` of each adapter ([conformance.md](conformance.md))."]
    silent = {name: found for name, found in conformance.items() if isinstance(found, str)}
    lines += [f"{_short(name)} could not be judged: {text}" for name, text in silent.items()]
    if not judged:
        return "\n".join(lines)
    lines += ["", "| engine | hold | fail | left out | not offered |", "|---|---:|---:|---:|---:|"]
    for name, found in judged.items():
        counts = [str(found["counts"][status]) for status in ("holds", "fails", "left out", "not offered")]
        lines.append(f"| {_short(name)} | {' | '.join(counts)} |")
    lines += ["", f"| rule | text | {' | '.join(map(_short, judged))} |", f"|---|---|{'---|' * len(judged)}"]
    lines += list(_matrix(judged))
    return "\n".join(lines)


def _matrix(judged: Mapping[str, dict[str, Any]]) -> Iterable[str]:
    """A row for each rule by which at least one peer was judged."""
    statuses = {name: {rule["rule"]: rule["status"] for rule in found["rules"]} for name, found in judged.items()}
    for rule in next(iter(judged.values()))["rules"]:
        own = [of[rule["rule"]] for of in statuses.values()]
        if {"holds", "fails"} & set(own):
            yield f"| `{rule['rule']}` | {rule['says']} | {' | '.join(_SIGNS[status] for status in own)} |"


def _short(engine: str) -> str:
    return next((peer.package for peer in PEERS if peer.engine == engine), engine)


def _peers(outcome: Outcome) -> str:
    lines = ["## What each is, and what it leaves out", ""]
    lines += [_said(peer, outcome.versions[peer.package]) for peer in PEERS if peer.package in outcome.versions]
    return "\n".join(lines)


def _said(peer: Peer, version: str) -> str:
    return f"- **{peer.package} {version}**, {peer.what}. Handed over: {peer.handed_over} Leaves out: {peer.leaves_out}"


def _missing(outcome: Outcome) -> str:
    lines = ["## Not here", ""]
    lines += [f"- `{package}` could not be installed: {reason}" for package, reason in outcome.missing.items()]
    lines += [f"- `{package}`: {reason}." for package, reason in NOT_FED.items()]
    return "\n".join(lines)
