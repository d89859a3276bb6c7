"""`lobench profile` with the real profilers: exact source lines of kernels, lines that each phase removed, the tools'
own files.

Most of the time goes to starting Python under valgrind, and to compiling kernels if the cache is cold, so all tests
share one count of each variant (two at a time) and one variant profiled by every method. CI counts the last core phase;
the other phases and methods are long tests.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("elftools", reason="pip install 'lobench[profile]'")

from lobench.engine.feeds import open_feed
from lobench.variants.p7_cache_layout.parameters import DEFAULTS, Parameters
from lobench.workbench.cli.profile import DEFAULT_FEED
from lobench.workbench.profile import callgrind
from lobench.workbench.profile.attribution import Spent, spend
from lobench.workbench.profile.task import Task
from lobench.workbench.tuning.files import Tuning as Tuned
from lobench.workbench.tuning.files import place_of, write
from lobench.workbench.tuning.picking import beginning_of
from tests.support.command import COMMAND, environment, lobench, refused
from tests.support.dbn_files import header, records
from tests.support.dbn_files import write as write_feed
from tests.support.profilers import REQUIRED, needs
from tests.support.replays import LADDER
from tests.support.speedscope_schema import validate

pytestmark = pytest.mark.xdist_group("profile")

SHORT = ("--warm", "8192", "--records", "4096")
PHASES = [variant.name for variant in LADDER if variant.phase is not None and variant.phase <= 4]
PACKED = next(variant.name for variant in LADDER if variant.phase == 7)
FITTED = next(variant.name for variant in LADDER if variant.phase == 8)
EAGER = Parameters(distance=32, ahead_bytes=0)
"""The tuning of the last one: always look ahead, and far."""
REPLACED = ["clone.py", "locked.py", "strings.py", "linear.py"]
"""The file that each phase from the first replaces."""


def profiled(folder: Path, *arguments: str) -> Any:
    done = lobench("profile", *arguments, "-o", folder, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One variant by all methods that are here."""
    folder = tmp_path_factory.mktemp("profiles")
    found = profiled(folder, PHASES[-1], "--with", "all", "--seconds", "1.5", *SHORT)
    assert not (REQUIRED and found["missing"]), found["missing"]
    return {"folder": folder / PHASES[-1], **found["methods"]}


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A profile by callgrind of the last phase of the core."""
    folder = tmp_path_factory.mktemp("counts")
    return {"folder": folder, **by_callgrind(folder, PHASES[-1:])}


@pytest.fixture(scope="module")
def counted(core: dict[str, Any]) -> dict[str, Any]:
    """That, and one of the reference."""
    return core | by_callgrind(core["folder"], PHASES[:1])


@pytest.fixture(scope="module")
def all_counted(counted: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Those, and profiles of the phases between and of one far above that is tuned."""
    tuned = tmp_path_factory.mktemp("tuned")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOBENCH_TUNING_DIR", str(tuned))
        feed = beginning_of(open_feed([DEFAULT_FEED]))
        write(place_of("0" * 32, feed), Tuned(DEFAULT_FEED, "0" * 32, feed, EAGER, True, {}))
        return counted | by_callgrind(counted["folder"], [*PHASES[1:-1], FITTED])


def by_callgrind(folder: Path, names: list[str]) -> dict[str, Any]:
    """Profiles of variants by callgrind, two at a time."""
    needs("valgrind")
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda name: profiled(folder, name, *SHORT)["methods"]["callgrind"], names)
        return dict(zip(names, found, strict=True))


def lines_of(document: Any, file: str) -> dict[str, float]:
    """Text of the lines of a file to the instructions per event that they cost."""
    rows = [row for row in document["lines"] if row["file"].endswith(file)]
    return {row["text"]: row["instructions"] for row in rows}


def test_the_core_is_known(core: Any) -> None:
    document = core[PHASES[-1]]
    assert lines_of(document, "engine/reference/heap.py")["return malloc(ORDER_BYTES)"] > 0
    assert not any(lines_of(document, replaced) for replaced in REPLACED)
    assert {row["stage"] for row in document["stages"]} >= {"decode", "lookup", "levels", "best price", "features"}
    assert sum(row["share"] for row in document["stages"]) == pytest.approx(1)
    assert sum(row["instructions"] for row in document["lines"]) == pytest.approx(document["per_event"]["instructions"])


