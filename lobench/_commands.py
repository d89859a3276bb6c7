"""Variants and engines from Python: verify, conform, run, compare, latency, read_result, list_variants, inspect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import fspath
from typing import Any, TypedDict, Unpack, overload

from lobench._feeds import FeedLike, PathLikes, Progress, advancing, path_of, source_of, words_of
from lobench.engine.errors import UsageError
from lobench.engine.foreign.start import Contestant
from lobench.workbench.against.proof import Proof
from lobench.workbench.cli import cmp, contest
from lobench.workbench.cli import latency as latency_command
from lobench.workbench.cli import run as run_command
from lobench.workbench.cli import verify as verify_command
from lobench.workbench.cli.calling import arguments_of
from lobench.workbench.cli.conform import judged
from lobench.workbench.conformance.conforming import Conformance
from lobench.workbench.console import quiet
from lobench.workbench.contest.loading import spec_of
from lobench.workbench.inspecting import Inspection, inspect_feed, prepare
from lobench.workbench.ladder import known_with
from lobench.workbench.results import read
from lobench.workbench.results.tables import RunResult
from lobench.workbench.verification.told import Verified


class _OfVariants(TypedDict, total=False):
    """Options that apply wherever variants are named."""

    ladder: PathLikes | None
    variants_from: Sequence[PathLikes]
    progress: bool


class _Replayed(_OfVariants, total=False):
    """Options of replays in processes of their own."""

    evaluate: str
    tuning: PathLikes | None
    until: str
    time_limit: float | str | None


class _Verified(_Replayed, total=False):
    workers: int | Sequence[int] | None
    deep: bool
    oracle: bool


@overload
def verify(
    feed: FeedLike | None = None, *, variants: str = "ladder", against: None = None, **options: Unpack[_Verified]
) -> Verified: ...
@overload
def verify(
    feed: FeedLike, *, variants: str = "ladder", against: PathLikes, **options: Unpack[_OfVariants]
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
    """Verify that variants compute bit-identical results: ``lobench verify``. Each runs in its own process and is
    compared with the reference. With ``against``, the books of the last variant are compared with a vendor's file.

    ``agree`` (``agrees`` for a vendor's file) is the overall result; differences are returned, not raised. Raises
    UsageError, FeedError.

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
        against=path_of(against),
        ladder=path_of(ladder),
        variants_from=_paths(variants_from),
        evaluate=evaluate,
        tuning=path_of(tuning),
        until=until,
        workers=",".join(map(str, workers)) if several and workers is not None else workers,  # type: ignore[arg-type]
        deep=deep,
        oracle=oracle,
        time_limit=time_limit,
    )
    with quiet(not progress):
        return verify_command.proven(arguments) if against is not None else verify_command.verified(arguments)


