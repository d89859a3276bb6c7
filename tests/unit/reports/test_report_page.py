"""The sections of a page and their order; the text for missing figures; names cannot break the page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from lobench.engine.errors import LobenchError, UsageError
from lobench.workbench.summaries.markdown import escaped
from tests.support.analyses import Document
from tests.support.documents import document
from tests.support.reported import HOSTILE, MANY, TELLTALE, complete, hostile, refuted
from tests.support.typed import write

SECTIONS = [
    "ladder",
    "attribution",
    "interactions",
    "counters",
    "hardware",
    "profiles",
    "verification",
    "noise",
    "scaling",
    "latency",
    "cost",
    "environment",
]
VOID = {"meta", "link", "br", "wbr", "hr", "img"}


class Parsed(HTMLParser):
    """Tags in their order, ids, links, and text outside of style and script; fails on tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("style", "script"):
            self.text += data

    def values(self, attribute: str) -> list[str]:
        return [attributes[attribute] or "" for _, attributes in self.tags if attribute in attributes]


def made(folder: Path, *documents: Document) -> tuple[Parsed, str]:
    path = write(list(documents), folder)
    return Parsed(path.read_text()), (folder / "report.md").read_text()


@pytest.mark.normal
def test_a_complete_result(tmp_path: Path) -> None:
    document = complete()
    document["feeds"][0]["books"] = 2
    page, text = made(tmp_path, document)
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert [
        name.rpartition("-")[2] for name in ids if name.rpartition("-")[2] in SECTIONS and "feed1-" in name
    ] == SECTIONS
    assert {link[1:] for link in page.values("href") if link.startswith("#")} <= set(ids)
    assert "To measure it" not in text
    assert not page.values("class").count("text missing")
    for name in ("ladder", "steps", "attribution", "interactions", "stages", "scaling", "latency", "sweep"):
        assert (tmp_path / "charts" / f"{name}.svg").exists()
        assert (tmp_path / "charts" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert f"](charts/{name}.svg)" in text
    assert "lobench run synth:liquid-future" in page.text
    assert "p4_hash_lookup" in text


@pytest.mark.normal
def test_workers_of_one_book_are_no_picture(tmp_path: Path) -> None:
    page, _ = made(tmp_path, complete())
    assert not (tmp_path / "charts" / "scaling.svg").exists()
    assert "This feed has one book." in page.text


@pytest.mark.normal
def test_the_page_gives_the_number_of_processes(tmp_path: Path) -> None:
    content = complete()
    design = content["feeds"][0]["session"]["design"]
    count = design["processes"]
    assert f" {count} processes (" in made(tmp_path, content)[0].text
    # The time ran out early.
    design["processes"] = count + 3
    assert f" {count} processes of at most {count + 3} (" in made(tmp_path, content)[0].text


def test_latency_alone_has_a_headline(tmp_path: Path) -> None:
    document = complete()
    document["kind"] = "latency"
    _, text = made(tmp_path, document)
    (sentence,) = re.findall("<h1>(.*)</h1>", (tmp_path / "report.html").read_text())
    assert " of events within 100 µs up to " in sentence
    assert "## Latency" in text
    assert "## Attribution" not in text


@pytest.mark.normal
def test_latency_alone_has_no_row_of_steps(tmp_path: Path) -> None:
    served = complete(feeds=["synth:deep-book,n=2M"])
    served["kind"] = "latency"
    _, text = made(tmp_path, complete(), served)
    (_, after) = text.split("Step of every phase on every feed", 1)
    rows = after.split("\n\n")[1].splitlines()[2:]
    assert [row.split("|")[1].strip() for row in rows] == ["synth:liquid-future"]


@pytest.mark.normal
def test_the_page_fetches_nothing(tmp_path: Path) -> None:
    source = write([complete()], tmp_path).read_text()
    page = Parsed(source)
    assert page.values("src") == []
    assert {link for link in page.values("href") if not link.startswith("#")} == {"data:,"}
    assert not re.search(r"url\((?!#)|@import", source)
    policy = next(
        attributes["content"] for tag, attributes in page.tags if tag == "meta" and "http-equiv" in attributes
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'")


@pytest.mark.parametrize("parts", [{}, {"analysis": False}])
def test_missing_parts_name_their_command(tmp_path: Path, parts: dict[str, Any]) -> None:
    page, text = made(tmp_path, document(**parts))
    assert page.values("class").count("text missing") >= 5
    assert text.count("To measure it: `lobench run synth:liquid-future`") >= 5
    assert page.text.count("lobench run synth:liquid-future") >= 5
    # No command could measure this.
    assert "This feed has one book. Workers do not share books, so more than one cannot gain here." in page.text


def test_a_partial_result_says_so_first(tmp_path: Path) -> None:
    page, text = made(tmp_path, document(status="partial"))
    warning = "This result is partial: the run was interrupted."
    assert warning in page.text
    assert page.text.index(warning) < page.text.index("The ladder")
    assert warning in text


def test_a_measurement_that_is_coarse_or_disturbed_says_so_first(tmp_path: Path) -> None:
    content = document()
    noise = content["feeds"][0]["analysis"]["noise"]
    noise["mde"]["effect"], noise["contaminated"]["samples"] = 0.18, noise["contaminated"]["of"]
    page, _ = made(tmp_path, content)
    assert "only differences of 18% or more are reliably detected" in page.text
    assert "The machine was busy: 432 of 432 samples" in page.text
    assert page.text.index("The machine was busy") < page.text.index("The ladder")


@pytest.mark.parametrize(("processes", "warned"), [(4, True), (5, False)])
def test_a_session_of_few_processes_says_so_first(tmp_path: Path, processes: int, warned: bool) -> None:
    page, text = made(tmp_path, document(processes=processes, passes=1))
    warning = f"synth:liquid-future was measured in only {processes} processes"
    assert (warning in page.text) is (warning in text) is warned
    assert not warned or page.text.index(warning) < page.text.index("The ladder")


@pytest.mark.normal
def test_feeds_have_parts_of_their_own(tmp_path: Path) -> None:
    content = document(feeds=MANY)
    page, text = made(tmp_path, content, document())
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    for key in ("result1-feed1", "result1-feed2", "result1-feed3", "result2-feed1"):
        assert f"{key}-ladder" in ids
        assert page.values("href").count(f"#{key}") >= 2
    for feed in content["feeds"]:
        assert feed["name"] in text
    assert (tmp_path / "charts" / "ladder.svg").exists()
    assert (tmp_path / "charts" / "result2-feed1-ladder.svg").exists()
    assert [label for label in page.values("aria-label") if label.startswith("In ")] == [
        "In synth:liquid-future, result 1",
        *(f"In {feed['name']}" for feed in content["feeds"][1:]),
        "In Cost and environment of result 1",
        "In synth:liquid-future, result 2",
        "In Cost and environment of result 2",
    ]


@pytest.mark.parametrize("biased", [False, True])
def test_a_bias_is_unfolded_where_it_is_shown(tmp_path: Path, biased: bool) -> None:
    content = document(isolated=True)
    (row,) = (row for row in content["feeds"][0]["analysis"]["bias"] if row["variant"] == "p4_hash_lookup")
    row["shown"] = biased
    made(tmp_path, content)
    html = (tmp_path / "report.html").read_text()
    (fold,) = re.findall(r"<details class=\"(fold[^>]*)>\s*<summary><h3>Bias of lock-step", html)
    assert fold == ('fold" open' if biased else 'fold unprinted"')
    assert ("In lock-step, the time of p4_hash_lookup differed from that alone" in html) == biased
    assert ("No variant is shown to take a different time in lock-step than alone." in html) != biased


@pytest.mark.normal
@pytest.mark.parametrize("name", ["p4_hash_lookup", "p3_indexed_features"])
def test_a_refuted_variant_has_no_figure_anywhere(tmp_path: Path, name: str) -> None:
    page, text = made(tmp_path, refuted(name))
    everything = page.text + text + "".join(page.values("data-heading"))
    for path in (tmp_path / "charts").glob("*.svg"):
        everything += " ".join(ElementTree.fromstring(path.read_text()).itertext())
    assert f"{TELLTALE:,}"[:5] not in everything
    assert "7777" not in everything
    assert f"{name} is refuted: event 17: best bid 5 instead of 6" in page.text
    assert "DIFFERS" in text
    assert "No figures:" in text


def test_a_variant_that_differs_after_a_timed_replay_is_refuted(tmp_path: Path) -> None:
    page, _ = made(tmp_path, document(disagreeing=["p4_hash_lookup"]))
    assert "p4_hash_lookup is refuted: it differed from the reference in a timed replay" in page.text


@pytest.mark.normal
def test_names_cannot_break_the_page(tmp_path: Path) -> None:
    page, text = made(tmp_path, hostile())
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert not {"img", "b", "i"} & {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert "{{ 7 * 7 }}" in page.text
    assert HOSTILE["p2_snapshot"] in page.text
    assert "alert(2)" in page.text
    assert "\\<script\\>alert(1)" in text
    assert "\n# {{" not in text
    assert "](http" not in text.replace("\\](http", "")
    for row in re.findall(r"^\|.*\|$", text, re.MULTILINE):
        assert len(re.split(r"(?<!\\)\|", row)) > 3
    assert all("<" not in path.name for path in (tmp_path / "charts").iterdir())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b <c> `d` *e* [f](g)", r"a\|b \<c\> \`d\` \*e\* \[f\](g)"),
        ("p0_baseline _x_", r"p0_baseline \_x\_"),
        ("1. one\n- two", r"1\. one - two"),
        ("1.31 (1.23 to 1.40)", "1.31 (1.23 to 1.40)"),
        ("# head", r"\# head"),
    ],
)
def test_markdown_shows_text_as_it_is(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_writing_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least one result"):
        write([], tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(LobenchError, match="the report cannot be written"):
        write([document()], tmp_path / "file" / "inside")


@pytest.mark.normal
def test_the_page_shows_the_fitted_parameters(tmp_path: Path) -> None:
    made = document()
    parameters = {"distance": 8, "least_lines": 4096}
    made["feeds"][0]["tuning"] = {
        "profile": "f-0.toml",
        "digest": "0" * 32,
        "confirmed": False,
        "parameters": parameters,
    }
    text = Parsed(write([made], tmp_path).read_text()).text
    assert "used those of f-0.toml, never confirmed: distance 8, least_lines 4096." in text
    assert "fitted parameters" not in Parsed(write([document()], tmp_path).read_text()).text
