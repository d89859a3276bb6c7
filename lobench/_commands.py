"""Variants and engines from Python: verify, conform, run, compare, read_result, list_variants, inspect."""

from __future__ import annotations

from collections.abc import Sequence
from os import fspath
from typing import Any, overload

from lobench._feeds import FeedLike, PathLikes, Progress, advancing, source_of, words_of
from lobench.engine.foreign.start import Contestant
from lobench.workbench.against.proof import Proof
from lobench.workbench.cli import cmp
from lobench.workbench.cli import run as run_command
from lobench.workbench.cli import verify as verify_command
from lobench.workbench.cli.calling import arguments_of
from lobench.workbench.cli.conform import judged
from lobench.workbench.conformance.conforming import Conformance
from lobench.workbench.console import quiet
from lobench.workbench.inspecting import Inspection, inspect_feed
from lobench.workbench.ladder import known_with
from lobench.workbench.results import read
from lobench.workbench.results.tables import RunResult
from lobench.workbench.verification.told import Verified


@overload
def verify(
    feed: FeedLike | None = None,
    *,
    variants: str = "ladder",
    against: None = None,
    ladder: PathLikes | None = None,
    variants_from: Sequence[PathLikes] = (),
    evaluate: str = "last",
    tuning: PathLikes | None = None,
    until: str = "strategies",
    workers: int | Sequence[int] | None = None,
    deep: bool = False,
    oracle: bool = False,
    time_limit: float | str | None = None,
    progress: bool = False,
) -> Verified: ...
@overload
def verify(
    feed: FeedLike,
    *,
    variants: str = "ladder",
    against: PathLikes,
    ladder: PathLikes | None = None,
    variants_from: Sequence[PathLikes] = (),
    progress: bool = False,
) -> Proof: ...


def verify(
    feed: FeedLike | None = None,
    *,
    variants: str = "ladder",
    against: PathLikes | None = None,
    ladder: PathLikes | None = None,
    variants_from: Sequence[PathLikes] = (),
    evaluate: str = "last",
    tuning: PathLikes | None = None,
    until: str = "strategies",
    workers: int | Sequence[int] | None = None,
    deep: bool = False,
    oracle: bool = False,
    time_limit: float | str | None = None,
    progress: bool = False,
) -> Verified | Proof:
    """Do variants compute bit-identical results? Each in a process of its own, compared with the reference: ``lobench
    verify``. With ``against`` the books of the last variant are compared with a vendor's file instead.

    ``agree`` (``agrees`` of a comparison with a file) says it in one word; a difference is part of what is returned,
    not an error. Raises UsageError, FeedError.

    >>> import lobench
    >>> found = lobench.verify("synth:liquid-future,n=3000", variants="p4 p8")
    >>> found.agree, [outcome.name[:2] for outcome in found.feeds[0].outcomes]
    (True, ['p0', 'p4', 'p8'])
    """
    several = isinstance(workers, Sequence)
    arguments = arguments_of(
        "verify",
        words_of(feed),
        variants=variants,
        against=_path(against),
        ladder=_path(ladder),
        variants_from=_paths(variants_from),
        evaluate=evaluate,
        tuning=_path(tuning),
        until=until,
        workers=",".join(map(str, workers)) if several and workers is not None else workers,  # type: ignore[arg-type]
        deep=deep,
        oracle=oracle,
        time_limit=time_limit,
    )
    with quiet(not progress):
        return verify_command.proven(arguments) if against is not None else verify_command.verified(arguments)


def conform(engine: PathLikes, *, rule: str | Sequence[str] = (), progress: bool = False) -> Conformance:
    """Judge an engine by every rule of docs/semantics.md, or by those named: ``lobench conform``.

    ``engine`` is a variant, ``oracle``, or a file. Raises UsageError for an engine or a rule that does not exist.

    >>> import lobench
    >>> found = lobench.conform("oracle", rule="level-sums")
    >>> len(found.of("holds")), found.of("fails")
    (1, [])
    """
    names = [rule] if isinstance(rule, str) else list(rule)
    with quiet(not progress):
        return judged(arguments_of("conform", [fspath(engine)], rule=names))


