"""Every command in the README and the guides exists and is run: here, in a reader's folder and with additional words
that keep it short, or by another test; or a table says why not.

Of commands that measure, this shows that they complete; other tests check their results.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lobench.workbench.cli import _parser
from lobench.workbench.commits.counting import missing
from tests.support import readers_folder, shown
from tests.support.command import PATIENCE, environment, lobench
from tests.support.miniature import Miniature
from tests.support.paths import ROOT
from tests.support.pretend import Command, commands
from tests.support.profilers import needs

pytestmark = pytest.mark.xdist_group("shown")


class Typed(NamedTuple):
    """How a shown command is run: with ``words`` after it, where these programs are installed."""

    words: str = ""
    programs: tuple[str, ...] = ()


SOON = Typed("--budget 4s --processes 2 --tolerance 90%")

PRETENDED = {
    "lobench run day.dbn.zst --steps-from cancels.py": "",
    "lobench run --quick": "day.dbn.zst",
    "lobench measure day.dbn.zst --budget 5m": "",
    "lobench measure day.dbn.zst --until book": "",
    "lobench measure --variants from-top day.dbn.zst": "",
    "lobench cmp p7_cache_layout p8_profile_guided day.dbn.zst": "--tolerance 90%",
    "lobench measure other-day.dbn.zst --tuning that-day.toml": "",
    "lobench plan": "",
    "lobench plan score out/2026-11-22T10-11-12": "",
    'lobench plan predict 9 --share 0.38 --bottleneck "an allocation for every order"': "--ledger ledger.toml",
    "lobench plan predict 9 --from out/2026-11-22T10-11-12 --stage features": "--ledger ledger.toml",
    "lobench ladder show ladder.toml": "",
    "lobench conform --explain modify-larger": "",
    "lobench conform --list": "",
}
"""In a laboratory that takes no time (``tests.support.pretend``): verification and measurement are invented."""

PRETENDED_LONG = {
    "lobench cmp p7 mine synth:liquid-future --variants-from mine.so": "--tolerance 90%",
    "lobench run --variants-from mine.so": "day.dbn.zst",
    "lobench cmp p4_hash_lookup my_variant --variants-from my_variant.py": "--tolerance 90%",
    "lobench run your.mbo.dbn.zst": "",
    "lobench run --ladder ladder.toml": "",
    "lobench run --ladder mine.toml -o mine": "",
    "lobench run -o lobench": "day.dbn.zst",
    "lobench run": "day.dbn.zst",
    "lobench measure --feed synth:liquid-future --feed synth:deep-book,n=1M --precision 0.5%": "--variants p7",
}
"""The same, with whole pages or large feeds."""

RUN = {
    "lobench replay your.mbo.dbn.zst --features features.parquet --depth 10 --book book.parquet": Typed(),
    "lobench replay day.mbo.dbn.zst --features - --sample 1s | "
    'python -c "import polars, sys; print(polars.read_ipc_stream(sys.stdin.buffer))"': Typed(),
    "lobench replay day.dbn.zst": Typed(),
    "lobench replay day.dbn.zst --tuning none": Typed(),
    "lobench replay 01302019.NASDAQ_ITCH50.gz": Typed(),
    "lobench verify day.itch --date 2019-01-30 --against mbp-10.dbn.zst": Typed(),
    'lobench batch "days/*.mbo.dbn.zst" -o features --sample 1s --depth 5': Typed("--scheduler 2"),
    "lobench batch 'days/*.mbo.dbn.zst' -o features --sample 1s --depth 5": Typed("--scheduler 2"),
    "lobench conform mine.so": Typed(),
    "lobench conform mine.so --rule modify-larger --rule cancel-part": Typed(),
}
"""In tier normal."""

LONG = {
    "lobench verify your.mbo.dbn.zst --oracle": Typed(),
    "lobench verify --ladder ladder.toml": Typed(),
    # This engine of arrays takes minutes for the states of large books.
    "lobench verify --variants-from mine.so --variants mine": Typed("synth:every-rule,n=20000"),
    "lobench conform mine.py": Typed(),
    "lobench conform p7": Typed(),
    "lobench profile p0 your.mbo.dbn.zst": Typed(programs=("valgrind",)),
    "lobench profile diff p3 p4": Typed(programs=("valgrind",)),
    "lobench profile diff p7 p8 day.dbn.zst": Typed("--tuning that-day.toml", ("valgrind",)),
    "lobench profile --calibrate": Typed(programs=("valgrind", "perf")),
    "lobench lines your_script.py": Typed(programs=("valgrind",)),
    "lobench run --profile": Typed("day.dbn.zst --quick --variants p7 --budget 4s --processes 2", ("valgrind",)),
    "lobench tune day.dbn.zst": Typed("--budget 4s"),
    "lobench batch 'days/*.dbn.zst' -o features --scheduler 8": Typed(),
    "lobench cmp slow.py:parse fast.py:parse --setup data.py:lines": SOON,
    "lobench cmp old.py:f new.py:f other.py:f --setup s.py:make --precision 0.5%": SOON,
    "lobench cmp --command './old input.txt' './new input.txt'": SOON,
    "lobench cmp --command --shell 'zcat day.gz | wc -l' 'gzip -dc day.gz | wc -l'": SOON,
    "lobench latency your.mbo.dbn.zst": Typed("--passes 1"),
    'lobench latency your.mbo.dbn.zst --variants "p5 p7" --speeds 1,10,100 --bound 50us': Typed("--passes 1"),
    "lobench latency your.mbo.dbn.zst --variants-from engine.so": Typed("--passes 1 --variants p7"),
}

HERE = {
    "cc -O3 -shared -fPIC -I \"$(lobench include-dir)\" mine.c -o mine.so": "built",
    "lobench measure --resume out/2026-01-02T03-04-05/result.json": "test_an_interrupted_session_goes_on",
    "lobench report lobench/2026-11-22T10-11-12 mine/2026-11-22T11-12-13": "test_reports_of_results",
    "lobench report out/<time>": "test_reports_of_results",
    "lobench ladder init ladder.toml": "test_a_ladder_is_begun",
    "lobench check main": "test_commits_are_compared",
    "lobench check main --worktree": "test_commits_are_compared",
    "lobench check main...topic": "test_commits_are_compared",
    "lobench check main --exact": "test_commits_are_compared",
    "lobench history record": "test_history_is_recorded",
    "lobench history record --machine runner": "test_history_is_recorded",
    "lobench history backfill v0.1..HEAD": "test_history_is_recorded",
    "lobench history regressions": "test_history_is_recorded",
    "dask ssh host1 host2 host3 --nworkers 8 --nthreads 1": "test_the_options_of_a_cluster_are_dasks",
    "dask scheduler": "test_the_options_of_a_cluster_are_dasks",
    "dask worker tcp://host1:8786 --nworkers 8 --nthreads 1 --memory-limit 4GB":
        "test_the_options_of_a_cluster_are_dasks",
}  # fmt: skip
"""By a test or a fixture of this file."""

BY_THEIR_PAGE = {
    "docs/adding-a-variant.md": "tests/cli/test_adding_a_variant.py",
    "docs/your-engine.md": "tests/foreign/test_your_engine_page.py",
}
"""Page -> the test that follows it literally."""

ELSEWHERE = {
    "scripts/run": "tests/cli/test_scripts.py",
    "scripts/run --quick": "tests/cli/test_scripts.py",
    "scripts/test": "tests/cli/test_scripts.py",
    "scripts/test --fast": "tests/cli/test_scripts.py",
    "scripts/docs": "tests/cli/test_scripts.py",
    "lobench lines diff OLD NEW": "tests/lines/test_programs.py",
    "lobench dashboard --serve": "tests/history/test_replacing.py",
    "examples/ci/results get lobench-results": "tests/history/test_results_branch.py",
    "examples/ci/results put lobench-results": "tests/history/test_results_branch.py",
}
"""Command -> the test that runs it."""

NOT_RUN = {
    "scripts/lint": "CI runs it beside the tests",
    "pip install -c constraints.txt -e '.[history]' && pip install --no-deps -c constraints.txt apache-otava":
        "needs a package index; tests/install installs from the checkout",
    "asv machine --yes && asv run --quick && asv publish": "an hour; tests/unit/test_benchmarks.py loads the suite",
    "asv continuous HEAD~1 HEAD": "an hour; tests/unit/test_benchmarks.py loads the suite",
    "lobench batch '/shared/days/*.dbn.zst' -o /shared/features --scheduler tcp://host1:8786": "needs other machines",
    "lobench latency --feed synth:liquid-future --feed synth:equity-universe --feed synth:full-market --markdown -":
        "half an hour; tests/cli/test_latency.py prints Markdown of several small feeds",
}  # fmt: skip
"""Command -> why not. Those of `lobench` are still read by its parser."""


def long(lines: Iterable[str]) -> list[Any]:
    return [pytest.param(line, marks=pytest.mark.long) for line in lines]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reader") / "folder"
    folder.mkdir()
    readers_folder.make(folder)
    return folder


@pytest.fixture
def folder(reader: Path, tmp_path: Path) -> Path:
    """As a reader has it who typed nothing yet."""
    return shutil.copytree(reader, tmp_path / "folder")


@pytest.fixture
def command(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    return commands(monkeypatch, folder)


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """One line in the reader's shell."""
    variables = environment(LOBENCH_TUNING_DIR=str(folder / "tunings"))
    variables["PATH"] = f"{folder / 'bin'}:{Path(sys.executable).parent}:{variables['PATH']}"
    return subprocess.run(
        ["sh", "-c", line], cwd=folder, env=variables, capture_output=True, text=True, timeout=PATIENCE
    )


