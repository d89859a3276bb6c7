"""A summary as JUnit XML, the format of CI services' test reports. One test case per judged thing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from lobench.workbench.summaries.model import Case, Summary

_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not have."""


def junit(summary: Summary) -> str:
    """The file's text."""
    verb = f"lobench {summary.verb}"
    root = ElementTree.Element("testsuites", {"name": verb, **_counts(summary.cases)})
    for name in dict.fromkeys(case.suite for case in summary.cases):
        cases = [case for case in summary.cases if case.suite == name]
        suite = ElementTree.SubElement(root, "testsuite", {"name": _text(name), **_counts(cases)})
        for case in cases:
            places = {"classname": _text(f"{verb}.{name}".replace(" ", ".")), "name": _text(case.name)}
            element = ElementTree.SubElement(suite, "testcase", {**places, "time": "0"})
            if case.problem is not None:
                told = {"type": _text(case.kind), "message": _text(f"{case.kind}: {case.problem}".partition("\n")[0])}
                ElementTree.SubElement(element, "failure", told).text = _text(case.problem)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _counts(cases: Sequence[Case]) -> dict[str, str]:
    failures = sum(case.problem is not None for case in cases)
    return {"tests": str(len(cases)), "failures": str(failures), "errors": "0", "skipped": "0", "time": "0"}


def _text(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
