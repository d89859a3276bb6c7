"""`lobench lines` on programs whose composition is known: 1 : 4 : 1, to the instruction."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.lines.looked import LIGHT, PROGRAMS, is_exact, look, marked
from tests.support.command import COMMAND, environment, lobench
from tests.support.profilers import needs
from tests.support.speedscope_schema import validate

pytest.importorskip("elftools", reason="pip install 'lobench[profile]'")

pytestmark = pytest.mark.xdist_group("lines")

KINDS = (
    "modules",
    "closures",
    "parallel",
    "vectorized",
    "guvectorized",
    "classes",
    "cached",
    "asked",
    "threads",
    "overloads",
    "joined",
)
CACHED = ("cached", "asked")
ROUNDS = {"parallel": 8, "vectorized": 8, "guvectorized": 8}
"""How often a program has the composition; others have it once."""


@pytest.fixture(autouse=True)
def _tools() -> None:
    needs("valgrind")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Any:
    needs("valgrind")
    folder = tmp_path_factory.mktemp("plain")
    return look(folder, "composition", LIGHT), folder / "out"


def test_counts_are_exact_to_the_instruction(plain: Any) -> None:
    found, _ = plain
    assert is_exact(marked(found), LIGHT), marked(found)
    assert found["total"]["instructions"] == sum(row["instructions"] for row in found["lines"])


def test_instructions_without_a_line_are_counted_apart(plain: Any) -> None:
    found, _ = plain
    parts = [found[name]["instructions"] for name in ("with_line", "without_line", "without_source")]
    assert sum(parts) == found["total"]["instructions"]
    placeless = [row["instructions"] for row in found["lines"] if row["line"] == 0]
    assert sum(placeless) == parts[1] + parts[2]
    assert found["with_line"]["share"] > 0.95


def test_the_written_files_hold_the_result(plain: Any) -> None:
    found, folder = plain
    assert json.loads((folder / "lines.json").read_text()) == found
    validate(json.loads((folder / "lines.speedscope.json").read_text()))
    assert "# second" in (folder / "source.html").read_text()
    assert "steps" in (folder / "flame.svg").read_text()
    assert (folder / "callgrind.out").stat().st_size > 0


def test_diff_of_equal_runs_finds_no_change(plain: Any, tmp_path: Path) -> None:
    _, folder = plain
    done = lobench("lines", "diff", folder, folder, "-o", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "every line costs the same instructions" in done.stdout


@pytest.mark.long
@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_function(name: str, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    if name in CACHED:
        variables = environment(NUMBA_CACHE_DIR=str(cache))
        subprocess.run([sys.executable, PROGRAMS / f"{name}.py", "64"], env=variables, check=True)
    before = kept(cache)
    assert before or name not in CACHED
    found = look(tmp_path, name, LIGHT, NUMBA_CACHE_DIR=str(cache))
    rounds = ROUNDS.get(name, 1)
    costs = {mark: cost / rounds for mark, cost in marked(found).items()}
    assert is_exact(costs, LIGHT), (costs, found["lines"][:12])
    # The user's cache is neither read (its entries lack line tables) nor written.
    assert kept(cache) == before
    # With threads, one compiles while others run: LLVM's callbacks pass through ctypes' stubs of three instructions.
    assert found["elsewhere"]["instructions"] == 0 or name == "threads"


def kept(cache: Path) -> dict[Path, bytes]:
    """The files of Numba's cache, and those beside the programs."""
    return {path: path.read_bytes() for folder in (cache, PROGRAMS) for path in folder.rglob("*.nb?")}


@pytest.mark.long
def test_regions(tmp_path: Path) -> None:
    every = marked(look(tmp_path, "regions", LIGHT))
    assert every["first"] == every["third"]
    assert 3.9 < every["second"] / every["first"] < 4.1
    heavy = marked(look(tmp_path, "regions", LIGHT, options=("--region", "heavy")))
    assert heavy["second"] == pytest.approx(every["second"], abs=40)
    assert heavy["first"] < 100


