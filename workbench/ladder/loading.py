"""A ladder with its variants: the subject of verification, measurement and reports."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files as package_files
from pathlib import Path
from typing import Final

from lobench.engine.errors import UsageError
from lobench.engine.foreign.start import Contestant
from lobench.engine.policy import CORE_AXES, Variant
from lobench.engine.stages import STAGES
from lobench.variants import REFERENCE, discover, ladder, policies, resolve
from lobench.workbench.ladder.file import LadderFile, StepEntry, read_file
from lobench.workbench.results.model.ladder import KeptLadder, KeptStep
from lobench.workbench.verification.isolated import check_loads

OWN: Final = Path(str(package_files("lobench.variants").joinpath("ladder.toml")))
"""lobench's own ladder."""


@dataclass(frozen=True)
class Ladder:
    """``steps``: from the bottom up, their phases are their indices; ``reference``: the name of the step that totals
    are relative to. ``beside``: the user's own variants that are not steps; ``known``: every variant that may be named.
    ``files``: the files of the user's variants, for processes that load them again. ``path``: the file as the user
    names it, None for lobench's own.

    On any ladder, results are compared with lobench's reference; only speeds are compared with the ladder's.
    """

    path: str | None
    file: LadderFile
    steps: tuple[Contestant, ...]
    reference: str
    beside: tuple[Contestant, ...]
    known: Mapping[str, Contestant]
    files: tuple[str, ...]

    def named(self, typed: str) -> Contestant:
        """The variant that a user names. Raises UsageError as ``resolve``."""
        found = resolve(typed, self.known)
        # A combination that is also a step is that step, however it is typed.
        return self.known.get(found.name, found)

    @property
    def top(self) -> Contestant:
        """The last step."""
        return self.steps[-1]

    @property
    def crossed(self) -> bool:
        """Whether all combinations of the core axes can be made of it: its steps have two policies of each, and the
        reference is that of lobench, on top of which combinations are named."""
        ours = [step for step in self.steps if isinstance(step, Variant)]
        choices = policies(ours)
        return self.reference == REFERENCE and all(len(choices[axis]) == 2 for axis in CORE_AXES)

    @property
    def dismantled(self) -> bool:
        """Whether its top can be taken apart by axes: both ends are made of lobench's policies, and combinations on top
        of the last have a name."""
        ends = (self.top, self.known[self.reference])
        return all(isinstance(end, Variant) for end in ends) and "=" not in self.top.name

    @property
    def until(self) -> str:
        """The last stage that every step computes; external engines may compute less than all."""
        last = [STAGES.index(getattr(step, "last_stage", STAGES[-1])) for step in self.steps]
        return STAGES[min(last)]

    def kept(self) -> KeptLadder | None:
        """As a result document has it; None for lobench's own."""
        return None if self.path is None else self.described()

    def described(self) -> KeptLadder:
        """Its steps and predictions as plain values."""
        titles = [entry.title for entry in self.file.steps] or [None] * len(self.steps)
        steps = [KeptStep(step.name, title or step.summary) for step, title in zip(self.steps, titles, strict=True)]
        return KeptLadder(self.file.name, self.reference, self.until, tuple(steps), self.file.predictions)


def load_ladder(path: str | None = None, files: Sequence[str] = ()) -> Ladder:
    """The ladder in a file, lobench's own without one, with the user's other ``files``. Raises UsageError for a file
    that cannot be used; one that would end the process that loads it is tried in another before."""
    file = read_file(OWN if path is None else path)
    stepped = [entry.file for entry in file.steps if entry.file is not None]
    # A step's file may also be named on the command line.
    places = {os.path.realpath(name) for name in stepped}
    more = [name for name in files if os.path.realpath(name) not in places]
    known = known_with([*stepped, *more])
    steps = [_found(file, number, entry, known) for number, entry in enumerate(file.steps, 1)] or ladder(known)
    # lobench's own phases keep their numbers, even if some are absent.
    placed = [replace(step, phase=place) if file.steps else step for place, step in enumerate(steps)]
    for number, step in enumerate(placed, 1):
        if any(step.name == other.name for other in placed[: number - 1]):
            raise UsageError(f"{file.path}: step {number}: variant: {step.name} is already a step")
    own = set(discover())
    names = {step.name for step in placed}
    beside = [variant for variant in known.values() if variant.name not in own | names]
    others = {name: replace(variant, phase=None) for name, variant in known.items() if name not in names}
    return Ladder(
        path,
        file,
        tuple(placed),
        _reference(file, placed),
        tuple(beside),
        {step.name: step for step in placed} | others,
        (*stepped, *more),
    )


def known_with(files: Sequence[str]) -> dict[str, Contestant]:
    """All variants by name, with the user's own. Raises UsageError for a file that cannot be used; one that would end
    the process that loads it is tried in another before."""
    check_loads(files)
    return discover(files)


def _found(file: LadderFile, number: int, entry: StepEntry, known: Mapping[str, Contestant]) -> Contestant:
    try:
        return known[entry.key] if entry.file else resolve(entry.variant, known)
    except UsageError as error:
        raise UsageError(f"{file.path}: step {number}: variant: {error}") from None


def _reference(file: LadderFile, steps: Sequence[Contestant]) -> str:
    """The name of the step that the file calls its reference."""
    if file.steps:
        return steps[file.keys.index(file.reference)].name
    names = [step.name for step in steps]
    if file.reference not in names:
        raise UsageError(f"{file.path}: reference: '{file.reference}' is not a step. Use any of {', '.join(names)}")
    return file.reference