def conform(engine: PathLikes, *, rule: str | Sequence[str] = (), progress: bool = False) -> Conformance:
    """Test an engine against every rule of docs/semantics.md, or the named ones: ``lobench conform``.

    ``engine`` is a variant, ``oracle``, or a file. Raises UsageError for an unknown engine or rule.

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
    latency: bool = False,
    budget: float | str | None = None,
    processes: int | None = None,
    output: PathLikes = "out",
    time_limit: float | str | None = None,
    progress: bool = True,
) -> RunResult:
    """Verify all variants, measure them side by side and write the report: ``lobench run``. Takes minutes.

    The result is saved in a folder of ``output`` after each step, so an interrupt loses no measurement. In a notebook
    the result shows its ladder. Raises UsageError, FeedError.

        result = lobench.run("day.mbo.dbn.zst", budget="30s")
        result.ladder().to_pandas()
    """
    arguments = arguments_of(
        "run",
        words_of(feed),
        variants=variants,
        ladder=path_of(ladder),
        variants_from=_paths(variants_from),
        steps_from=_paths(steps_from),
        evaluate=evaluate,
        tuning=path_of(tuning),
        until=until,
        quick=quick,
        profile=profile,
        latency=latency,
        budget=budget,
        processes=processes,
        output=fspath(output),
        time_limit=time_limit,
    )
    with quiet(not progress):
        folder, _ = run_command.conducted(arguments)
        content = read(folder.result)
        return RunResult(content, folder.result, run_command.written(folder, content))


class _Compared(TypedDict, total=False):
    """Options of any comparison."""

    budget: float | str | None
    precision: float | str | None
    processes: int | None
    tolerance: float | str
    output: PathLikes


class _ComparedVariants(_Replayed, _Compared, total=False): ...


class _ComparedCallables(_Compared, total=False):
    progress: bool
    others: Sequence[Callable[..., Any]]
    setup: Callable[[], Any] | None
    reset: str
    same: Callable[[Any, Any], Any] | None
    clock: str | None


@overload
def compare(a: str, b: str, feed: FeedLike | None = None, **options: Unpack[_ComparedVariants]) -> RunResult: ...
@overload
def compare(a: Callable[..., Any], b: Callable[..., Any], **options: Unpack[_ComparedCallables]) -> RunResult: ...


def compare(
    a: str | Callable[..., Any],
    b: str | Callable[..., Any],
    feed: FeedLike | None = None,
    *,
    others: Sequence[Callable[..., Any]] = (),
    setup: Callable[[], Any] | None = None,
    reset: str = "fresh",
    same: Callable[[Any, Any], Any] | None = None,
    clock: str | None = None,
    ladder: PathLikes | None = None,
    variants_from: Sequence[PathLikes] = (),
    evaluate: str = "last",
    tuning: PathLikes | None = None,
    until: str = "strategies",
    budget: float | str | None = None,
    precision: float | str | None = None,
    processes: int | None = None,
    tolerance: float | str = 0.0,
    time_limit: float | str | None = None,
    output: PathLikes = "out",
    progress: bool = True,
) -> RunResult:
    """Compare two variants by name, verified and measured in one session, or two functions, whose results must be
    equal: ``lobench cmp``.

    ``comparison`` of the result has the ratio, its interval and the verdict; it is None if results differ. Fresh
    processes load the functions, so they must be in a module or a file. ``setup`` returns their arguments: fresh for
    each call, or (``reset``) once, to be copied or shared. ``same`` decides whether two results are equal. Verdicts use
    CPU time, or the ``clock`` "wall". All ``others`` are compared with ``a``. Options of the other kind of comparison
    are refused. Raises UsageError, FeedError.

        result = lobench.compare("p4", "my_variant", variants_from=["my_variant.py"], budget="30s")
        result.comparison.verdict, result.comparison.ratio
        result = lobench.compare(mine.slow, mine.fast, setup=mine.arguments, precision="0.5%")
    """
    words = words_of(feed)
    arguments = arguments_of(
        "cmp",
        [
            *(word for word in words if word.startswith("--")),
            *map(_spec, (a, b, *others)),
            *_names(words),
        ],
        setup=_spec(setup),
        reset=reset,
        same=_spec(same),
        clock=clock,
        ladder=path_of(ladder),
        variants_from=_paths(variants_from),
        evaluate=evaluate,
        tuning=path_of(tuning),
        until=until,
        budget=budget,
        precision=precision,
        processes=processes,
        tolerance=tolerance,
        time_limit=time_limit,
        output=fspath(output),
    )
    asked = contest.asked_of(arguments, cmp.defaults())
    if asked is None and others:
        raise UsageError("others does not apply to variants; leave it out")
    with quiet(not progress):
        if asked is None:
            folder, _, _ = cmp.conducted(arguments)
        else:
            folder, _ = contest.conducted(arguments, asked)
        return RunResult(read(folder.result), folder.result)


def latency(
    feed: FeedLike | None = None,
    *,
    variants: str = "ladder",
    ladder: PathLikes | None = None,
    variants_from: Sequence[PathLikes] = (),
    evaluate: str = "last",
    tuning: PathLikes | None = None,
    until: str = "strategies",
    speeds: Sequence[float] | None = None,
    bound: str | None = None,
    block: int | None = None,
    passes: int | None = None,
    time_limit: float | str | None = None,
    output: PathLikes = "out",
    progress: bool = True,
) -> RunResult:
    """Measure response times when events arrive at the feed's own timestamps, and faster: ``lobench latency``.

    ``latency()`` of the result is a table of response times. Raises UsageError, FeedError.

        result = lobench.latency("day.mbo.dbn.zst", variants="p5 p7", speeds=[1, 10], bound="50us")
        result.latency().to_pandas()
    """
    arguments = arguments_of(
        "latency",
        words_of(feed),
        variants=variants,
        ladder=path_of(ladder),
        variants_from=_paths(variants_from),
        evaluate=evaluate,
        tuning=path_of(tuning),
        until=until,
        speeds=None if speeds is None else ",".join(map(str, speeds)),
        bound=bound,
        block=block,
        passes=passes,
        time_limit=time_limit,
        output=fspath(output),
    )
    with quiet(not progress):
        folder, _ = latency_command.conducted(arguments)
        return RunResult(read(folder.result), folder.result)


def inspect(feed: FeedLike, *, progress: Progress = False) -> Inspection:
    """Summarize a feed: records by action and instrument, times, levels, anomalies, symbols, activity over time:
    ``lobench inspect``. The feed is read once, and its books are built. Raises FeedError.

    >>> import lobench
    >>> found = lobench.inspect("synth:liquid-future,n=5000")
    >>> found.records, sum(found.actions.values()), len(found.books)
    (5000, 5000, 1)
    """
    source = source_of(feed)
    with quiet(not progress):
        prepare()
    with advancing(progress, f"reading {source.name}", source.expected) as advance:
        return inspect_feed(source.feed, advance)


def read_result(path: PathLikes) -> RunResult:
    """Read a result saved by ``run``, ``compare`` or a lobench command, given its file or folder.

    Raises UsageError for a file that cannot be opened, LobenchError for one that is not a result.

        lobench.read_result("out/2025-01-31T12-00-00").ladder().to_pandas()
    """
    from pathlib import Path

    place = Path(path)
    place = place / "result.json" if place.is_dir() else place
    page = place.with_name("report.html")
    return RunResult(read(place), place, page if page.exists() else None)


def list_variants(variants_from: Sequence[PathLikes] = ()) -> list[Contestant]:
    """All variants: the ladder's, from the reference up, then those from files.

    >>> import lobench
    >>> [variant.name for variant in lobench.list_variants()][:2]
    ['p0_baseline', 'p1_zero_copy']
    """
    return list(known_with(_paths(variants_from)).values())


def _paths(paths: Sequence[PathLikes]) -> list[str]:
    return [fspath(path) for path in paths]


def _spec(function: str | Callable[..., Any] | None) -> Any:
    """A function's name on the command line."""
    return spec_of(function) if callable(function) else function


def _names(words: Sequence[str]) -> list[Any]:
    return [word for word in words if not word.startswith("--")]
