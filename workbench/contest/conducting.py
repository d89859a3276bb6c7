"""A contest from start to end: test agreement, measure the agreeing subjects, analyse and save."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from lobench.engine.cache import source_digest
from lobench.engine.stages import STAGES
from lobench.workbench.console import progress, stderr
from lobench.workbench.contest.analysis import analyse
from lobench.workbench.contest.asked import CALLABLES, Asked
from lobench.workbench.contest.commands import words_of
from lobench.workbench.contest.loading import source_of
from lobench.workbench.contest.session import ContestSession, agreement, laid_out, measure
from lobench.workbench.environment import environment
from lobench.workbench.experiment.budget import Budget
from lobench.workbench.experiment.document import Document, repeatable
from lobench.workbench.measurement.live_view import display
from lobench.workbench.results import ResultFolder
from lobench.workbench.results.model.contest import Contest, Subject
from lobench.workbench.results.model.document import Result, VariantEntry


def conduct(asked: Asked, budget: Budget, tolerance: float, output: str) -> tuple[ResultFolder, Result]:
    """Returns the place of the result, and the result. Raises UsageError if a subject cannot be loaded or run,
    LobenchError if the first subject fails. Measurements are saved, even after an interrupt."""
    folder = ResultFolder(output)
    try:
        with progress(f"comparing what {len(asked.subjects)} {asked.kind} do", None):
            found = agreement(asked)
        contest = Contest(
            kind=asked.kind,
            clock=asked.clock,
            setup=asked.setup,
            reset=asked.reset if asked.setup else None,
            same=asked.same,
            check=asked.check,
            shell=asked.shell,
            subjects=tuple(
                Subject(name, outcome.reason is None, outcome.reason, outcome.note, None, None)
                for name, outcome in found.outcomes.items()
            ),
            session=None,
            comparisons=(),
        )
        document = Document(_content(asked, contest), folder)
        if len(found.seconds) > 1:
            _measured(document, contest, asked, laid_out(asked, found, budget), budget.processes)
        analyse(contest, tolerance)
        document.finish()
    finally:
        folder.drop_if_empty()
    return folder, document.content


def _measured(
    document: Document, contest: Contest, asked: Asked, session: ContestSession, processes: int | None
) -> None:
    with display(f"measuring {contest.title}", session) as shown:

        def keep() -> None:
            contest.session = session.result()
            document.save(seldom=True)
            shown.refresh()

        try:
            measure(asked, session, processes=processes, keep=keep, advance=shown.advance)
        except BaseException:
            if session.samples:
                kept = f"the {len(session.samples):,} samples measured so far are kept in {document.folder.result}"
                stderr().print(f"stopped; {kept}", markup=False, soft_wrap=True)
            raise
        finally:
            if session.lost:
                contest.subjects = tuple(_lost(subject, session.lost) for subject in contest.subjects)
            if session.samples:
                contest.session = session.result()
                document.save()


def _lost(subject: Subject, lost: Mapping[str, str]) -> Subject:
    if subject.name not in lost:
        return subject
    return replace(subject, agrees=False, reason=f"when it was timed, it {lost[subject.name]}")


def _content(asked: Asked, contest: Contest) -> Result:
    return Result(
        kind="cmp",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=repeatable(sys.argv[1:]),
        status="partial",
        evaluate="last",
        until=STAGES[-1],
        environment=environment(),
        source_digest=source_digest(),
        variants=tuple(
            VariantEntry(name, None, f"one of {len(asked.subjects)} {asked.kind}", {}, _digest(asked, text))
            for name, text in zip(asked.names, asked.subjects, strict=True)
        ),
        feeds=[],
        sweep=None,
        contest=contest,
    )


def _digest(asked: Asked, text: str) -> str:
    """Hex digest of the file that a callable is in, or of the program that a command runs; of the text where there is
    none."""
    content = text.encode(errors="surrogateescape")
    place = source_of(text) if asked.kind == CALLABLES else shutil.which(words_of(text, shell=asked.shell)[0])
    if place is not None and Path(place).is_file():
        content = Path(place).read_bytes()
    return hashlib.blake2b(content, digest_size=8).hexdigest()