@pytest.mark.long
def test_a_program_that_ends_badly(tmp_path: Path) -> None:
    done = lobench("lines", "-o", tmp_path / "out", PROGRAMS / "ended.py", folder=tmp_path)
    assert done.returncode == 1
    assert "the program ended with code 3; the figures are up to that point" in done.stdout


@pytest.mark.long
def test_a_module_with_arguments_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "composition.py").write_text((PROGRAMS / "composition.py").read_text())
    done = lobench("lines", "--json", "-o", tmp_path / "out", "-m", "composition", LIGHT, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["program"] == f"-m composition {LIGHT}"
    assert {row["file"] for row in found["lines"] if row["line"]} == {"composition.py"}
    assert is_exact(marked(found), LIGHT), marked(found)


@contextmanager
def waiting(folder: Path, way: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A look at a program whose kernel has run and that waits now, and the program's process id."""
    light = {"callgrind": LIGHT, "perf": 100_000_000}[way]
    words = ("lines", "--with", way, "-o", folder / "out", PROGRAMS / "waiting.py", light)
    with subprocess.Popen(
        [*COMMAND, *map(str, words)],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            said, number = process.stdout.readline().split()
            assert said == "ready"
            yield process, int(number)
        finally:
            process.kill()


@pytest.mark.long
@pytest.mark.parametrize("way", ["callgrind", "perf"])
def test_an_interrupt_ends_the_program_and_shows_its_lines(way: str, tmp_path: Path) -> None:
    needs(*(["perf"] if way == "perf" else []))
    with waiting(tmp_path, way) as (process, _):
        # As from the keyboard: to the whole process group.
        os.killpg(process.pid, signal.SIGINT)
        told, _ = process.communicate(timeout=600)
    assert process.returncode == 1
    assert "the figures are up to that point" in told
    found = json.loads((tmp_path / "out" / "lines.json").read_text())
    if way == "callgrind":
        assert is_exact(marked(found), LIGHT), marked(found)
    else:
        costs = marked(found, "nanoseconds")
        assert costs["second"] / sum(costs.values()) == pytest.approx(4 / 6, abs=0.1)


@pytest.mark.long
@pytest.mark.parametrize("way", ["callgrind", "perf"])
def test_a_signal_to_the_command_alone_ends_the_program_as_well(way: str, tmp_path: Path) -> None:
    needs(*(["perf"] if way == "perf" else []))
    with waiting(tmp_path, way) as (process, number):
        process.terminate()
        process.communicate(timeout=600)
    assert process.returncode == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


@pytest.mark.long
@pytest.mark.parametrize("name", ["composition", "vectorized", "parallel", "classes"])
def test_three_runs_are_equal(name: str, tmp_path: Path) -> None:
    def counted() -> list[tuple[Any, ...]]:
        rows = look(tmp_path, name, LIGHT)["lines"]
        return sorted((row["file"], row["line"], row["function"], row["instructions"]) for row in rows)

    assert counted() == counted() == counted()


@pytest.mark.long
def test_samples_of_a_short_program(tmp_path: Path) -> None:
    needs("perf")
    found = look(tmp_path, "composition", 50_000_000, options=("--with", "perf"))
    costs = marked(found, "nanoseconds")
    assert costs["second"] / sum(costs.values()) == pytest.approx(4 / 6, abs=0.1)
    assert 0 < found["kernel_samples"] < found["samples"]


@pytest.mark.long
@pytest.mark.parametrize("name", ["composition", *KINDS])
def test_samples_agree(name: str, tmp_path: Path) -> None:
    needs("perf")
    found = look(tmp_path, name, 200_000_000 // ROUNDS.get(name, 1), options=("--with", "perf"))
    costs = marked(found, "nanoseconds")
    for mark, share in (("first", 1 / 6), ("second", 4 / 6), ("third", 1 / 6)):
        assert costs[mark] / sum(costs.values()) == pytest.approx(share, abs=0.05)
