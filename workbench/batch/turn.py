"""Which run of a batch may name files of a dataset: the one whose command holds the dataset.

A command that was interrupted, or whose scheduler is lost, may leave tasks on machines that it cannot reach. By the
time they end another run may have written the same files, of a feed that has changed since.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from lobench.engine.errors import LobenchError, OutputError
from lobench.workbench.batch.manifest import FOLDER

_FILE: Final = "run"


@contextmanager
def turn(dataset: str) -> Iterator[str]:
    """The name of a run, whose turn it is within. Raises OutputError where that cannot be written down."""
    run, file = uuid.uuid4().hex, Path(dataset, FOLDER, _FILE)
    try:
        # Overwritten in place: a network file system may be slow to notice that a name was replaced or removed.
        file.write_text(run, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{file}: cannot be written: {error.strerror}") from error
    try:
        yield run
    finally:
        with suppress(OSError):
            file.write_text("", encoding="utf-8")


def check_turn(dataset: str, run: str) -> None:
    """Raise LobenchError if it is not this run's turn; a run without a name always has its turn."""
    if not run:
        return
    with suppress(OSError):
        if Path(dataset, FOLDER, _FILE).read_text(encoding="utf-8") == run:
            return
    raise LobenchError(
        f"{dataset}: the batch that asked for this is over, or its folder is not the one of that name here"
    )
