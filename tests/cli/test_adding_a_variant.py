"""docs/adding-a-variant.md: its examples work as the page says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lobench.variants import REFERENCE
from lobench.workbench.cli import _parser
from lobench.workbench.statistics import VERDICTS
from tests.support.command import answer, lobench, refused
from tests.support.paths import ROOT

pytestmark = pytest.mark.xdist_group("adding-a-variant")

PAGE = (ROOT / "docs" / "adding-a-variant.md").read_text()
RECYCLED, FEATURE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(SHELL,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [shlex.split(line, comments=True) for line in SHELL.splitlines()]
FEED = "synth:liquid-future,n=20000"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "recycled.py").write_text(RECYCLED)
    return tmp_path


@pytest.fixture
def leaning(folder: Path) -> Path:
    """The page's second example, in a file that defines a variant."""
    own = '\nfrom lobench.variants import p4_hash_lookup\n\nVARIANT = p4_hash_lookup.VARIANT.derive("leans")\n'
    (folder / "leaning.py").write_text(FEATURE + own)
    return folder


@pytest.mark.fast
def test_the_pages_commands_are_commands() -> None:
    assert [command[:2] for command in COMMANDS] == [["lobench", verb] for verb in ("verify", "run", "replay")]
    for command in COMMANDS:
        arguments = _parser().parse_args(command[1:])
        assert arguments.variants_from == ["recycled.py"]


@pytest.mark.long
def test_verify(folder: Path) -> None:
    told = answer(*COMMANDS[0][1:], folder=folder)
    assert told["agree"] is True
    for feed in told["feeds"]:
        assert {entry["variant"] for entry in feed["verifications"]} == {REFERENCE, "recycled"}
    assert told["not_reached"] == []


@pytest.mark.long
def test_run(folder: Path) -> None:
    few = ["--variants", "p4_hash_lookup recycled", "--budget", "2", FEED]
    told = answer(*COMMANDS[1][1:], *few, folder=folder)
    *ladder, own = told["feeds"][0]["analysis"]["ladder"]
    assert [rung["variant"] for rung in ladder] == ["p0_baseline", "p4_hash_lookup"]
    assert (own["variant"], own["phase"], own["base"], own["prediction"]) == ("recycled", None, "p4_hash_lookup", None)
    assert own["events_per_second"]["value"] > 0
    assert own["step"]["low"] <= own["step"]["value"] <= own["step"]["high"]
    assert own["total_verdict"] in VERDICTS
    (described,) = [entry for entry in told["variants"] if entry["name"] == "recycled"]
    assert described["policies"]["memory"] == "recycled"
    assert described["policies"]["lookup"] == "hash"


def test_variants(folder: Path) -> None:
    told = answer("variants", "--variants-from", "recycled.py", folder=folder)
    assert told["variants"][-1]["name"] == "recycled"
    assert told["variants"][-1]["summary"] == "freed orders are reused"
    assert told["axes"]["memory"] == ["heap", "pooled", "recycled"]
    assert re.search(r"^recycled +.*freed orders are reused *$", lobench(
        "variants", "--variants-from", "recycled.py", folder=folder
    ).stdout, re.MULTILINE)  # fmt: skip


@pytest.mark.long
def test_replay(folder: Path) -> None:
    verb, _, *options = COMMANDS[2][1:]
    counts = {
        name: answer(verb, FEED, *options, *more, folder=folder)["counters"]
        for name, more in (("recycled", []), ("p4_hash_lookup", ["--variant", "p4_hash_lookup"]))
    }
    # The answer to the page's "why?": libc is asked for fewer orders, and nothing else changes.
    assert counts["p4_hash_lookup"]["orders_allocated"] > counts["recycled"]["orders_allocated"] > 0
    for name in ("lookups", "lookup_probes", "levels_allocated", "locks_taken"):
        assert counts["recycled"][name] == counts["p4_hash_lookup"][name]


@pytest.mark.long
def test_policies_of_a_file_combine_with_others(folder: Path) -> None:
    told = answer("verify", FEED, "--variants", "memory=recycled", "--variants-from", "recycled.py", folder=folder)
    assert any(entry["variant"].endswith(",memory=recycled") for entry in told["verifications"])
    assert told["agree"] is True


@pytest.mark.long
def test_a_feature_and_a_strategy(leaning: Path) -> None:
    options = ["--variants-from", "leaning.py"]
    book = ["--depth", "1", "--book", "b.parquet"]
    answer("replay", FEED, "--variant", "leaning", *options, "--features", "f.parquet", *book, folder=leaning)
    features, levels = pq.read_table(leaning / "f.parquet"), pq.read_table(leaning / "b.parquet")
    assert features.column_names[-2:] == ["event_number", "depth_difference"]
    assert len(features.column_names) == 4 + 25
    sizes = zip(levels["bid_sz_00"].to_pylist(), levels["ask_sz_00"].to_pylist(), strict=True)
    assert features["depth_difference"].to_pylist() == [float(bid - ask) for bid, ask in sizes]

    both = ["--variants", "leaning", *options]
    told = answer("verify", FEED, *both, "--workers", "1,2", "--deep", folder=leaning)
    assert told["agree"] is True
    plain = answer("verify", FEED, "--variants", "p4_hash_lookup", "--deep", folder=leaning)
    with_own, without = (entry["verifications"][0]["digests"] for entry in (told, plain))
    # All variants, including the reference, computed the feature and the strategy; the books are unchanged.
    assert with_own["books"] == without["books"]
    assert with_own["features"] != without["features"]
    assert with_own["strategies"] != without["strategies"]
    assert with_own["trace"] != without["trace"]


def test_the_oracle_knows_no_feature_of_ones_own(leaning: Path) -> None:
    line = refused(2, "verify", FEED, "--oracle", "--variants-from", "leaning.py", folder=leaning)
    assert "the oracle knows only lobench's own features and strategies" in line
    assert "leave out --oracle" in line


def test_the_file_is_listed_with_its_strategies(leaning: Path) -> None:
    assert answer("variants", "--variants-from", "leaning.py", folder=leaning)["variants"][-1]["name"] == "leaning"
