"""A summary where a hosted CI shows it: the step's summary, the text of one comment, annotations at source lines.

GitHub's runner reads annotations from a step's output ("workflow commands"), and shows text that is appended to the
file that ``GITHUB_STEP_SUMMARY`` names; both work on Gitea and Forgejo, too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from lobench.engine.errors import UsageError
from lobench.workbench.summaries.markdown import markdown
from lobench.workbench.summaries.model import Summary

SUMMARY = "GITHUB_STEP_SUMMARY"
"""Variable that names the file of the step's summary."""

MARK = "<!-- lobench {} -->"
"""Hidden first line of a comment: updates find the comment by it. One for each verb."""

MOST = 65_000
"""Characters of a comment; GitHub refuses 65,536."""


def comment(summary: Summary) -> str:
    """The text of a comment, with its mark."""
    text = f"{MARK.format(summary.verb)}\n{unmentioned(markdown(summary))}"
    return text if len(text) <= MOST else f"{text[:MOST].rpartition(chr(10))[0]}\n\n…\n"


def append_summary(summary: Summary) -> None:
    """Append to the step's summary, if there is one. Raises UsageError if it cannot be written."""
    path = os.environ.get(SUMMARY)
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(markdown(summary) + "\n")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}; {SUMMARY} names it") from error


def annotated(summary: Summary) -> Iterator[str]:
    """Lines to print: one for each costlier line of the repository; where there are none, one for a summary that is not
    ok."""
    kind = "notice" if summary.ok else "warning"
    places = [place for place in summary.places if not os.path.isabs(place.file)]
    for place in places:
        where = f"file={_property(place.file)},line={place.line},title={_property(summary.heading)}"
        yield f"::{kind} {where}::{_data(f'{place.costs}: {place.text}')}"
    if not places and not summary.ok:
        yield f"::warning title={_property(summary.heading)}::{_data(summary.verdict)}"


def unmentioned(text: str) -> str:
    """Markdown without mentions by ``@``; fenced code is unchanged."""
    pattern = r"^(?P<fence>`{3,})[^\n]*\n.*?^(?P=fence)$|@(?=\w)"
    flags = re.MULTILINE | re.DOTALL
    return re.sub(pattern, lambda found: found[0] if found["fence"] else "@\u200b", text, flags=flags)


def _data(text: str) -> str:
    """As a workflow command takes its message."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escaped for the part before the message."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