def words_of(line: str) -> list[str]:
    """The arguments of a shown line for lobench."""
    ((program, *words),) = shown.commands(line)
    assert program == "lobench"
    return words


def parsers(parser: argparse.ArgumentParser, words: list[str]) -> argparse.ArgumentParser:
    """The parser of the verb, or of a verb's own verb, with which these words begin."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction) and words:
            return parsers(action.choices[words[0]], words[1:]) if words[0] in action.choices else parser
    return parser


@pytest.mark.fast
def test_every_shown_command_is_run_or_it_is_said_why_not() -> None:
    listed = [line for table in (PRETENDED, PRETENDED_LONG, RUN, LONG, HERE, ELSEWHERE, NOT_RUN) for line in table]
    assert len(listed) == len(set(listed)), "a command stands in two tables"
    pages = [page for page in shown.PAGES if page not in BY_THEIR_PAGE]
    assert {*listed} == {line for page in pages for line in shown.lines(page) if not shown.is_synopsis(line)}
    for path in (*BY_THEIR_PAGE.values(), *ELSEWHERE.values()):
        assert (ROOT / path).is_file()
    assert {*HERE.values()} <= {*globals()}


@pytest.mark.fast
@pytest.mark.parametrize("page", shown.PAGES)
def test_shown_commands_are_commands(page: str) -> None:
    parser = _parser()
    for line in shown.lines(page):
        for program, *words in shown.commands(line):
            if program == "lobench" and not shown.is_synopsis(line):
                parser.parse_args(words)
            elif "/" in program and not program.startswith("."):
                assert (ROOT / program).is_file(), line


@pytest.mark.fast
@pytest.mark.parametrize("page", shown.TEXTS)
def test_commands_in_running_text_name_existing_verbs_and_options(page: str) -> None:
    """With placeholders it cannot be parsed as a whole."""
    lines = [line for line in shown.lines(page) if shown.is_synopsis(line)]
    for program, *words in (re.findall(r"[^\s\[\]]+", line) for line in (*lines, *shown.between_words(page))):
        if program == "lobench":
            parser = parsers(_parser(), words)
            assert parser.prog != "lobench" or words[0].startswith("--"), words
            options = {word.partition("=")[0] for word in words if re.match("--?[a-z]", word)}
            assert options <= {option for action in parser._actions for option in action.option_strings}, words
        else:
            assert (ROOT / program).is_file(), program


@pytest.mark.parametrize("line", [*PRETENDED, *long(PRETENDED_LONG)])
def test_shown_measurements_succeed_without_timing(line: str, command: Command, folder: Path) -> None:
    if "mine.so" in line:
        built(folder)
    assert command(*words_of(f"{line} {(PRETENDED | PRETENDED_LONG)[line]}")) == 0


@pytest.mark.parametrize("line", [*RUN, *long(LONG)])
def test_shown_commands_succeed(line: str, folder: Path) -> None:
    typed = {**RUN, **LONG}[line]
    needs(*typed.programs)
    if ".so" in line:
        built(folder)
    done = shell(f"{line} {typed.words}", folder)
    assert done.returncode == 0, done.stderr


def built(folder: Path) -> None:
    """`mine.so` as docs/engine-abi.md makes it."""
    needs("cc")
    (line,) = (line for line, place in HERE.items() if place == "built")
    done = shell(line, folder)
    assert done.returncode == 0, done.stderr
    shutil.copy(folder / "mine.so", folder / "engine.so")


def test_an_interrupted_session_goes_on(command: Command, folder: Path) -> None:
    (line,) = (line for line in HERE if "--resume" in line)
    place = folder / line.split()[-1]
    shutil.rmtree(folder / "out")
    assert command("measure", "day.dbn.zst", "--variants", "p7", interrupt_after=3) == 130
    (kept,) = folder.glob("out/*")
    kept.rename(place.parent)
    assert command(*words_of(line)) == 0


def test_reports_of_results(command: Command, folder: Path) -> None:
    for line in (line for line in HERE if line.startswith("lobench report")):
        assert command(*words_of(line.replace("<time>", "2026-11-22T10-11-12"))) == 0
    assert (folder / "out/2026-11-22T10-11-12/report.html").is_file()


def test_a_ladder_is_begun(folder: Path) -> None:
    (line,) = (line for line in HERE if line.startswith("lobench ladder init"))
    (folder / "ladder.toml").unlink()
    assert lobench(*words_of(line), folder=folder).returncode == 0
    assert (folder / "ladder.toml").is_file()


@pytest.mark.skipif(missing() is not None, reason=f"{missing()}")
def test_commits_are_compared(tmp_path: Path) -> None:
    """On a branch that has other code that works as much."""
    miniature = Miniature(tmp_path / "repository", tmp_path / "cache")
    miniature.work(40)
    miniature.git("checkout", "-qb", "topic")
    miniature.work(40, "again")
    for line in (line for line in HERE if line.startswith("lobench check")):
        more = [] if "--exact" in line else ["--exact"]
        done = miniature.lobench(*words_of(line), *more, "--feed", miniature.feed)
        assert done.returncode == 0, done.stderr


@pytest.mark.long
@pytest.mark.skipif(missing() is not None, reason=f"{missing()}")
def test_history_is_recorded(tmp_path: Path) -> None:
    miniature = Miniature(tmp_path / "repository", tmp_path / "cache")
    miniature.work(40)
    miniature.git("tag", "v0.1")
    for loops in (41, 42):
        miniature.work(loops)
    for line in (line for line in HERE if line.startswith("lobench history")):
        quick = ["--rounds", "3", "--seconds", "0.05", "--feed", miniature.feed] if "regressions" not in line else []
        done = miniature.lobench(*words_of(line), *quick)
        assert done.returncode == (0 if quick else 1), done.stderr


@pytest.mark.parametrize("line", [line for line, test in HERE.items() if "dask" in test])
def test_the_options_of_a_cluster_are_dasks(line: str) -> None:
    pytest.importorskip("distributed")
    ((_, verb, *words),) = shown.commands(line)
    done = subprocess.run(
        [sys.executable, "-m", "dask", verb, "--help"], capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    for option in (word for word in words if word.startswith("-")):
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", done.stdout), option
