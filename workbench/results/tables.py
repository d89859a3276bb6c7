"""A result document as tables: the ladder, raw samples, attribution; and a small page of it for a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pyarrow as pa

from lobench.engine.errors import UsageError
from lobench.workbench.results.conversion import as_json
from lobench.workbench.results.model.analysis import Comparison, Rung
from lobench.workbench.results.model.contest import Contest
from lobench.workbench.results.model.document import FeedResult, Result
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.numbers import between, ends, estimate
from lobench.workbench.results.refuted import agree, refused, refuted

_HEADINGS = ("variant", "M events/s", "step", "95 % interval", "predicted", "verdict", "in total")


@dataclass(frozen=True)
class RunResult:
    """A result of verification and measurement. ``document``: all of it; ``path``: its file; ``report``: its page, None
    if none was written. Tables are pyarrow's: ``.to_pandas()``, ``polars.from_arrow(…)``."""

    document: Result
    path: Path
    report: Path | None = None

    @property
    def feeds(self) -> list[str]:
        """Names of the feeds, in order."""
        return [feed.name for feed in self.document.feeds]

    @property
    def agree(self) -> bool:
        """Whether the results of every variant equal the reference's, verified and timed; for callables, those of the
        first."""
        return agree(self.document)

    @property
    def comparison(self) -> Comparison | None:
        """The pair that was compared, of a comparison; of several the first."""
        return next(iter(self.comparisons), None)

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """All pairs that were compared, of a comparison."""
        contest = self.document.contest
        found = tuple(feed.comparison for feed in self.document.feeds if feed.comparison)
        return found + (contest.comparisons if contest else ())

    def ladder(self, feed: int = 0) -> pa.Table:
        """A row for each variant: speed, step over the one before, total over the reference, with 95 % intervals, the
        prediction and the verdict."""
        rungs = self._rungs(self._feed(feed))
        return pa.Table.from_pylist([_row(rung) for rung in rungs], schema=pa.schema(list(_LADDER.items())))

    def samples(self, feed: int = 0) -> pa.Table:
        """The raw samples of the session, ``variant`` by name."""
        contest = self.document.contest
        session = contest.session if contest else self._feed(feed).session
        if session is None:
            name = contest.title if contest else self._feed(feed).name
            raise UsageError(f"{name} was not measured: it has no samples")
        columns = {
            name: [row[place] for row in session.samples.rows] for place, name in enumerate(session.samples.columns)
        }
        if "variant" in columns:
            columns["variant"] = [session.measured[number] for number in columns["variant"]]  # type: ignore[misc]
        return pa.table(columns)

    def latency(self, feed: int = 0) -> pa.Table:
        """A row for each variant and speed of the market: quantiles of response times in ns, and the utilization."""
        found = self._feed(feed).latency
        if found is None:
            raise UsageError(f"{self._feed(feed).name}: latency was not measured")
        wrong = refuted(self._feed(feed))
        rows = [
            {
                "variant": entry.variant,
                "speed": load.speed,
                "utilization": load.utilization,
                **{name: getattr(load.response, name) for name in _RESPONSE},
            }
            for entry in found.variants
            for load in entry.loads
            if entry.variant not in wrong
        ]
        numbers = [(name, pa.float64()) for name in ("speed", "utilization", *_RESPONSE)]
        return pa.Table.from_pylist(rows, schema=pa.schema([("variant", pa.string()), *numbers]))

    def as_json(self) -> dict[str, Any]:
        """The document as its file has it."""
        found: dict[str, Any] = as_json(self.document)
        return found

    def _feed(self, number: int) -> FeedResult:
        try:
            return self.document.feeds[number]
        except IndexError:
            raise UsageError(f"there is no feed {number}: the result has {len(self.document.feeds)}") from None

    @staticmethod
    def _rungs(feed: FeedResult) -> tuple[Rung, ...]:
        return feed.analysis.ladder if feed.analysis else ()

    def _repr_html_(self) -> str:
        parts = [_contest(self.document.contest)] if self.document.contest else []
        for feed in self.document.feeds:
            head = "".join(f"<th>{heading}</th>" for heading in _HEADINGS)
            rows = "".join(f"<tr>{''.join(map(_cell, _shown(rung)))}</tr>" for rung in self._rungs(feed))
            wrong = sorted(set(refuted(feed)))
            says = f"does not compute what the reference computes: {', '.join(wrong)}" if wrong else "all agree"
            caption = f"<caption>{escape(feed.name)}: {feed.events:,} events; {escape(says)}</caption>"
            parts.append(f"<table>{caption}<tr>{head}</tr>{rows}</table>")
        return "".join(parts) + f"<p>{escape(str(self.path))}</p>"


def _contest(contest: Contest) -> str:
    """A contest as a table of HTML."""
    pairs = {pair.variant: pair for pair in contest.comparisons}
    wrong = refused(contest)
    rows = []
    for subject in contest.subjects:
        pair = pairs.get(subject.name)
        figures = [estimate(pair.ratio, "x"), ends(pair.ratio)] if pair else ["", ""]
        said = f"refused: {wrong[subject.name]}" if subject.name in wrong else pair and pair.words
        rows.append(f"<tr>{''.join(map(_cell, [subject.name, *figures, said or '']))}</tr>")
    headings = (contest.kind, f"over {contest.subjects[0].name}", "95 % interval", "")
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>"


_RESPONSE = ("mean", "p50", "p90", "p99", "p99_9", "p99_99", "max")

_LADDER = {
    "variant": pa.string(),
    "phase": pa.int64(),
    "events_per_second": pa.float64(),
    **{f"{what}{end}": pa.float64() for what in ("events_per_second", "step", "total") for end in ("_low", "_high")},
    "step": pa.float64(),
    "step_verdict": pa.string(),
    "total": pa.float64(),
    "total_verdict": pa.string(),
    "predicted_low": pa.float64(),
    "predicted_high": pa.float64(),
    "score": pa.string(),
}


def _row(rung: Rung) -> dict[str, Any]:
    found: dict[str, Any] = {
        "variant": rung.variant,
        "phase": rung.phase,
        "step_verdict": rung.step_verdict,
        "total_verdict": rung.total_verdict,
        "score": rung.score,
    }
    for name, interval in (
        ("events_per_second", rung.events_per_second),
        ("step", rung.step),
        ("total", rung.total),
    ):
        found |= _ends(name, interval)
    if rung.prediction is not None:
        found |= {"predicted_low": rung.prediction.low, "predicted_high": rung.prediction.high}
    return found


def _ends(name: str, interval: Interval | None) -> dict[str, float]:
    if interval is None:
        return {}
    return {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}


def _shown(rung: Rung) -> list[str]:
    step, promise = rung.step, rung.prediction
    return [
        rung.variant,
        estimate(rung.events_per_second.scaled(1e-6)),
        estimate(step, "x") if step else "",
        ends(step) if step else "",
        between(promise.low, promise.high, "x") if promise else "",
        rung.step_words,
        estimate(rung.total, "x") if rung.total else "1",
    ]


def _cell(text: str) -> str:
    return f"<td>{escape(text)}</td>"
