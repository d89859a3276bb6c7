"""Profiles one variant with one tool after another: the findings of each, its files, and reasons for failures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from lobench.engine.foreign.start import Contestant
from lobench.engine.policy import Variant
from lobench.workbench.profile import callgrind, python_engine, python_tools, sampled
from lobench.workbench.profile.ablation import ablation
from lobench.workbench.profile.attribution import Callers, callers_in, spend
from lobench.workbench.profile.callgrind_file import COSTS, Counts
from lobench.workbench.profile.document import document
from lobench.workbench.profile.model.costs import Profile, Tuning
from lobench.workbench.profile.model.variant import Ablation, Found, HeapProfile, Profiled, PythonProfile
from lobench.workbench.profile.needs import MissingRightError, MissingToolError
from lobench.workbench.profile.pages import write_pages
from lobench.workbench.profile.runner import Told, ToolFailedError, compiling
from lobench.workbench.profile.seen import Facts, Seen
from lobench.workbench.profile.task import Task
from lobench.workbench.results.conversion import as_json

METHODS = ("callgrind", "ablation", "perf", "py-spy", "scalene", "memray")
"""Ways to look at a variant, in the order that they are used: callgrind knows who called whom, which samplers do
not."""

_AT_SPEED = frozenset({"perf", "py-spy", "scalene", "memray"})
"""Those that look at kernels compiled for this processor, with line tables."""

Report = Callable[[str], None]


def methods_for(variant: Contestant) -> tuple[str, ...]:
    """Ways to look at a variant or an engine, the first of its own kind first."""
    return tuple(method for method in METHODS if refusal(variant, method) is None)


def refusal(variant: Contestant, method: str) -> str | None:
    """Why this way is no way to look at an engine from outside; None if it is one."""
    if isinstance(variant, Variant):
        return None
    if method == "ablation":
        return "ablation cannot remove a stage of an engine from outside"
    if variant.make is None and method in ("py-spy", "scalene"):
        return f"{variant.name} is a shared library, and {method} profiles lines of Python; use callgrind or perf"
    if variant.make is not None and method in ("callgrind", "perf"):
        what = "counts" if method == "callgrind" else "samples"
        return (
            f"{variant.name} is a Python class, of which {method} {what} the interpreter alone; use py-spy or scalene"
        )
    return None


@dataclass
class Profiles:
    """The findings about one variant: documents by method, and reasons for the methods that failed.

    ``tuning``: the tuning that it was fitted with, as a result has it; None for the defaults."""

    variant: Contestant
    feed: str
    tuning: Tuning | None
    found: dict[str, Found] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    files: dict[str, list[str]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    """Those that could look, and failed: their reason is among ``missing``."""

    def profiled(self) -> Profiled:
        """The findings so far."""
        return Profiled(
            variant=self.variant.name,
            feed=self.feed,
            tuning=self.tuning,
            methods=self.found,
            missing=self.missing,
            files=self.files,
        )


class Collector:
    """Profiles of one variant, one method at a time; ``folder`` gets ``profile.json``, and a folder for each with the
    tool's own output.

    ``seconds`` is how long samplers look. ``tuning``: where the parameters of ``variant`` are from, if it takes any.
    With ``lenient``, a tool that is missing, may not look or fails is noted instead of raised.
    """

    def __init__(
        self,
        variant: Contestant,
        task: Task,
        folder: Path,
        *,
        seconds: float,
        lenient: bool,
        tuning: Tuning | None = None,
    ) -> None:
        fitted = dict(tuning) if tuning and variant.fits else None
        self.profiles = Profiles(variant, " ".join(task.feed), fitted)
        self._task, self._folder, self._seconds, self._lenient = task, folder, seconds, lenient
        self._callers: Callers = {}

    def collect(self, methods: Sequence[str], report: Report = lambda label: None) -> Profiles:
        """Use these methods, ``report``ing each that begins."""
        for method in (name for name in METHODS if name in methods):
            report(method)
            if reason := refusal(self.profiles.variant, method):
                self.profiles.missing[method] = reason
                continue
            folder = self._folder / method
            folder.mkdir(parents=True, exist_ok=True)
            with self._noting(method), self._meanwhile(method, methods):
                found: Found = getattr(self, f"_{method.replace('-', '_')}")(folder)
                self.profiles.found[method] = found
                (folder / "profile.json").write_text(json.dumps(as_json(found)), encoding="utf-8")
                self.profiles.files[method] = sorted(path.name for path in folder.iterdir())
            # Saved even after an interrupt.
            (self._folder / "profile.json").write_text(json.dumps(self.profiles.profiled().as_json()), encoding="utf-8")
        return self.profiles

    def _meanwhile(self, method: str, methods: Sequence[str]) -> AbstractContextManager[None]:
        """Callgrind's kernels are compiled for another processor, and counts do not mind company: meanwhile those are
        compiled that the other tools look at."""
        apart = method == "callgrind" and set(methods) & _AT_SPEED and isinstance(self.profiles.variant, Variant)
        return compiling(self._task) if apart else nullcontext()

    @contextmanager
    def _noting(self, method: str) -> Iterator[None]:
        try:
            yield
        except (MissingToolError, MissingRightError, ToolFailedError) as error:
            if not self._lenient:
                raise
            self.profiles.missing[method] = str(error)
            if isinstance(error, ToolFailedError):
                self.profiles.failed.append(method)

    def _callgrind(self, folder: Path) -> Profile:
        if self._task.library is not None:
            from lobench.workbench.profile import native

            return self._kept("callgrind", COSTS, native.counted(self._task, folder), folder)
        told, counts = callgrind.profile(self._task, folder)
        self._callers = callers_in(told.codes, counts)
        calls = callgrind.calls_per_event(counts, told.done.records, told.pass_records)
        facts = Facts(caches=callgrind.CACHES, library_calls=calls)
        return self._kept("callgrind", COSTS, self._seen(told, counts, facts), folder)

    def _perf(self, folder: Path) -> Profile:
        if self._task.library is not None:
            from lobench.workbench.profile import native

            return self._kept("perf", sampled.COLUMNS, native.perf(self._task, folder, self._seconds), folder)
        return self._sampled("perf", sampled.perf(self._task, folder, self._seconds), folder)

    def _py_spy(self, folder: Path) -> Profile:
        if not isinstance(self.profiles.variant, Variant):
            seen = python_engine.py_spy(self._task, folder, self._seconds)
            return self._kept("py-spy", sampled.COLUMNS, seen, folder)
        return self._sampled("py-spy", sampled.py_spy(self._task, folder, self._seconds), folder)

    def _sampled(self, tool: str, found: sampled.Sampled, folder: Path) -> Profile:
        facts = Facts(samples=found.samples, kernel_samples=found.kernel_samples, **found.notes)
        return self._kept(tool, sampled.COLUMNS, self._seen(found.told, sampled.nanoseconds(found), facts), folder)

    def _seen(self, told: Told, counts: Counts, facts: Facts) -> Seen:
        spent = spend(told.codes, counts, self._callers)
        return Seen(spent, told.done.records, told.feed, told.sources, facts)

    def _kept(self, tool: str, columns: Sequence[str], seen: Seen, folder: Path) -> Profile:
        """The document of the findings, with its pages."""
        found = document(
            tool,
            columns,
            seen.spent,
            seen.events,
            seen.sources,
            variant=self.profiles.variant,
            feed=seen.feed,
            tuning=self.profiles.tuning,
            facts=seen.facts,
        )
        write_pages(found, seen.sources, folder)
        return found

    def _ablation(self, folder: Path) -> Ablation:
        assert isinstance(self.profiles.variant, Variant)
        return ablation(self.profiles.variant, self._task, 2 * self._seconds)

    def _scalene(self, folder: Path) -> PythonProfile:
        return python_tools.scalene(self._task, folder, self._seconds)

    def _memray(self, folder: Path) -> HeapProfile:
        return python_tools.memray(self._task, folder)
