"""The report's profiles: the figures of each variant, a page that nothing in a profile can break, the shares kept for
predictions, and the step of a run that makes them."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from lobench.engine.errors import LobenchError, UsageError
from lobench.engine.workload import Workload
from lobench.reports.blocks import Flame, Fold, Table
from lobench.reports.charts.flame import boxes_of, drawn_flame
from lobench.reports.sections.profiles import section
from lobench.variants import discover
from lobench.workbench.experiment.steps import profiles
from lobench.workbench.plan import share_from
from lobench.workbench.profile import analysis_stages
from lobench.workbench.profile.model.variant import Profiled
from lobench.workbench.profile.report import Reported, entry_of
from lobench.workbench.results import Result, read
from lobench.workbench.results.conversion import as_json
from tests.support import typed
from tests.support.documents import SPEEDS, document, written
from tests.support.profiled import CARD, profile_of, profiles_of
from tests.support.reported import complete, hostile, refuted
from tests.support.typed import views, write
from tests.unit.reports.test_report_page import Parsed, made

SVG = "{http://www.w3.org/2000/svg}"


def flame_of(*boxes: str, view: str = "0 0 1200 200") -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view}">{"".join(boxes)}</svg>'


def box(hint: str, left: float, width: float, top: int = 19, fill: str = "hsl(110,45%,70%)") -> str:
    rect = f'<rect x="{left}" y="{top}" width="{width}" height="16" fill="{fill}"/>'
    return f'<g><title>{hint}</title>{rect}<text x="{left}" y="{top}">{hint}</text></g>'


@pytest.mark.normal
def test_a_variant_is_shown_with_all_that_is_known(tmp_path: Path) -> None:
    page, text = made(tmp_path, complete())
    sentence = (
        "p4_hash_lookup: next bottleneck: features, 40% of the time (perf; 50% by ablation); "
        "removing it gains at most 1.67x."
    )
    # In its own section and in the ladder's.
    assert page.text.count(sentence) == 2
    assert f"> {sentence.split(':')[0]}" in text
    assert 'features = view(row, DOUBLE)["value"] # 3' in page.text
    assert "variants/p4_hash_lookup.py:13, features" in page.text.replace("\u200b", "")
    assert "What changed from p3_indexed_features" in page.text
    assert "callgrind ≠ perf" in page.text
    assert "share of each policy, wherever it is used" in page.text
    assert "counts instructions, not time" in page.text
    assert "-16.9" in page.text
    assert (tmp_path / "charts" / "stages.svg").exists()


def test_stages_of_every_method_stand_side_by_side() -> None:
    content = complete()
    fold = [block for block in section(views(content)[0]).blocks if isinstance(block, Fold)][-1]
    stages = fold.blocks[1]
    assert isinstance(stages, Table)
    assert stages.headings[1:4] == ["time saved (ablation)", "time sampled (perf)", "instructions (callgrind)"]
    rows = {row[0].text: [cell.text for cell in row[1:]] for row in stages.rows}
    assert list(rows) == ["decode", "book", "book: lookup", "book: levels", "features", "strategies"]
    assert rows["book: lookup"] == ["", "30%", "20%", ""]
    # Samples say 40 %, instructions 30 %, ablation 30 %: only values that differ beyond their intervals contradict.
    assert rows["book"][:3] == ["30.1%", "40.0%", "30%"]
    assert set(rows["book"][3].split("; ")) == {"ablation ≠ perf", "callgrind ≠ perf"}
    assert rows["decode"][0] == "-0.1%"


def test_without_profiles_the_command_stands_there(tmp_path: Path) -> None:
    _, text = made(tmp_path, document())
    assert "To measure it: `lobench run --profile synth:liquid-future`" in text


def test_less_than_all_methods(tmp_path: Path) -> None:
    content = document()
    known = {"p0_baseline": ("ablation",), "p1_zero_copy": ()}
    entries = [as_json(entry_of(Profiled.of(profile_of(name, methods=used)), None)) for name, used in known.items()]
    content["feeds"][0]["profiles"] = {**profiles_of([], calibrated=False), "variants": entries}
    read(written(tmp_path, content))
    page, _ = made(tmp_path, content)
    assert "Without perf: linux-perf is not installed; install it with: apt-get install linux-perf" in page.text
    assert "lobench profile --calibrate" in page.text
    assert "p0_baseline: next bottleneck: features, 50% of the time (ablation)" in page.text
    assert "flame" not in page.values("class")


@pytest.mark.normal
def test_a_tool_that_was_not_calibrated_is_named(tmp_path: Path) -> None:
    content = complete()
    reason = "memray is not installed; install it with: pip install 'lobench[profile]'"
    content["feeds"][0]["profiles"]["calibration"] = {**CARD, "missing": {"memray": reason}}
    page, _ = made(tmp_path, content)
    assert f"memray was not tried: {reason}" in page.text


def test_a_flame_graph_is_drawn_anew() -> None:
    found = boxes_of(profiles_of(["p0_baseline"])["variants"][0]["flame"])
    assert [found[0].label, found[1].label] == ["all", "replay"]
    assert [(found[0].left, found[0].row), found[1].row, found[2].row] == [(0.0, 0), 1, 2]
    assert found[0].width == pytest.approx(1, abs=0.001)
    assert "speck" not in {entry.label for entry in found}
    root = ElementTree.fromstring(drawn_flame(Flame("one", "a title", found), "key"))
    assert root.findtext(f"{SVG}title") == "a title"
    assert [entry.get("id") for entry in root.iter() if entry.get("id")] == ["key-title"]
    assert len(root.findall(f"{SVG}g/{SVG}rect")) == len(found)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "no picture",
        flame_of(),
        flame_of(box("x", 0, 1), view="0 0 x 1"),
        flame_of(box("x", 0, 100), view=""),
        "<!DOCTYPE svg [<!ENTITY a 'aaaa'>]>" + flame_of(box("&a;", 0, 1200)),
        flame_of('<g><rect x="nan" y="19" width="1200"/></g>'),
        flame_of('<g><rect x="0" y="1e999" width="1200"/></g>'),
    ],
)
def test_other_drawings_are_left_out(text: str | None) -> None:
    assert boxes_of(text) == []


def test_only_numbers_and_names_are_taken_from_a_flame_graph() -> None:
    wild = flame_of(
        "<script>alert(1)</script><style>* { display: none }</style><foreignObject><p>in</p></foreignObject>",
        box("&lt;script&gt;alert(2)&lt;/script&gt;", 0, 1200, fill="url(http://example.invalid)"),
        '<g onclick="alert(3)"><title>second</title><rect x="600" y="36" width="9999" onload="alert(4)" fill="a"/></g>',
    )
    found = boxes_of(wild)
    assert [(entry.hue, entry.left, entry.width, entry.row) for entry in found] == [
        (None, 0, 1, 0),
        (None, 0.5, 0.5, 1),
    ]
    drawn = drawn_flame(Flame("one", "<b>", found), "key")
    assert "example.invalid" not in drawn
    assert "<b>" not in drawn
    root = ElementTree.fromstring(drawn)
    assert {entry.tag.removeprefix(SVG) for entry in root.iter()} == {"svg", "title", "g", "rect", "text"}
    assert not [name for entry in root.iter() for name in entry.attrib if name.startswith("on")]


@pytest.mark.normal
def test_hostile_names_stay_text(tmp_path: Path) -> None:
    content = hostile()
    read(written(tmp_path, content))
    page, _ = made(tmp_path, content)
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert not {"foreignobject", "a href", "img"} & {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert "</td><script>alert(3)</script>" in page.text
    ids = page.values("id")
    assert len(ids) == len(set(ids))


def test_changes_against_a_refuted_variant_are_not_shown() -> None:
    content = refuted("p3_indexed_features")
    entries = {entry.variant: entry.change for entry in views(content)[0].profiles}
    assert "p3_indexed_features" not in entries
    assert entries["p4_hash_lookup"] is None
    assert entries["p2_snapshot"] is not None


def test_a_wrong_profile_is_refused(tmp_path: Path) -> None:
    content = complete()
    content["feeds"][0]["profiles"]["variants"][1]["stages"][0]["perf"]["value"] = "much"
    with pytest.raises(LobenchError, match=r"\$\.feeds\[0\]\.profiles\.variants\[1\]\.stages\[0\]\.perf\.value"):
        read(written(tmp_path, content))


def test_predictions_take_their_shares_from_profiles(tmp_path: Path) -> None:
    """Of the phase that the predicted one builds on, never below no time at all."""
    made = document()
    made["feeds"][0]["profiles"], made["feeds"][0]["analysis"]["stages"] = profiles_of([]), []
    content = typed.result(made)
    feed = content.feeds[0]
    for name in SPEEDS:
        found = profile_of(name)
        found["methods"]["ablation"]["stages"][2]["share"] |= {"low": float(name[1]) / 10}
        profiled = Profiled.of(found)
        profiles.keep(feed, entry_of(profiled, None), analysis_stages(profiled))
    kept = read(written(tmp_path, {**made, **as_json(content)}))
    assert kept.feeds[0].profiles
    assert all("profile" not in entry.more for entry in kept.feeds[0].profiles.variants)
    assert share_from(kept, "features", phase=5) == (0.4, 0.51)
    assert share_from(kept, "features", phase=3) == (0.2, 0.51)
    low, high = share_from(kept, "decode", phase=5)
    assert low == 0.0
    assert high == pytest.approx(0.009)
    assert share_from(kept, "lookup", phase=5)[0] == pytest.approx(0.3, abs=0.02)
    with pytest.raises(UsageError, match="5 times"):
        share_from(kept, "features")


class Kept:
    """A document that remembers how much it held whenever it was saved."""

    def __init__(self, content: Result, folder: Path) -> None:
        self.content, self.saved = content, list[int]()
        self.folder = SimpleNamespace(path=folder / "out" / "now")

    def save(self) -> None:
        self.saved.append(len(self.content.feeds[0].profiles.variants if self.content.feeds[0].profiles else ()))


def test_a_run_keeps_each_profile_at_once_and_goes_on_past_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[str, str | None]] = []

    def for_report(variant: Any, feed: Any, folder: Path, *, before: Any, report: Any, **more: Any) -> Reported:
        asked.append((variant.name, before and before.variant))
        report("ablation")
        if variant.name == "p1_zero_copy":
            raise LobenchError("the tool fell over")
        if variant.name == "p4_hash_lookup":
            raise KeyboardInterrupt
        profiled = Profiled.of(profile_of(variant.name, methods=("ablation",)))
        return Reported(profiled, entry_of(profiled, before))

    monkeypatch.setattr("lobench.workbench.profile.for_report", for_report)
    monkeypatch.setattr("lobench.workbench.profile.needs.require", str)
    made = document()
    content = typed.result(made)
    card = tmp_path / "out" / "profile"
    card.mkdir(parents=True)
    written(card, CARD, "calibration.json")
    made_of: Any = Kept(content, tmp_path)
    known = discover()
    with pytest.raises(KeyboardInterrupt):
        profiles.add_profiles(made_of, content.feeds[0], [known[name] for name in SPEEDS], Workload(), tmp_path)
    assert asked == [
        ("p0_baseline", None),
        ("p1_zero_copy", "p0_baseline"),
        ("p2_snapshot", "p0_baseline"),
        ("p3_indexed_features", "p2_snapshot"),
        ("p4_hash_lookup", "p3_indexed_features"),
    ]
    assert made_of.saved == [1, 2, 3]
    kept = typed.read(written(tmp_path, {**made, **as_json(content)}))["feeds"][0]
    assert [entry["variant"] for entry in kept["profiles"]["variants"]] == [
        "p0_baseline",
        "p2_snapshot",
        "p3_indexed_features",
    ]
    assert kept["profiles"]["calibration"] == CARD
    assert len(kept["analysis"]["stages"]) == 12
    said = capsys.readouterr().err
    assert "p1_zero_copy is not profiled: the tool fell over" in said
    assert said.count("apt-get install linux-perf") == 1
    assert (
        Parsed(write([{**made, **as_json(content)}], tmp_path / "page").read_text()).text.count("next bottleneck") >= 3
    )


def test_a_run_without_the_extra_names_the_install_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    content = typed.result(document())
    kept: Any = Kept(content, tmp_path)
    profiles.add_profiles(kept, content.feeds[0], [], Workload(), tmp_path)
    advice = f"install it with: {sys.executable} -m pip install 'lobench[profile]'"
    assert f"pyelftools is not installed; {advice}" in capsys.readouterr().err
    assert content.feeds[0].profiles is None


def test_another_machines_card_is_not_taken(tmp_path: Path) -> None:
    kept: Any = Kept(typed.result(document()), tmp_path)
    assert profiles.calibration(kept) is None
    card = tmp_path / "out" / "profile"
    card.mkdir(parents=True)
    written(card, {**CARD, "machine": {"machine_digest": "another"}}, "calibration.json")
    assert profiles.calibration(kept) is None
    written(card, CARD, "calibration.json")
    assert as_json(profiles.calibration(kept)) == CARD
