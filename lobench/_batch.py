"""Many feeds from Python: batch."""

from __future__ import annotations

from collections.abc import Sequence
from os import fspath

from lobench._feeds import PathLikes, listed, path_of, words_of
from lobench.engine.errors import UsageError
from lobench.workbench.batch.driving import BatchOutcome, run_batch
from lobench.workbench.cli import batch as batch_command
from lobench.workbench.cli.calling import arguments_of
from lobench.workbench.console import quiet
from lobench.workbench.streams import complain


def batch(
    feeds: PathLikes | Sequence[PathLikes],
    dataset: PathLikes,
    *,
    feeds_from: PathLikes | Sequence[PathLikes] = (),
    features: bool = True,
    columns: str | Sequence[str] | None = None,
    depth: int | None = None,
    sample: str | None = None,
    evaluate: str = "last",
    compression: str | None = None,
    partition_by: str = "date",
    files: int | None = None,
    split_above: int | str | None = None,
    scheduler: str | int | None = None,
    memory: int | str | None = None,
    mapping: PathLikes | None = None,
    date: str | None = None,
    symbol_file: PathLikes | None = None,
    symbols: str | Sequence[str] | None = None,
    instruments: int | Sequence[int] | None = None,
    from_: str | int | None = None,
    to: str | int | None = None,
    progress: bool = False,
) -> BatchOutcome:
    """Replay many feeds separately and write their features and levels as one dataset of Parquet files, on all cores or
    on the Dask cluster of ``scheduler``: ``lobench batch``.

    Finished work is not repeated. A feed that cannot be read is listed in ``failed`` of the outcome, and the others are
    written. An interrupt keeps all finished files. Raises UsageError, and LobenchError if the scheduler is lost.

        outcome = lobench.batch("days/*.dbn.zst", "features", sample="1s")
        polars.scan_parquet("features/**/*.parquet", hive_partitioning=True)
    """
    if not features and (depth is None or columns is not None):
        raise UsageError("features=False writes only levels: it needs a depth, and no columns")
    chosen = columns if columns is None or isinstance(columns, str) else ",".join(columns)
    arguments = arguments_of(
        "batch",
        list(words_of(feeds)),
        output=fspath(dataset),
        feeds_from=list(words_of(feeds_from)),
        features=features,
        columns=chosen,
        depth=depth,
        sample=sample,
        evaluate=evaluate,
        compression=compression,
        partition_by=partition_by,
        files=files,
        split_above=split_above,
        memory=memory,
        mapping=path_of(mapping),
        date=date,
        symbol_file=path_of(symbol_file),
        symbols=listed(symbols),
        instruments=listed(instruments),
        **{"from": from_},
        to=to,
    )
    wanted, request = batch_command.asked(arguments)
    with quiet(not progress):
        return run_batch(
            wanted,
            request,
            arguments.output,
            scheduler=None if scheduler is None else str(scheduler),
            memory=arguments.memory,
            say=complain if progress else _unsaid,
        )


def _unsaid(text: str) -> None: ...