def run(
    feed: FeedLike | None = None,
    *,
    variants: str = "ladder",
    ladder: PathLikes | None = None,
    variants_from: Sequence[PathLikes] = (),
    steps_from: Sequence[PathLikes] = (),
    evaluate: str = "last",
    tuning: PathLikes | None = None,
    until: str = "strategies",
    quick: bool = False,
    profile: bool = False,
    budget: float | str | None = None,
    processes: int | None = None,
    output: PathLikes = "out",
    time_limit: float | str | None = None,
    progress: bool = True,
) -> RunResult:
    """Verify all variants, measure them side by side and write the report: ``lobench run``. Takes minutes.

    All is kept in a folder of ``output``, step by step, so that an interrupt loses nothing that was measured. In a
    notebook the result shows its ladder. Raises UsageError, FeedError.

        result = lobench.run("day.mbo.dbn.zst", budget="30s")
        result.ladder().to_pandas()
    """
    arguments = arguments_of(
        "run",
        words_of(feed),
        variants=variants,
        ladder=_path(ladder),
        variants_from=_paths(variants_from),
        steps_from=_paths(steps_from),
        evaluate=evaluate,
        tuning=_path(tuning),
        until=until,
        quick=quick,
        profile=profile,
        budget=budget,
        processes=processes,
        output=fspath(output),
        time_limit=time_limit,
    )
    with quiet(not progress):
        folder, _ = run_command.conducted(arguments)
        # The libraries that draw take a second to load.
        from lobench.reports import write

        content = read(folder.result)
        return RunResult(content, folder.result, write([content], folder.path))


def compare(
    a: str,
    b: str,
    feed: FeedLike | None = None,
    *,
    ladder: PathLikes | None = None,
    variants_from: Sequence[PathLikes] = (),
    evaluate: str = "last",
    tuning: PathLikes | None = None,
    until: str = "strategies",
    budget: float | str | None = None,
    processes: int | None = None,
    tolerance: float | str = 0.0,
    time_limit: float | str | None = None,
    output: PathLikes = "out",
    progress: bool = True,
) -> RunResult:
    """Is variant ``b`` faster than ``a``? Both are verified and measured in one session: ``lobench cmp``.

    ``comparison`` of the result has the ratio, its interval and the verdict; it is None where one of the two does not
    compute what the reference computes. Raises UsageError, FeedError.

        result = lobench.compare("p4", "my_variant", variants_from=["my_variant.py"], budget="30s")
        result.comparison.verdict, result.comparison.ratio
    """
    arguments = arguments_of(
        "cmp",
        [*(word for word in words_of(feed) if word.startswith("--")), a, b, *_names(words_of(feed))],
        ladder=_path(ladder),
        variants_from=_paths(variants_from),
        evaluate=evaluate,
        tuning=_path(tuning),
        until=until,
        budget=budget,
        processes=processes,
        tolerance=tolerance,
        time_limit=time_limit,
        output=fspath(output),
    )
    with quiet(not progress):
        folder, _, _ = cmp.conducted(arguments)
        return RunResult(read(folder.result), folder.result)


def inspect(feed: FeedLike, *, progress: Progress = False) -> Inspection:
    """What is in a feed: records by action and instrument, times, levels, anomalies, symbols, activity over time:
    ``lobench inspect``. It is read once, and its books are built. Raises FeedError.

    >>> import lobench
    >>> found = lobench.inspect("synth:liquid-future,n=5000")
    >>> found.records, sum(found.actions.values()), len(found.books)
    (5000, 5000, 1)
    """
    source = source_of(feed)
    with advancing(progress, f"reading {source.name}", source.expected) as advance:
        return inspect_feed(source.feed, advance)


def read_result(path: PathLikes) -> RunResult:
    """A result that ``run``, ``compare`` or a command of lobench kept: its file or its folder.

    Raises UsageError for a file that cannot be opened, LobenchError for one that is no result.

        lobench.read_result("out/2025-01-31T12-00-00").ladder().to_pandas()
    """
    from pathlib import Path

    place = Path(path)
    place = place / "result.json" if place.is_dir() else place
    page = place.with_name("report.html")
    return RunResult(read(place), place, page if page.exists() else None)


def list_variants(variants_from: Sequence[PathLikes] = ()) -> list[Contestant]:
    """All variants, the ladder's from the reference up, then those of files.

    >>> import lobench
    >>> [variant.name for variant in lobench.list_variants()][:2]
    ['p0_baseline', 'p1_zero_copy']
    """
    return list(known_with(_paths(variants_from)).values())


def _path(path: PathLikes | None) -> str | None:
    return None if path is None else fspath(path)


def _paths(paths: Sequence[PathLikes]) -> list[str]:
    return [fspath(path) for path in paths]


def _names(words: Sequence[str]) -> list[Any]:
    return [word for word in words if not word.startswith("--")]
