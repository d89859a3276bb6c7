"""Recording commits: sessions of a few at a time, each beside the anchor, so that all points can be compared.

The anchor is the first recorded commit. Every session holds it twice (its own control), and the commit that was
recorded before: a point is the anchor's time, divided by the speed-up that the session found for the commit. Code that
equals an earlier commit's gets that commit's point.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from lobench.engine.errors import LobenchError, UsageError
from lobench.engine.feeds import load, open_feed
from lobench.engine.feeds.opening import SYNTHETIC
from lobench.workbench.commits import instructions
from lobench.workbench.commits.feeds import NamedFeed
from lobench.workbench.commits.findings import LEAST_FLOOR, difference, findings
from lobench.workbench.commits.measuring import METHOD, Measured, Request, measure
from lobench.workbench.commits.origins import Origin, whole
from lobench.workbench.commits.repository import Commit
from lobench.workbench.commits.session import CommitSession, precise
from lobench.workbench.commits.sources import BrokenError, Source
from lobench.workbench.history.asv_files import now
from lobench.workbench.history.points import Against, How, Point, Points, Recorded, against, entry, same_code
from lobench.workbench.history.store import History
from lobench.workbench.processes.interrupts import held
from lobench.workbench.results.conversion import as_json
from lobench.workbench.results.model.samples import Design

WINDOW = 6
"""Different sources that a session measures beside the anchor and the one before."""

_CHUNK = 12
"""Commits whose sources are prepared together, so that their builds can run side by side."""

PRECISE = 0.008
"""Half width of all intervals at which a session has seen enough."""

_SAME = ": the same code as the commit before"


class Recorder:
    """Records commits into a history. ``saved`` is called after each session."""

    def __init__(
        self,
        origin: Origin,
        history: History,
        feeds: Sequence[NamedFeed],
        variants: Sequence[str],
        design: Design,
        saved: Callable[[], None],
        *,
        evaluate: str = "last",
        accept_results: bool = False,
        ladder: str | None = None,
    ) -> None:
        self._how = _how(origin.repository.root, feeds, evaluate, ladder)
        self._origin = origin
        self._repository = origin.repository
        self._history = history
        self._feeds = feeds
        self._saved = saved
        self._keys: dict[str, str] = {}
        """Commit to the key of its source, of anchors."""
        self._request = Request(
            feeds,
            variants,
            design,
            instructions=instructions.missing() is None,
            evaluate=evaluate,
            accept_results=accept_results,
            identity=origin.identity,
        )
        for feed in feeds:
            digest = load(open_feed(feed.files)).digest
            if history.feeds.setdefault(feed.name, digest) != digest:
                raise LobenchError(f"{feed.name}: its records differ from the history's; give it another name")

    def pending(self, commits: Sequence[Commit], again: bool = False) -> list[Commit]:
        """Those that have no point yet for one of the feeds and variants. Broken ones only ``again``."""
        return [commit for commit in commits if not self._known(commit) and (again or not self._is_broken(commit))]

    def record(self, commits: Sequence[Commit]) -> tuple[list[Commit], list[Commit]]:
        """Record commits, oldest first. Returns those that were and those that could not be."""
        done: list[Commit] = []
        broken: list[Commit] = []
        # One at a time: files prepared long before their session may have left the cache.
        for number, window in enumerate(self._windows(commits, broken), 1):
            _say(f"session {number}: {', '.join(commit.short for commit, _ in window)}")
            self._session(window, done, broken)
        return done, broken

    def _known(self, commit: Commit) -> bool:
        recorded = self._history.at(commit.hash)
        if recorded is None:
            return False
        pairs = (f"{feed.name} {name}" for feed in self._feeds for name in self._request.variants)
        return all(pair in recorded.tried for pair in pairs)

    def _is_broken(self, commit: Commit) -> bool:
        return commit.hash in self._history.broken

    def _windows(self, commits: Sequence[Commit], broken: list[Commit]) -> Iterator[list[tuple[Commit, Source]]]:
        """Commits with their sources, until ``WINDOW`` of them differ; those without a source are broken."""
        window: list[tuple[Commit, Source]] = []
        for commit, source in self._sources(commits):
            if isinstance(source, BrokenError):
                self._give_up(commit, str(source), broken)
                continue
            if len({other.key for _, other in window} | {source.key}) > WINDOW:
                yield window
                window = []
            window.append((commit, source))
        if window:
            yield window

    def _sources(self, commits: Sequence[Commit]) -> Iterator[tuple[Commit, Source | BrokenError]]:
        """Each commit with its source, or the reason for its absence."""
        for begin in range(0, len(commits), _CHUNK):
            some = commits[begin : begin + _CHUNK]
            yield from zip(some, self._origin.sources(some), strict=True)

    def _session(self, window: list[tuple[Commit, Source]], done: list[Commit], broken: list[Commit]) -> None:
        """Measure a window beside the anchors and the commit before, and keep its points."""
        before = self._before(window[0][0])
        while before and window and window[0][1].key == before[1].key and self._known(before[0]):
            before = self._same(window.pop(0), before[0], done)
        if not window:
            return
        anchors = {source.key: source for source in self._anchors()}
        trusted = {**anchors, **self._represented(before)}
        fresh = {source.key: source for _, source in window if source.key not in trusted}
        request = replace(self._request, alone=frozenset(filter(self._without_anchor, self._request.variants)))
        measured = measure(list(fresh.values()), request, _enough, list(trusted.values()))
        for key, source in anchors.items():
            if key in measured.broken:
                raise LobenchError(
                    f"{source.label} is what others are measured against, but: {measured.broken[key]}\n"
                    "Nothing was recorded. Start a new history in another folder (--results)."
                )
        for problem in measured.uncounted.values():
            _say(f"instructions are not counted: {problem}")
        if before and before[1].key in measured.broken:
            before = None
        # A measurement is kept whole or not at all.
        asked = set(self._request.variants)
        if measured.session.sources and all(set(lacking) >= asked for lacking in _lacking(measured)):
            raise UsageError(f"none of these commits has a variant {', '.join(self._request.variants)}")
        with held():
            self._keep_window(window, measured, before, done, broken)

    def _keep_window(
        self,
        window: list[tuple[Commit, Source]],
        measured: Measured,
        before: tuple[Commit, Source] | None,
        done: list[Commit],
        broken: list[Commit],
    ) -> None:
        """Points of all commits of a window, its samples, asv's files."""
        session = f"{now()}-{window[0][0].short}"
        previous = before
        for commit, source in window:
            if source.key in measured.broken:
                self._give_up(commit, str(measured.broken[source.key]), broken)
                continue
            points, different = self._points(measured, source, commit)
            if different and not points:
                remedy = "if that is intended, record it with --accept-results"
                self._give_up(commit, f"{commit}: verification failed: {'; '.join(different)}; {remedy}", broken)
                continue
            if not points:
                _say(f"skipped: {commit}: has none of the variants {', '.join(self._request.variants)}")
                continue
            for problem in different:
                _say(f"{commit}: not recorded: {problem}")
            self._keep(commit, source, session, points, self._against(measured, commit, source, previous))
            same = previous is not None and previous[1].key == source.key
            previous = (commit, source)
            done.append(commit)
            _say(f"recorded {commit}{_SAME if same else ''}")
        self._keep_session(session, measured, window)
        self._history.save()
        self._saved()

    def _same(self, entry: tuple[Commit, Source], before: Commit, done: list[Commit]) -> tuple[Commit, Source]:
        """A commit with the code of the one before has its point."""
        commit, source = entry
        recorded = self._recorded(before.hash)
        self._keep(commit, source, recorded.session, recorded.feeds, same_code(before.hash))
        self._history.save()
        done.append(commit)
        _say(f"recorded {commit}{_SAME}")
        return entry

    def _anchors(self) -> list[Source]:
        """The commits that the asked series are measured against, the oldest of the history first."""
        wanted = [
            commit
            for feed in self._feeds
            for name, commit in self._history.anchors.get(feed.name, {}).items()
            if name in self._request.variants
        ]
        commits = [self._repository.commit(name) for name in dict.fromkeys(wanted)]
        ordered = sorted(commits, key=lambda commit: commit.time)
        found = [whole(source) for source in self._origin.sources(ordered)]
        self._keys |= {commit.hash: source.key for commit, source in zip(ordered, found, strict=True)}
        return found

    def _represented(self, before: tuple[Commit, Source] | None) -> dict[str, Source]:
        """The commit before, preceded by those as which its variants were measured: kernels of unchanged code are
        there, and are not compiled again."""
        if before is None:
            return {}
        feeds = self._recorded(before[0].hash).feeds.values()
        points = (point for variants in feeds for name, point in variants.items() if name in self._request.variants)
        names = dict.fromkeys(point.measured_as or before[0].hash for point in points)
        found = self._origin.sources([self._repository.commit(name) for name in names if name != before[0].hash])
        sources = [source for source in found if isinstance(source, Source)]
        return {source.key: source for source in (*sources, before[1])}

    def _without_anchor(self, variant: str) -> bool:
        return any(variant not in self._history.anchors.get(feed.name, {}) for feed in self._feeds)

    def _before(self, commit: Commit) -> tuple[Commit, Source] | None:
        """The recorded commit that a commit follows."""
        walk = self._repository.parent(commit)
        while walk is not None:
            if walk.hash in self._history.points:
                return walk, whole(self._origin.sources([walk])[0])
            walk = self._repository.parent(walk)
        return None

    def _points(self, measured: Measured, source: Source, commit: Commit) -> tuple[Points, list[str]]:
        """Feed to variant to point, and the differences from the trusted results."""
        session = measured.session
        place = _place(session, source.key)
        names = [one.name for one in self._feeds]
        found: Points = {}
        different = []
        for feed, named in enumerate(names):
            for variant in session.variants:
                if session.agrees(place, variant):
                    point = self._point(measured, feed, variant, place, commit)
                    found.setdefault(named, {})[variant] = point
                    continue
                apart = difference(measured, names, place, variant)
                if apart is not None and f"{variant}: {apart}" not in different:
                    different.append(f"{variant}: {apart}")
        return found, different

    def _point(self, measured: Measured, feed: int, variant: str, place: int, commit: Commit) -> Point:
        """A point: the anchor's time, divided by the ratio to it. The first commit with a variant is its anchor."""
        session = measured.session
        key = session.name(place, variant)
        named = self._feeds[feed].name
        anchors = self._history.anchors.setdefault(named, {})
        comparisons = session.comparisons(feed, variant)
        exact = measured.exact.get(key, {}).get((feed, variant), {})
        measured_as = session.sources[session.stands(place, variant)].commit or commit
        spreads = measured.spreads.get(key, {}).get((feed, variant), {})
        made_with = session.sources[place].made_with + METHOD if exact else None

        def point(ns: float, low: float, high: float, floor: float) -> Point:
            return Point(ns, low, high, max(LEAST_FLOOR, floor), exact, made_with, spreads, measured_as.hash)

        if variant not in anchors:
            assert comparisons is not None, "what has no anchor is measured"
            anchors[variant] = commit.hash
            self._keys[commit.hash] = session.sources[place].key
            value = 1e9 / comparisons.events_per_second(key).value
            return point(value, value, value, comparisons.floor)
        anchor = self._recorded(anchors[variant]).feeds[named][variant]
        base = session.name(_place(session, self._keys[anchors[variant]]), variant)
        if base == key:
            return replace(anchor, exact=exact, made_with=made_with, spreads=spreads) if exact else anchor
        assert comparisons is not None, "what is other code than the anchor's is measured"
        ratio, value = comparisons.compare(key, base).ratio(), anchor.ns
        return point(value / ratio.value, value / ratio.high, value / ratio.low, comparisons.floor_for(key, base))

    def _against(
        self, measured: Measured, commit: Commit, source: Source, previous: tuple[Commit, Source] | None
    ) -> Mapping[str, Any] | None:
        """The findings of a source against the one before, as JSON; None for the first."""
        if previous is None:
            return None
        if source.key == previous[1].key:
            return same_code(previous[0].hash)
        names = [feed.name for feed in self._feeds]
        found = findings(measured, names, *(_place(measured.session, one.key) for one in (source, previous[1])))
        return against(previous[0].hash, found, self._repository.changed(previous[0], commit))

    def _keep(
        self,
        commit: Commit,
        source: Source,
        session: str | None,
        points: Mapping[str, Mapping[str, Point]],
        compared: Mapping[str, Any] | None,
    ) -> None:
        recorded = Recorded(
            time=commit.time,
            subject=commit.subject,
            session=session,
            measured=now(),
            feeds=points,
            against=None if compared is None else Against.of(compared),
            how=self._how,
            tried=frozenset(f"{feed.name} {name}" for feed in self._feeds for name in self._request.variants),
        )
        kept = self._history.points
        kept[commit.hash] = entry(kept.get(commit.hash), recorded, source.key, compared)
        self._history.broken.pop(commit.hash, None)

    def _recorded(self, commit: str) -> Recorded:
        recorded = self._history.at(commit)
        assert recorded is not None, "only what was recorded is followed"
        return recorded

    def _keep_session(self, name: str, measured: Measured, window: list[tuple[Commit, Source]]) -> None:
        session = measured.session
        count = sum(len(one.samples) for one in session.timed.values())
        self._history.sessions.append({"name": name, "rounds": session.rounds, "samples": count})
        self._history.keep_samples(
            name,
            {
                "design": asdict(session.design),
                "sources": [source.label for source in session.sources],
                "feeds": [feed.name for feed in self._feeds],
                "variants": session.variants,
                "commits": {commit.hash: source.key for commit, source in window},
                "sessions": [
                    {"feed": self._feeds[feed].name, "variant": variant, **as_json(one.result())}
                    for (feed, variant), one in session.timed.items()
                ],
            },
        )

    def _give_up(self, commit: Commit, reason: str, broken: list[Commit]) -> None:
        self._history.broken[commit.hash] = reason
        self._history.save()
        broken.append(commit)
        _say(f"skipped: {reason}")


def _how(root: Path, feeds: Sequence[NamedFeed], evaluate: str, ladder: str | None) -> How:
    """The options needed to repeat a measurement, besides names: files relative to the repository."""

    def found(file: str) -> str:
        path = Path(file).resolve()
        return str(path.relative_to(root.resolve()) if path.is_relative_to(root.resolve()) else path)

    files = {feed.name: found(feed.files[0]) for feed in feeds if not feed.name.startswith(SYNTHETIC)}
    return How(files, evaluate, ladder and found(ladder))


def _place(session: CommitSession, key: str) -> int:
    return next(place for place, source in enumerate(session.sources) if source.key == key)


def _lacking(measured: Measured) -> list[dict[str, str]]:
    """The missing variants of each source of a session."""
    return [measured.session.lacking.get(place, {}) for place in range(len(measured.session.sources))]


def _enough(session: CommitSession) -> bool:
    return precise(session, PRECISE)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
