"""Compares two sources, BASE and HEAD; the fault may be in BASE.

A BASE whose own code does not run, or whose variants do not agree with their reference, is no measure for HEAD: a HEAD
that does run, and does agree, repairs it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from lobench.engine.errors import UnjudgedError
from lobench.workbench.commits.findings import GONE, Finding, changed, findings
from lobench.workbench.commits.measuring import INSTRUCTIONS, Exact, Measured, Request, count, measure, prepare
from lobench.workbench.commits.session import CommitSession
from lobench.workbench.commits.sources import BrokenError, Source


class _BaseError(Exception):
    """BASE does not run, by the fault of its own code."""

    def __init__(self, problem: BrokenError) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True)
class Pair:
    """BASE and HEAD; ``reference`` is the variant whose results are right in each of them.

    ``before`` is why there is no BASE, where its own code is at fault. ``allowed`` is the rise of instructions per
    event that passes. ``ends``: the lowest and the highest variant, which tell of a reference that was wrong.
    """

    before: Source | BrokenError
    after: Source
    reference: str
    allowed: float = 0.005
    ends: Sequence[str] = ()

    def prepare(self, timed: Request, others: Request) -> None:
        """Build and count at once what comparing both requests takes: nothing has to be compiled while others wait to
        be timed. What fails here is told of when it is compared."""
        requests = [one for one in (timed, others) if one.variants]
        if isinstance(self.before, BrokenError) or self.after.engines or not requests:
            return
        exact = prepare([self.before, self.after], requests)
        if exact is not None and timed.variants:
            self._count_mechanisms(self.before, exact, timed)

    def compare(
        self,
        request: Request,
        enough: Callable[[CommitSession], bool] = lambda session: False,
        *,
        mechanisms: bool = True,
    ) -> tuple[Measured | None, list[Finding]]:
        """The measurements of both, None if BASE has nothing that runs, and one finding for each feed and variant of
        either. ``mechanisms``: count them for variants whose instructions changed.

        Raises BrokenError if HEAD cannot be measured by the fault of its own code, UnjudgedError if either cannot for
        another reason.
        """
        if not request.variants:
            return None, []
        try:
            measured, found = self._compare(request, enough, mechanisms)
            return measured, self._mark_repaired(measured, found, request)
        except _BaseError as error:
            failing = self._failing(request)
            if not failing:
                raise UnjudgedError(f"nothing to compare: {error.problem}") from error
        rest = replace(request, variants=[name for name in request.variants if name not in failing])
        kept, found = self.compare(rest, enough, mechanisms=mechanisms)
        return kept, [*found, *self._repaired(failing, request)]

    def _compare(
        self, request: Request, enough: Callable[[CommitSession], bool], mechanisms: bool
    ) -> tuple[Measured, list[Finding]]:
        if isinstance(self.before, BrokenError):
            raise _BaseError(self.before)
        measured = measure([self.before, self.after], request, enough)
        self._raise_broken(self.before, measured.broken, request)
        if mechanisms:
            self._count_what_moved(self.before, measured, request)
        return measured, findings(measured, [feed.name for feed in request.feeds], 1, allowed=self.allowed)

    def _raise_broken(self, before: Source, broken: dict[str, BrokenError], request: Request) -> None:
        if before.key in broken and self.after.key in broken and not self._runs_only_in(before, request):
            # If both fail, the cause may be this machine rather than a commit.
            raise UnjudgedError(f"nothing to compare: {broken[self.after.key]}\nand {broken[before.key]}")
        for source in (self.after, before):
            problem = broken.get(source.key)
            if problem is not None:
                if problem.own:
                    raise _BaseError(problem) if source is before else problem
                raise UnjudgedError(f"nothing to compare: {problem}")

    def _runs_only_in(self, before: Source, request: Request) -> bool:
        """Whether a variant alone runs in BASE and not in HEAD."""

        def runs(source: Source, name: str) -> bool:
            return not measure([source], _still(request, [name])).broken

        return any(runs(before, name) and not runs(self.after, name) for name in request.variants)

    def _count_what_moved(self, before: Source, measured: Measured, request: Request) -> None:
        """Add the mechanism counters of the variants whose instructions changed."""
        exact, broken = self._count_mechanisms(before, measured.exact, request)
        self._raise_broken(before, broken, request)
        for key, counted in exact.items():
            for pair, counts in counted.items():
                measured.exact[key][pair] = {**measured.exact[key].get(pair, {}), **counts}

    def _count_mechanisms(
        self, before: Source, exact: dict[str, Exact], request: Request
    ) -> tuple[dict[str, Exact], dict[str, BrokenError]]:
        """The mechanism counters of the variants whose instructions, ``exact``, changed; source key to reason where
        they cannot be counted."""
        sources = [before, self.after]
        counted = [exact[source.key] for source in sources]
        moved = {
            pair[1]
            for pair in counted[0].keys() & counted[1].keys()
            if changed(counted[0][pair].get(INSTRUCTIONS), counted[1][pair].get(INSTRUCTIONS))
        }
        names = [name for name in request.variants if name in moved]
        if not request.instructions or not names or self.after.engines:
            return {}, {}
        return count(sources, replace(request, variants=names, instructions=False, counters=True))

    def _failing(self, request: Request) -> dict[str, BrokenError]:
        """The variants that alone do not run in BASE, and why."""
        if isinstance(self.before, BrokenError):
            return dict.fromkeys(request.variants, self.before)
        found = {}
        for name in request.variants:
            try:
                self._compare(_still(request, [name]), lambda session: False, mechanisms=False)
            except _BaseError as error:
                found[name] = error.problem
        return found

    def _repaired(self, failing: dict[str, BrokenError], request: Request) -> list[Finding]:
        """Findings of variants that run in HEAD alone, repaired where they agree with its reference."""
        wrong, lacking = _disagreeing(self.after, self.reference, list(failing), request)
        found = []
        for name, problem in failing.items():
            said = f"BASE does not run: {problem}"
            if name in wrong:
                said = f"is wrong in HEAD: {wrong[name]}; {said}"
            gone = GONE if name in lacking else None
            for feed in request.feeds:
                one = Finding(feed.name, name, None, None, None, {}, said, gone, self.allowed)
                found.append(replace(one, repaired=name not in wrong))
        return found

    def _mark_repaired(self, measured: Measured, found: Sequence[Finding], request: Request) -> list[Finding]:
        """The findings, those whose results differ marked as repaired where it was BASE that computed something wrong.

        A variant is repaired if BASE's disagreed with BASE's reference, and all of HEAD's agree with HEAD's. The
        reference is, if each of BASE's other variants disagreed with it and computes in HEAD what it did. Engines from
        outside have lobench's reference: there it is known already who is right.
        """
        if self.after.engines:
            was = {name: measured.session.apart(0, name) for name in request.variants}
            feeds = [feed.name for feed in request.feeds]
            return [
                replace(one, repaired=True, difference=f"in BASE {apart.told(feeds)}")
                if one.lacking is None and one.difference is None and (apart := was[one.variant])
                else one
                for one in found
            ]
        differing = {one.variant for one in found if one.difference is not None and one.lacking is None}
        names = sorted(differing | (set(self.ends) if self.reference in differing else set()))
        if not differing or _disagreeing(self.after, self.reference, names, request)[0]:
            return list(found)
        assert isinstance(self.before, Source)
        wrong = set(_disagreeing(self.before, self.reference, names, request)[0])
        others = set(names) - {self.reference}
        if others and others <= wrong - differing:
            wrong.add(self.reference)
        return [replace(one, repaired=True) if one.variant in differing & wrong else one for one in found]


def _disagreeing(
    source: Source, reference: str, names: Sequence[str], request: Request
) -> tuple[dict[str, str], set[str]]:
    """A source's variants whose end state differs from its reference's, with the difference, and those that it does not
    have.

    Raises BrokenError if the source does not run by its own fault.
    """
    asked = list(names) if source.engines else list(dict.fromkeys([reference, *names]))
    measured = measure([source], _still(request, asked))
    for problem in measured.broken.values():
        raise problem
    session = measured.session
    feeds = [feed.name for feed in request.feeds]
    wrong = {variant: apart.told(feeds) for (_, variant), apart in session.differences.items()}
    return wrong, set(session.lacking.get(0, {}))


def _still(request: Request, variants: Sequence[str]) -> Request:
    """A request that compares results and neither counts nor times."""
    design = replace(request.design, processes=0)
    return replace(request, variants=variants, design=design, instructions=False, counters=False)