@pytest.mark.long
def test_the_baselines_lines_show_clones_locks_and_strings(counted: Any) -> None:
    baseline = counted[PHASES[0]]
    clone = lines_of(baseline, "engine/reference/clone.py")
    assert clone["clone = malloc(MBO_BYTES)"] > 10
    assert clone["memcpy(clone, source, MBO_BYTES)"] > 1
    assert clone["free(event_address)"] > 10
    locked = lines_of(baseline, "engine/reference/locked.py")
    assert locked["read_lock(lock)"] > 50
    assert locked["write_lock(lock)"] > 20
    strings = lines_of(baseline, "engine/reference/strings.py")
    assert strings["string = malloc(length + 1)"] > 100
    assert any(text.startswith("digest = (digest ^") and cost > 100 for text, cost in strings.items())
    assert any("order_id" in text for text in lines_of(baseline, "engine/reference/linear.py"))
    shares = {row["axis"]: row for row in baseline["mechanisms"]}
    assert shares["features"]["policy"] == "string"
    assert shares["features"]["share"] > 0.5
    assert baseline["library_calls"]["malloc"] > 20
    assert {row["stage"] for row in baseline["stages"]} >= {"decode", "lookup", "levels", "best price", "features"}
    assert sum(row["share"] for row in baseline["stages"]) == pytest.approx(1)
    assert sum(row["instructions"] for row in baseline["lines"]) == pytest.approx(baseline["per_event"]["instructions"])


@pytest.mark.long
def test_the_core_removes_its_lines(counted: Any) -> None:
    removed(counted, PHASES[0], PHASES[-1])


@pytest.mark.long
@pytest.mark.parametrize(("before", "after"), [*pairwise(PHASES)])
def test_each_phase_removes_its_lines(all_counted: Any, before: str, after: str) -> None:
    removed(all_counted, before, after)


def removed(counted: Any, before: str, after: str) -> None:
    """The lines of the policies that the phases from one to the other replace are gone, and those of the last one's own
    are there."""
    files = [counted["folder"] / name / "profile.json" for name in (before, after)]
    found = profiled(counted["folder"], "diff", *map(str, files))
    assert (found["before"], found["after"]) == (before, after)
    for replaced in REPLACED[PHASES.index(before) : PHASES.index(after)]:
        own = [row for row in found["lines"] if row["file"].endswith(f"engine/reference/{replaced}")]
        assert own
        assert {row["what"] for row in own} == {"removed"}
        assert sum(row["instructions"]["change"] for row in own) < 0
        assert lines_of(counted[before], replaced)
        assert not lines_of(counted[after], replaced)
    added = [row["file"] for row in found["lines"] if row["what"] == "added"]
    assert any(Path(file).stem == after for file in added), added
    assert (counted["folder"] / f"{before}-{after}.diff.json").exists()


@pytest.mark.long
def test_the_upper_phases_are_known(all_counted: Any) -> None:
    """Pools, columns and packed books: their stages, and the policies that cost and save."""
    before, after = all_counted[PHASES[-1]], all_counted[FITTED]
    for document in (before, after):
        stages = {row["stage"]: row["share"] for row in document["stages"]}
        assert set(stages) == {"decode", "lookup", "levels", "best price", "features", "strategies"}
        assert all(share > 0.01 for share in stages.values())
        axes = {row["axis"]: row for row in document["mechanisms"]}
        # The loop, trackers between events, an instrument's memory of trades.
        assert axes[None]["share"] < 0.15
        assert axes["layout"]["share"] > 0.2
        assert axes["shape"]["share"] > 0.2
        assert {axis: row["policy"] for axis, row in axes.items() if axis} == {
            axis: document["policies"][axis] for axis in axes if axis
        }
    assert after["policies"] | {"shape": "columns", "layout": "packed", "memory": "pooled"} == after["policies"]
    assert "memory" in {row["axis"] for row in before["mechanisms"]}
    assert lines_of(after, "variants/p7_cache_layout/rules.py")
    assert lines_of(after, "variants/p6_simd/columns.py")
    assert "malloc" not in after["library_calls"]


@pytest.mark.long
def test_diff_lists_the_lines_that_upper_phases_removed(all_counted: Any, tmp_path: Path) -> None:
    files = [all_counted["folder"] / name / "profile.json" for name in (PHASES[-1], FITTED)]
    found = profiled(tmp_path, "diff", *map(str, files))
    what = {(row["file"], row["text"]): row["what"] for row in found["lines"]}
    assert what["engine/reference/heap.py", "return malloc(ORDER_BYTES)"] == "removed"
    assert {what[place] for place in what if place[0].startswith("engine/reference/")} == {"removed"}
    packed = {place for place in what if place[0].startswith("variants/p7_cache_layout/")}
    assert {what[place] for place in packed} == {"added"}
    assert {Path(file).name for file, _ in packed} >= {"rules.py", "orders.py", "sides.py", "top_levels.py", "bbo.py"}


