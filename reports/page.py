"""From documents to the view of a page: the answer, warnings, a summary of many feeds, and the sections in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from lobench.reports.answer import answer
from lobench.reports.blocks import Page, Part, Section, Text
from lobench.reports.headline import facts, headline
from lobench.reports.machines import machine, machines
from lobench.reports.numbers import counted, listed, percent
from lobench.reports.result_view import LATENCY, WHOLE, ResultView, printable
from lobench.reports.sections import CONTEST_SECTIONS, contest, document_sections, feed_sections, since
from lobench.reports.side_by_side import by_ladder
from lobench.reports.summary import summary
from lobench.workbench.results.caution import caution
from lobench.workbench.results.model.document import FeedResult, Result

Source = TypeVar("Source")

COARSE = 0.05
"""A smallest detectable effect above this is warned of."""
DISTURBED = 0.25
"""So is a share of contaminated samples above this."""


def page(documents: list[Result], before: Result | None = None) -> Page:
    """The page of one or several validated result documents. ``before``: an earlier one that a single result is
    compared with."""
    documents = [printable(document) for document in documents]
    single = len(documents) == 1
    alone = single and len(documents[0].feeds) + (documents[0].contest is not None) == 1
    parts: list[Part] = []
    feeds: list[ResultView] = []
    anchors: list[str] = []
    warnings: list[Text] = []
    for number, document in enumerate(documents, start=1):
        own = _built(document_sections(document), document)
        warnings += _warnings(document, 0 if single else number)
        if document.contest is not None:
            sections, title = _built(CONTEST_SECTIONS, document), "" if alone else document.contest.title
            parts.append(Part(f"result{number}-contest", title, "", sections + own if alone else sections))
        for place, feed in enumerate(document.feeds, start=1):
            view = ResultView(document, feed)
            key, sections = f"result{number}-feed{place}", _built(feed_sections(document), view)
            changed = since.section(before, document, feed) if before is not None and single else None
            # Right after the ladder.
            sections[1:1] = [changed] if changed is not None else []
            feeds.append(view)
            anchors.append(key)
            parts.append(Part(key, "" if alone else view.name, _counts(feed), sections + own if alone else sections))
        if not alone:
            title = "Cost and environment" if single else f"Cost and environment of result {number}"
            parts.append(Part(f"result{number}", title, _line(document), own))
    ladders = by_ladder(feeds)
    if len(ladders) > 1:
        # A feed may appear once for each ladder.
        names_of = {anchor: f"{view.name}, {view.ladder_name}" for anchor, view in zip(anchors, feeds, strict=True)}
        parts = [replace(part, title=names_of.get(part.key, part.title)) for part in parts]
    named = machines(feeds)
    if len(named) > 1:
        machine_of = {anchor: named[machine(view)] for anchor, view in zip(anchors, feeds, strict=True)}
        parts = [
            replace(part, title=f"{part.title}, {machine_of[part.key]}") if part.key in machine_of else part
            for part in parts
        ]
    often = Counter(part.title for part in parts)
    # Parts with the same title get the number of their result (a key begins with it), to tell them apart in the list.
    parts = [
        replace(part, title=f"{part.title}, {part.key.replace('result', 'result ').partition('-')[0]}")
        if part.title and often[part.title] > 1
        else part
        for part in parts
    ]
    contests = [document.contest for document in documents if document.contest]
    names = list(dict.fromkeys([*(found.title for found in contests), *(feed.name for feed in feeds)]))
    told = [f"{contest.answer(found)}." for found in contests]
    of_feeds = bool(feeds) or not contests
    line = _line(documents[0]) if single else counted(len(documents), "result")
    return Page(
        title=f"lobench: {listed(names) or 'no feed'}",
        headline=" ".join([*told, headline(feeds)] if of_feeds else told),
        facts=facts(feeds),
        answer=" ".join([*told, answer(feeds)] if of_feeds else told),
        line=" · ".join(filter(None, [line, parts[0].line])) if alone else line,
        warnings=warnings,
        parts=parts,
        summary=[] if alone or all(feed.document.kind == LATENCY for feed in feeds) else summary(feeds, anchors),
    )


def _built(builders: Sequence[Callable[[Source], Section | None]], source: Source) -> list[Section]:
    return [section for build in builders if (section := build(source)) is not None]


def _counts(feed: FeedResult) -> str:
    return ", ".join(
        (counted(feed.events, "event"), counted(feed.evaluations, "evaluation"), counted(feed.books, "book"))
    )


def _line(document: Result) -> str:
    """When and where."""
    model = document.environment.cpu.model
    return " · ".join(filter(None, [document.created[:16].replace("T", " ") + " UTC", model]))


def _warnings(document: Result, number: int) -> list[Text]:
    """Warnings to read before the figures; ``number``: of the result among several, 0 if it is alone."""
    which, prefix = (f"Result {number}", f"Result {number}: ") if number else ("This result", "")
    feeds = [ResultView(document, feed) for feed in document.feeds]
    found: list[Text] = []
    if document.status == "partial":
        text = f"{which} is partial: the run was interrupted. Its measurements so far are shown. To measure all of it:"
        found.append(Text(text, "warning", document.command))
    if document.until != WHOLE and document.whole:
        text = f"{which} goes as far as its ladder: every replay stops after the stage {document.until}."
        found.append(Text(text, "warning"))
    elif document.until != WHOLE:
        text = (
            f"{which} covers a part of the pipeline: every replay stops after the stage {document.until}. No variant "
            "computes later stages, and no figure is a phase's gain for the whole pipeline."
        )
        found.append(Text(text, "warning"))
    found += [Text(f"{feed.idle}.", "warning") for feed in feeds if feed.idle]
    wrong = list(dict.fromkeys(name for feed in feeds for name in feed.refuted))
    if wrong:
        text = f"{listed(wrong)} did not compute the reference's results: refuted, and listed without figures."
        found.append(Text(text, "warning"))
    if document.contest is not None:
        found += [Text(text, "warning") for text in contest.warnings(document.contest)]
    return found + [Text(f"{prefix}{text}", "warning") for feed in feeds for text in _coarse(feed)]


def _coarse(feed: ResultView) -> list[str]:
    """Reasons not to rely on small differences on this feed."""
    if feed.noise is None or feed.feed.session is None:
        return []
    effect, contaminated = max(feed.detectable), feed.noise.contaminated
    texts = []
    if effect > COARSE:
        texts.append(f"Coarse: on {feed.name} only differences of {percent(effect)} or more are reliably detected.")
    few = caution(feed.feed.session)
    if few:
        texts.append(f"{feed.name} was {few}.")
    if contaminated.samples > DISTURBED * contaminated.of:
        share = f"{contaminated.samples:,} of {contaminated.of:,}"
        texts.append(f"The machine was busy: {share} samples on {feed.name} were disturbed.")
    return texts


def sections_of(shown: Page) -> list[tuple[str, Section]]:
    """Every section of a page with an id that is unique on it."""
    return [(f"{part.key}-{section.name}", section) for part in shown.parts for section in part.sections]
