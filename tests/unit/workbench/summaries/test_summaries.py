"""The findings of verbs, shown where people work: one verdict and one set of figures, on the terminal, as Markdown, in
a comment, as annotations, as JUnit XML."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from lobench.engine.errors import UsageError
from lobench.workbench.cli import main
from lobench.workbench.commits.findings import Finding
from lobench.workbench.commits.gate import Check
from lobench.workbench.commits.repository import Commit
from lobench.workbench.summaries import check, cmp, diff, github, outlets, verify
from lobench.workbench.summaries.junit import junit
from lobench.workbench.summaries.markdown import markdown
from lobench.workbench.summaries.model import Case, Detail, Place, Summary, Table
from lobench.workbench.verification.told import Verified, VerifiedFeed
from tests.support import typed
from tests.support.documents import SPEEDS, document, written

COMMAND = "lobench check 1a2b3c4d..5e6f7a8b"
PLACE = Place("variants/p4_hash_lookup.py", 120, "@kernel", "+24.0 instructions an event")


def compared(variant: str = "p3_indexed_features", **shape: Any) -> Summary:
    """Of a comparison with `p4_hash_lookup`."""
    made = document(kind="cmp", processes=8, slices=24, **shape)
    feed = made["feeds"][0]
    feed["comparison"] = typed.compare(feed, "p4_hash_lookup", variant, 0.01)
    return cmp.summary(typed.result(made), "p4_hash_lookup", variant, False, "lobench cmp p4 p3")


def finding(variant: str, before: float = 100.0, after: float = 100.0, **more: Any) -> Finding:
    exact: dict[str, tuple[float | None, float | None]]
    exact = {"instructions": (before, after), "lookup_probes": (1.0, after / before)}
    known = {"ratio": None, "control": None, "floor": None, "difference": None, "lacking": None, **more}
    return Finding(feed="synth:liquid-future", variant=variant, exact=exact, **known)


def checked(*findings: Finding, places: list[Place] | None = None, unseen: list[str] | None = None) -> Summary:
    sides = [Commit(name * 40, 0, subject) for name, subject in (("1", "before"), ("5", "after"))]
    result = Check(sides[0], sides[1], same_code=not findings, findings=list(findings), unseen=unseen or [])
    return check.summary(result, COMMAND, places or [])


def tables(text: str) -> list[list[list[str]]]:
    """Cells of each table of a Markdown text, as a reader of Markdown sees them."""
    html = MarkdownIt("commonmark").enable("table").render(text)
    return [
        [
            re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
            for row in re.findall(r"<tr>.*?</tr>", part, re.DOTALL)
        ]
        for part in re.findall(r"<table>.*?</table>", html, re.DOTALL)
    ]


def test_a_comparison_says_verdict_interval_resolution_and_how_to_repeat_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = compared()
    text = markdown(said)
    ratio = re.search(
        r"p3_indexed_features is slower than p4_hash_lookup: 0\.8\d+x, 95 % interval 0\.\d+ to 0\.\d+", text
    )
    assert ratio
    assert text.startswith("### lobench cmp: p4_hash_lookup and p3_indexed_features on synth:liquid-future\n")
    assert "are detected with 80% probability" in text
    assert text.endswith("```sh\nlobench cmp p4 p3\n```\n")
    (table,) = tables(text)
    assert table[0] == ["", "A: p4_hash_lookup", "B: p3_indexed_features"]
    assert table[1][0] == "M events/s"
    # The terminal shows the same words and figures.
    outlets.deliver(said, namespace(), "verdict")
    shown = capsys.readouterr().out
    assert ratio[0] in shown
    assert all(cell in shown for row in table for cell in row)


def test_a_comparison_of_something_wrong_has_no_verdict() -> None:
    made = document(kind="cmp", disagreeing=["p3_indexed_features"])
    said = cmp.summary(typed.result(made), "p4_hash_lookup", "p3_indexed_features", False, "lobench cmp")
    assert said.verdict == "FAILED for p3_indexed_features: no verdict on different results"


def test_two_results_in_time() -> None:
    old, new = (
        document(processes=6, slices=20),
        document(processes=6, slices=20, seed=3, speeds={**SPEEDS, "p2_snapshot": 1.1}),
    )
    new["variants"][2]["source_digest"] = "0" * 16
    found = typed.changes(old, new)
    said = diff.summary(found, ["numpy: 1, then 2"], 0.0, ("old", "new"), "lobench diff old new")
    assert not said.ok
    text = markdown(said)
    assert "❌ **1 slower: p2_snapshot on synth:liquid-future." in text
    assert "- **note**: numpy: 1, then 2" in text
    (table,) = tables(text)
    assert [row[0] for row in table[1:]] == list(SPEEDS)
    assert re.fullmatch(r"0\.8\d+x", table[3][1])


def test_a_failed_check_names_variant_and_line() -> None:
    said = checked(finding("p0_baseline"), finding("p4_hash_lookup", after=105.0), places=[PLACE])
    assert not said.ok
    text = markdown(said)
    assert "❌ **FAILED: p4_hash_lookup (more work)**" in text
    findings, places = tables(text)
    assert findings[0] == ["variant", "speed", "95 % interval", "noise floor", "instructions", "verdict"]
    assert findings[2] == ["p4_hash_lookup", "", "", "", "+5.00%", "more work"]
    assert "p4_hash_lookup: lookup_probes 1 to 1.05 per event" in text
    assert places[1] == ["variants/p4_hash_lookup.py:120", "+24.0 instructions an event", "@kernel"]
    passed = checked(finding("p0_baseline"))
    assert passed.ok
    assert markdown(passed).splitlines()[2].startswith("✅ **PASSED: same results")
    assert checked().verdict.startswith("PASSED: both are the same code")
    assert checked(finding("p0_baseline"), unseen=["p1_new"]).verdict == "INCOMPLETE, no verdict: not looked at: p1_new"


def test_annotations_are_as_a_runner_reads_them() -> None:
    said = checked(finding("p4_hash_lookup", after=105.0), places=[PLACE, Place("a,b.py", 3, "50% of\nit", "+1.0")])
    first, second = github.annotated(said)
    assert first == (
        "::warning file=variants/p4_hash_lookup.py,line=120,"
        "title=lobench check%3A 55555555 (after) against 11111111 (before)"
        "::+24.0 instructions an event: @kernel"
    )
    assert second.startswith("::warning file=a%2Cb.py,line=3,")
    assert second.endswith("::+1.0: 50%25 of%0Ait")
    (only,) = github.annotated(checked(finding("p4_hash_lookup", after=105.0)))
    assert only.endswith("::FAILED: p4_hash_lookup (more work)")
    assert list(github.annotated(checked(finding("p0_baseline")))) == []


def test_a_comment_has_a_marker_and_mentions_no_user() -> None:
    said = checked(finding("p4_hash_lookup", after=105.0), places=[PLACE])
    text = github.comment(said)
    assert text.splitlines()[0] == "<!-- lobench check -->"
    assert "@\u200bkernel" in text
    assert github.unmentioned("by @one\n```sh\ngit show main@{1} @two\n```\n@three") == (
        "by @\u200bone\n```sh\ngit show main@{1} @two\n```\n@\u200bthree"
    )
    long = Summary(verb="cmp", title="t", verdict="v", ok=True, command="c", tables=[Table(["a"], [["x" * 90]] * 900)])
    assert len(github.comment(long)) < 65_536


def test_a_step_summary_is_added_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    monkeypatch.setenv(github.SUMMARY, str(path))
    github.append_summary(checked(finding("p0_baseline")))
    assert path.read_text().startswith("before\n### lobench check: ")
    monkeypatch.setenv(github.SUMMARY, str(tmp_path / "none" / "summary.md"))
    with pytest.raises(UsageError, match="GITHUB_STEP_SUMMARY names it"):
        github.append_summary(checked())


def test_verification_is_a_test_case_for_each_variant_and_feed() -> None:
    def outcome(name: str, wrong: str = "") -> Any:
        return SimpleNamespace(
            name=name,
            workers=1,
            agrees=not wrong,
            kinds=("books",) if wrong else (),
            compared=None,
            result=SimpleNamespace(events=10, evaluations=5, books=[None]),
            digests=lambda: {"trace": "0" * 16},
            lines=lambda: ["first difference: event 5 (books)", wrong] if wrong else [],
        )

    feeds = [
        VerifiedFeed(name, "0" * 32, 10, outcomes, None, {"a": 1}, [])
        for name, outcomes in (
            ("day.dbn", [outcome("p0_baseline"), outcome("p4_hash_lookup", "a < b & \x1b")]),
            ("synth:every-rule", [outcome("p0_baseline"), outcome("p4_hash_lookup")]),
        )
    ]
    said = verify.summary(Verified(feeds, [], False), "lobench verify day.dbn")
    assert said.verdict == "FAILED: 1 of 4 replays do not agree with the reference: p4_hash_lookup"
    root = ElementTree.fromstring(junit(said))
    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "4", "1")
    suites = root.findall("testsuite")
    assert [suite.get("name") for suite in suites] == ["day.dbn", "synth:every-rule"]
    assert [case.get("name") for case in suites[0]] == ["p0_baseline, 1 worker", "p4_hash_lookup, 1 worker"]
    (failure,) = root.iter("failure")
    assert failure.get("type") == "books"
    assert failure.text == "first difference: event 5 (books)\na < b & \ufffd"


def test_a_check_as_test_cases() -> None:
    said = checked(finding("p0_baseline"), finding("p4_hash_lookup", after=105.0), unseen=["p1_new"])
    root = ElementTree.fromstring(junit(said))
    cases = {case.get("name"): case.find("failure") for case in root.iter("testcase")}
    assert {name for name, failure in cases.items() if failure is not None} == {"p4_hash_lookup", "p1_new"}
    told = cases["p4_hash_lookup"]
    assert told is not None
    assert "instructions +5.00%" in str(told.get("message"))
    assert len(list(ElementTree.fromstring(junit(checked())).iter("testcase"))) == 1


def test_hostile_texts_break_nothing() -> None:
    hostile = "a|b`*_[link](http://example.invalid) # {{ }} <script>alert(1)</script>\n```"
    said = Summary(
        verb="cmp",
        title=hostile,
        verdict=hostile,
        ok=False,
        command=f"lobench {hostile}",
        tables=[Table([hostile, "b"], [[hostile, "1"]], title=hostile, note=hostile)],
        facts=[(hostile, hostile)],
        details=[Detail("d", [hostile, "```"])],
        cases=[Case(hostile, hostile, hostile, hostile)],
    )
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown(said))
    assert "<script>" not in html
    assert "<a " not in html
    assert len(tables(markdown(said))[0]) == 2
    ElementTree.fromstring(junit(said))


def namespace(**given: Any) -> argparse.Namespace:
    return argparse.Namespace(**{"json": False, "markdown": None, "github": None, **given})


def test_unwritable_outputs_are_refused_before_measuring(tmp_path: Path) -> None:
    feed = tmp_path / "day.dbn"
    feed.write_bytes(b"DBN\x01")
    for given, told in (
        ({"markdown": str(tmp_path)}, "is a folder; --markdown takes a file"),
        ({"github": str(tmp_path / "none/c.md")}, "there is no folder"),
        ({"junit": str(feed)}, "is market data"),
        ({"markdown": "-", "json": True}, "both print to standard output"),
    ):
        with pytest.raises(UsageError, match=told):
            outlets.check(namespace(**given))


def test_files_are_written_and_markdown_takes_the_place_of_the_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = {name: str(tmp_path / name) for name in ("markdown", "github", "junit")}
    outlets.deliver(checked(finding("p4_hash_lookup", after=105.0)), namespace(**paths))
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "FAILED: p4_hash_lookup (more work)"
    assert said.err.startswith("::warning ")
    assert (tmp_path / "markdown").read_text().startswith("### lobench check: ")
    assert ElementTree.parse(tmp_path / "junit").getroot().get("failures") == "1"
    outlets.deliver(checked(), namespace(markdown="-"))
    assert capsys.readouterr().out.startswith("### lobench check: ")


def test_the_command_leaves_out_its_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    typed_words = [
        "check",
        "main",
        "--github",
        "c.md",
        "--exact",
        "--junit=x",
        "--markdown",
        "-",
        "-o",
        "out",
        "--json",
    ]
    monkeypatch.setattr("sys.argv", ["lobench", *typed_words])
    assert outlets.command({"main": "1a2b..5e6f"}) == "lobench check 1a2b..5e6f --exact"


def test_the_verb_writes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [str(written(tmp_path, document(seed=seed), f"{seed}.json")) for seed in (1, 2)]
    words = ["diff", *paths, "--markdown", str(tmp_path / "m.md"), "--github", str(tmp_path / "c.md")]
    monkeypatch.setattr("sys.argv", ["lobench", *words])
    assert main(words) == 0
    assert "`lobench cmp` compares side by side" in capsys.readouterr().out
    text = (tmp_path / "m.md").read_text()
    assert f"```sh\nlobench diff {paths[0]} {paths[1]}\n```" in text
    assert (tmp_path / "c.md").read_text().startswith("<!-- lobench diff -->\n### lobench diff: ")
    assert main(["diff", *paths, "--markdown", "-"]) == 0
    assert capsys.readouterr().out.startswith("### lobench diff: ")