@pytest.mark.long
def test_a_tuned_variant(all_counted: Any) -> None:
    """The tuning of the feed is found and named, and the kernel runs with its parameters."""
    own = all_counted["folder"] / FITTED
    kept = json.loads((own / "profile.json").read_text())["tuning"]
    assert kept["profile"].endswith(f"-{'0' * 32}.toml")
    assert kept["parameters"] == EAGER.as_json()
    assert all_counted[FITTED]["tuning"] == kept
    assert f"Tuned by {kept['profile']}." in (own / "callgrind" / "source.html").read_text()
    # By default so few orders are not looked up ahead. Here each record is looked up once; the first lines of a batch's
    # look-ahead run more often: a turn of a loop takes two instructions at least.
    ahead = lines_of(all_counted[FITTED], "variants/p7_cache_layout/prefetch.py")
    assert ahead['found["event"] = place'] == ahead['home = found["home"]'] == 1
    loop = 'for each in range(turn, min(turn + 2 * packed["distance"], count)):'
    first = ahead[loop] * all_counted[FITTED]["events"]
    assert first >= 2 * 2 * EAGER.distance > 4 * 2 * DEFAULTS.distance


@pytest.mark.fast
def test_tunings_that_are_refused(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("format = 2\n")
    assert f"{bad}: format must be 1" in refused(3, "profile", FITTED, "--tuning", bad, folder=tmp_path)
    for words in ((PACKED,), ("diff", PHASES[0], PHASES[1])):
        line = refused(2, "profile", *words, "--tuning", bad, folder=tmp_path)
        assert f"--tuning {bad}: no variant here takes a tuning" in line


@pytest.mark.long
def test_counts_repeat(counted: Any, tmp_path: Path) -> None:
    """Instructions to the last one; simulated caches and predictors feel the interpreter around the kernel a little."""
    first = counted["folder"] / PHASES[-1] / "callgrind"
    folders = [tmp_path / name for name in ("again", "once more")]
    for folder in folders:
        shutil.copytree(first, folder)
        (folder / "callgrind.out").unlink()
    task = Task.read(first)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda folder: callgrind.count(task, folder), folders))
    wanted, *found = ([entry.values for entry in spent_in(folder)] for folder in (first, *folders))
    assert len(wanted) > 100
    for again in found:
        assert [values[0] for values in again] == [values[0] for values in wanted]
        assert np.sum(again, axis=0)[1:] == pytest.approx(np.sum(wanted, axis=0)[1:], rel=0.03)


def spent_in(folder: Path) -> list[Spent]:
    """The cost of every stack by a count, in the order of the stacks."""
    told, counts = callgrind.counted_in(folder)
    return sorted(spend(told.codes, counts, {}), key=lambda entry: entry.stack)


def test_files_for_viewers(core: Any) -> None:
    own = core["folder"] / PHASES[-1] / "callgrind"
    validate(json.loads((own / "lines.speedscope.json").read_text()))
    assert (own / "flame.svg").read_text().startswith("<svg")
    assert "return malloc(ORDER_BYTES)" in (own / "source.html").read_text()
    assert (own / "callgrind.out").read_text().startswith("# callgrind format")
    for path in (own / "profile.json", own / "flame.svg", own / "source.html", own / "lines.speedscope.json"):
        assert str(Path(__file__).parents[2]) not in path.read_text(), "names a folder of this machine"


@pytest.mark.long
def test_sampling_at_full_speed(looked_at: Any) -> None:
    """perf and py-spy reach source lines."""
    needs("perf", "py-spy")
    for tool in ("perf", "py-spy"):
        document = looked_at[tool]
        assert document["kernel_samples"] > 20
        assert document["per_event"]["nanoseconds"] > 0
        top = [row for row in document["lines"] if row["file"].startswith(("engine/", "variants/", "<lobench"))]
        assert sum(row["share"] for row in top) > 0.5
        assert any(row["text"] for row in top)
    assert "instructions:u" in looked_at["perf"]["hardware_counters"]
    own = looked_at["folder"]
    validate(json.loads((own / "perf" / "lines.speedscope.json").read_text()))
    validate(json.loads((own / "py-spy" / "py-spy.speedscope.json").read_text()))
    named = json.loads((own / "py-spy" / "py-spy.named.speedscope.json").read_text())
    validate(named)
    assert any("replay.py:" in frame["name"] or "book.py:" in frame["name"] for frame in named["shared"]["frames"])
    assert "cpu-clock:u" in (own / "perf" / "perf.script").read_text()
    assert any(path.name.startswith("perf-") for path in (own / "perf").iterdir())


