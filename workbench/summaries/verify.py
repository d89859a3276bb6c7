"""Replays compared with the reference's, on one feed or several."""

from __future__ import annotations

from collections.abc import Iterator

from lobench.workbench.against import shown
from lobench.workbench.against.proof import Proof
from lobench.workbench.console import headline
from lobench.workbench.summaries.model import Case, Detail, Fact, Summary, Table
from lobench.workbench.summaries.phrases import listed
from lobench.workbench.verification.compare import Verification
from lobench.workbench.verification.coverage import RULES
from lobench.workbench.verification.told import Verified, VerifiedFeed


def summary(found: Verified, command: str) -> Summary:
    """A verification's summary."""
    outcomes = [outcome for feed in found.feeds for outcome in feed.outcomes]
    wrong = [outcome for outcome in outcomes if not outcome.agrees]
    verdict = f"AGREED: {len(outcomes)} replays agree to the last bit"
    if wrong:
        names = listed(list(dict.fromkeys(outcome.name for outcome in wrong)))
        verdict = f"FAILED: {len(wrong)} of {len(outcomes)} replays do not agree with the reference: {names}"
    return Summary(
        verb="verify",
        title=listed([feed.name for feed in found.feeds], 3),
        verdict=verdict,
        ok=found.agree,
        command=command,
        tables=[_table(feed) for feed in found.feeds],
        facts=[*_engines(found, {outcome.name for outcome in wrong}), *_rules(found)],
        details=[Detail(f"{one.name} with {one.workers} workers", one.lines()) for one in wrong],
        cases=[_case(feed, outcome) for feed in found.feeds for outcome in feed.outcomes],
    )


def _table(feed: VerifiedFeed) -> Table:
    kinds = feed.outcomes[0].digests()
    rows = [
        [one.name, str(one.workers), *(one.digests().get(kind, "") for kind in kinds), _agrees(one)]
        for one in feed.outcomes
    ]
    title = headline(feed.name, feed.outcomes[0].result)
    return Table(("variant", "workers", *kinds, "agrees"), rows, title=title, words=range(len(kinds) + 3))


def _agrees(outcome: Verification) -> str:
    agrees = "yes" if outcome.compared is None else f"in {outcome.compared}"
    return agrees if outcome.agrees else f"NO: {', '.join(outcome.kinds)}"


def _engines(found: Verified, wrong: set[str]) -> Iterator[Fact]:
    """The engines from outside; ``wrong``: names of those that differ."""
    for engine in found.engines:
        yield "engine", f"{engine.name}: {engine.summary} (digest of its file {engine.digest})"
        if engine.leaves_out and engine.name in wrong:
            # Declared omissions are compared all the same: a feed may not reach them.
            yield "", f"{engine.name}: `lobench conform` shows whether it differs only in what it leaves out"


def _rules(found: Verified) -> Iterator[Fact]:
    """The rules that were not reached."""
    where = found.feeds[0].name if len(found.feeds) == 1 else f"these {len(found.feeds)} feeds"
    of, left = len(found.feeds[0].reached), found.not_reached
    if not left:
        yield "rules", f"{where}: all {of} rules are reached"
        return
    yield (
        "rules",
        f"{where}: {len(left)} of {of} rules are not reached, and nothing is proven about them "
        "(`lobench verify` without a feed reaches all):",
    )
    yield "", "; ".join(RULES[name] for name in left)


def _case(feed: VerifiedFeed, outcome: Verification) -> Case:
    name = f"{outcome.name}, {outcome.workers} worker{'s' * (outcome.workers != 1)}"
    return Case(feed.name, name, ", ".join(outcome.kinds), None if outcome.agrees else "\n".join(outcome.lines()))


def against(proof: Proof, command: str) -> Summary:
    """The summary of a comparison with a vendor's books."""
    told, first = shown.verdict(proof), shown.difference(proof)
    return Summary(
        verb="verify",
        title=f"{proof.feed} against {proof.answer.name}",
        verdict=told,
        ok=proof.agrees,
        command=command,
        facts=list(shown.counts(proof)),
        details=[Detail("the first difference", first)] if first else [],
        cases=[Case(proof.answer.name, proof.variant, told, None if proof.agrees else "\n".join(first) or told)],
    )
