"""Which variants of a feed may be measured, and which may be shown: decided here alone."""

from __future__ import annotations

from lobench.workbench.results.model.contest import Contest
from lobench.workbench.results.model.document import FeedResult, Result

_DIGESTS_DIFFER = "its digests differ from the reference's"
TIMED_DIFFERS = "it differed from the reference in a timed replay"
"""The text about a left-out variant of a session that gives no reason."""


def failed(feed: FeedResult) -> dict[str, str]:
    """Variants that verification found to compute something else, and how it differs: they are not measured."""
    found: dict[str, str] = {}
    for outcome in feed.verification:
        if not outcome.agrees:
            found.setdefault(outcome.name, outcome.difference or _DIGESTS_DIFFER)
    return found


def refuted(feed: FeedResult) -> dict[str, str]:
    """Variants whose figures must not be shown, and why: they failed verification, or a session left them out because
    they ended a timed replay in another state, did their work only when asked, or were impossibly fast."""
    found = failed(feed)
    for session in feed.sessions:
        for name in session.disagreeing:
            found.setdefault(name, session.reasons.get(name, TIMED_DIFFERS))
    return found


def refused(contest: Contest) -> dict[str, str]:
    """Subjects of a contest whose figures must not be shown, and why."""
    found = {subject.name: subject.reason or "" for subject in contest.subjects if not subject.agrees}
    if contest.session is not None:
        for name in contest.session.disagreeing:
            found.setdefault(name, contest.session.reasons.get(name, ""))
    return found


def agree(document: Result) -> bool:
    """Whether everything in a document agreed with its reference."""
    wrong = any(refuted(feed) for feed in document.feeds)
    return not wrong and not (document.contest is not None and refused(document.contest))