@pytest.mark.long
def test_python_profilers(looked_at: Any) -> None:
    needs("scalene", "memray")
    kernel_line = looked_at["scalene"]["lines"][0]
    assert kernel_line["file"] == "engine/replay.py"
    assert kernel_line["text"].startswith("kernel(self.state")
    assert looked_at["memray"]["allocations"] > 0
    # Python allocates nothing per event; the kernel's allocations, if seen at all, are at the line that calls it.
    own = [row for row in looked_at["memray"]["top"] if not row["location"].startswith("run (engine/replay.py")]
    assert sum(row["allocations"] for row in own) < looked_at["memray"]["events"] / 10
    page = looked_at["folder"] / "scalene" / "scalene.html"
    assert "<html" in page.read_text()[:1000].lower()
    assert json.loads((page.parent / "scalene.json").read_text())["files"]
    assert (looked_at["folder"] / "memray" / "memray.bin").stat().st_size > 0
    _open_in_browser(page)


def _open_in_browser(page: Path) -> None:
    """scalene's page shows the profiled line, with no network."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            context = browser.new_context(offline=True)
            tab = context.new_page()
            tab.goto(page.as_uri())
            tab.wait_for_function("document.body.innerText.includes('replay.py')", timeout=60_000)
        finally:
            browser.close()


@pytest.mark.long
def test_stages_by_ablation(looked_at: Any) -> None:
    found = looked_at["ablation"]
    assert found["processes"] > 3
    assert [row["stage"] for row in found["stages"]] == ["decode", "book", "features", "strategies"]
    assert sum(row["share"]["value"] for row in found["stages"]) == pytest.approx(1)
    for row in found["stages"]:
        assert row["share"]["low"] <= row["share"]["value"] <= row["share"]["high"]


@pytest.mark.long
def test_tables(counted: Any, tmp_path: Path) -> None:
    """The summary goes to stdout; names are shortened where that is unambiguous."""
    files = [str(counted["folder"] / name / "profile.json") for name in (PHASES[0], PHASES[-1])]
    done = lobench("profile", "diff", *files, "-o", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "removed lines, instructions per event" in done.stdout
    assert "digest = (digest ^" in done.stdout


@pytest.mark.fast
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "which variant? `lobench variants` lists them"),
        (["p"], "'p' is ambiguous: p0_baseline, p1_zero_copy"),
        (["q"], "no variant named 'q'. Use any of p0_baseline, "),
        (["diff", "p0"], "profile diff takes two variants, and optionally a feed"),
        (["diff", "p0", "p1", "--with", "ablation"], "profile diff compares lines; it takes one of --with "),
        (["diff", "none.json", "p1"], "none.json: not a callgrind profile written by `lobench profile`"),
        (["p0", "--records", "0"], "--records must be at least 1, was 0"),
        (["p0", "--calibrate"], "--calibrate profiles its own workloads"),
    ],
)
def test_usage(tmp_path: Path, arguments: list[str], said: str) -> None:
    line = refused(2, "profile", *arguments, folder=tmp_path)
    assert line.removeprefix("lobench: ").startswith(said)


def test_bad_feeds(tmp_path: Path) -> None:
    """The error is reported as in every command, although another process found it."""
    line = refused(3, "profile", PHASES[-1], tmp_path / "none.dbn", folder=tmp_path)
    assert line == f"lobench: {tmp_path / 'none.dbn'}: no such file"
    broken = tmp_path / "broken.dbn"
    write_feed(broken, header(), records(100).tobytes()[:-10])
    line = refused(3, "profile", PHASES[-1], broken, "--with", "scalene", folder=tmp_path)
    assert line.startswith(f"lobench: {broken}: ")
    assert "no-such-market" in refused(2, "profile", PHASES[-1], "synth:no-such-market", folder=tmp_path)


@pytest.mark.fast
@pytest.mark.parametrize(
    ("tool", "said"),
    [
        ("callgrind", "valgrind is not installed; install it with: apt-get install valgrind libc6-dbg"),
        ("perf", "perf is not installed; install it with: apt-get install linux-perf"),
    ],
)
def test_missing_tools_say_how_to_get_them(tmp_path: Path, tool: str, said: str) -> None:
    command = [*COMMAND, "profile", PHASES[-1], "--with", tool]
    done = subprocess.run(command, cwd=tmp_path, env=environment(PATH="/nowhere"), capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == f"lobench: {said}\n"
