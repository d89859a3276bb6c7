"""Result folders: ``out/<time>/result.json``, written after every step so that an interrupt loses nothing measured."""

from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from lobench.engine.errors import OutputError, UsageError
from lobench.workbench.processes.claimed_folders import claim, unclaimed
from lobench.workbench.results.conversion import as_json
from lobench.workbench.results.model.document import Result
from lobench.workbench.results.schema import SCHEMA, SCHEMA_VERSION

NEEDED_BYTES = 64 << 20
"""Room that a run's results may take; less free space than this is refused before work begins."""


_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(-\d+)?")
_PART = "result.json.part"


class ResultFolder:
    """A fresh folder for one run. Raises UsageError at once if it cannot be made or written, or if the disk is nearly
    full."""

    def __init__(self, base: str = "out", started: datetime | None = None) -> None:
        moment = (started or datetime.now()).strftime("%Y-%m-%dT%H-%M-%S")
        try:
            _sweep(Path(base))
            self.path, self._claimed = self._fresh(Path(base), moment)
            self._try_writing()
        except OSError as error:
            raise UsageError(
                f"{base}: cannot write results there: {error.strerror}; choose another place with -o"
            ) from error
        free = shutil.disk_usage(self.path).free
        if free < NEEDED_BYTES:
            self.path.rmdir()
            raise UsageError(
                f"{base}: only {free >> 20} MiB free, results may need {NEEDED_BYTES >> 20}; "
                "choose another place with -o"
            )

    @classmethod
    def existing(cls, path: str | Path) -> ResultFolder:
        """The folder of an earlier run, to continue it. Raises UsageError if it cannot be written."""
        folder = cls.__new__(cls)
        folder.path, folder._claimed = Path(path), claim(path)
        try:
            folder._try_writing()
        except OSError as error:
            raise UsageError(f"{path}: cannot write results there: {error.strerror}") from error
        return folder

    def __del__(self) -> None:
        claimed = getattr(self, "_claimed", None)
        if claimed is not None:
            os.close(claimed)

    def _try_writing(self) -> None:
        probe = self.path / _PART
        probe.write_text("{}", encoding="utf-8")
        probe.unlink()

    def drop_if_empty(self) -> None:
        """Remove the folder if nothing was saved in it."""
        if self.path.is_dir() and not any(self.path.iterdir()):
            self.path.rmdir()

    @property
    def result(self) -> Path:
        return self.path / "result.json"

    def save(self, result: Result) -> None:
        """Replace result.json by ``result``, all of it or nothing. Raises OutputError when the disk refuses."""
        part = self.path / _PART
        # In one go: json.dump into the file takes five times as long.
        text = json.dumps(
            {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, **as_json(result)},
            allow_nan=False,
            separators=(",", ":"),
        )
        try:
            with part.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.result)
        except OSError as error:
            raise OutputError(f"{self.result}: {error.strerror}; what was saved before is kept") from error

    @staticmethod
    def _fresh(base: Path, moment: str) -> tuple[Path, int | None]:
        """A folder that did not exist, claimed: a second run within the same second gets a number."""
        for number in range(1000):
            path = base / (moment if number == 0 else f"{moment}-{number}")
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                if not path.is_dir():
                    raise
                continue
            claimed = claim(path)
            if path.is_dir():  # else another process swept it before it was claimed
                return path, claimed
        raise FileExistsError(17, "too many results of the same second", str(base))


def _sweep(base: Path) -> None:
    """Remove the leftovers of killed runs among the results: folders without a result, and partial files."""
    with suppress(OSError):
        for folder in [folder for folder in base.iterdir() if _NAME.fullmatch(folder.name)]:
            with unclaimed(folder) as ours:
                if ours:
                    (folder / _PART).unlink(missing_ok=True)
                    if not any(folder.iterdir()):
                        folder.rmdir()
