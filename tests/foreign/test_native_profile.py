"""Profiles of engines from outside: of a library whose lines are known to the instruction, and of a Python class."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("elftools", reason="pip install 'lobench[profile]'")

from lobench.engine.errors import UsageError
from lobench.engine.workload import Workload
from lobench.variants import load_file
from lobench.workbench.profile import callgrind, kept, native
from lobench.workbench.profile.collect import methods_for, refusal
from lobench.workbench.profile.difference import difference
from lobench.workbench.profile.library_code import LibraryCode
from lobench.workbench.profile.model.costs import EngineFacts
from lobench.workbench.profile.model.variant import Profiled
from lobench.workbench.profile.named_stages import NamedStages
from lobench.workbench.profile.native_names import legible, plain
from lobench.workbench.profile.sources import is_hidden, shown_names
from lobench.workbench.profile.stages import UNKNOWN
from lobench.workbench.profile.tables import tables
from lobench.workbench.profile.task import Task
from tests.support.c_engines import FOREIGN, INCLUDE
from tests.support.command import answer, calm, refused
from tests.support.dbn_files import header
from tests.support.dbn_files import write as write_feed
from tests.support.profiled import profile_of
from tests.support.profilers import needs

pytestmark = [pytest.mark.normal, pytest.mark.xdist_group("native-profile")]

RECORDS = 3000
SHORT = ("--warm", "1000", "--records", "2000", "--seconds", "1")
HEAVY, LIGHT, INLINED = 4, 1, 2
"""Instructions of the lines that are marked so."""

Compile = Callable[..., str]


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compile:
    """``compiled(name, *words)``: the path of ``counted.c`` built with these words of a compiler as ``name.so``."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler")
    folder = tmp_path_factory.mktemp("counted")

    def made(name: str, *words: str) -> str:
        library = folder / f"{name}.so"
        options = ["-std=gnu11", "-O1", "-shared", "-fPIC", "-I", str(INCLUDE), *words]
        subprocess.run([compiler, *options, str(FOREIGN / "counted.c"), "-o", str(library)], check=True)
        return str(library)

    return made


@pytest.fixture(scope="session")
def feed(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_feed(tmp_path_factory.mktemp("feed") / "calm.dbn", header(), calm(RECORDS).tobytes())


@pytest.fixture(scope="session")
def looked_at(compiled: Compile, feed: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The engine by callgrind and perf, as a user asks for it."""
    needs("valgrind", "perf")
    folder = tmp_path_factory.mktemp("profiles")
    library = compiled("counted", "-g")
    ways = ("--with", "callgrind", "--with", "perf")
    found = answer("profile", "counted", feed, "--variants-from", library, *ways, *SHORT, "-o", folder)
    return {"folder": folder / "counted", "library": library, **found}


def row(found: Any, mark: str) -> Any:
    """The line that carries a mark."""
    (one,) = (one for one in found["lines"] if f"/* {mark}" in one["text"])
    return one


def test_lines_are_counted_to_the_instruction(looked_at: Any) -> None:
    found = looked_at["methods"]["callgrind"]
    assert found["events"] == 2000
    # Once for each call of the calling functions: 3 times and once.
    assert row(found, "heavy")["instructions"] == 4 * HEAVY
    assert row(found, "light")["instructions"] == LIGHT
    assert row(found, "inlined")["instructions"] == INLINED
    assert (row(found, "heavy")["file"], row(found, "heavy")["function"]) == ("counted.c", "work")
    assert row(found, "inlined")["function"] == "read_record"
    assert found["library_calls"]["malloc"] == found["library_calls"]["free"] == 1
    assert row(found, "calls malloc")["instructions"] > 10
    assert (looked_at["folder"] / "callgrind" / "callgrind.out").exists()
    page = (looked_at["folder"] / "callgrind" / "source.html").read_text()
    assert "heavy: 4 each time" in page
    flame = (looked_at["folder"] / "callgrind" / "flame.svg").read_text()
    assert "read_record" in flame
    assert "stage lookup" in flame


def test_stages_follow_the_functions_that_the_engine_names(looked_at: Any) -> None:
    found = looked_at["methods"]["callgrind"]
    stages = {one["stage"]: one["instructions"] for one in found["stages"]}
    assert set(stages) == {"decode", "lookup", "features", UNKNOWN}
    # Found through the records of inlining.
    assert stages["decode"] == INLINED
    # The cost of a shared function is divided by the number of calls.
    work = next(one for one in found["functions"] if one["function"] == "work")
    assert stages["lookup"] == pytest.approx(work["instructions"] / 2 + LIGHT, abs=5)
    assert sum(stages.values()) == pytest.approx(found["per_event"]["instructions"])
    assert found["engine"]["title"] == "Counted"
    assert found["mechanisms"] == []
    content = {name: value for name, value in looked_at.items() if name not in ("folder", "library")}
    said = [part for part in tables(Profiled.of(content)) if isinstance(part, str)]
    assert any(line.startswith("next bottleneck: features") for line in said)


def test_samples_find_the_same_lines(looked_at: Any) -> None:
    found = looked_at["methods"]["perf"]
    assert found["kernel_samples"] > 0.5 * found["samples"]
    assert {"counted.c"} <= {one["file"] for one in found["lines"]}
    assert 1 < found["per_event"]["nanoseconds"] < 10_000
    # Whole stacks show who called the shared function, without callgrind's counts.
    frames = found["stacks"]["frames"]
    stacks = {tuple(frames[index][0] for index in one["stack"]) for one in found["stacks"]["rows"]}
    assert ("apply", "find", "work") in stacks


@pytest.mark.long
def test_counts_repeat_to_the_instruction(looked_at: Any, feed: str, tmp_path: Path) -> None:
    engine = load_file(looked_at["library"])
    task = Task.of(engine, [feed], Workload(files=(looked_at["library"],)), warm=1000, records=2000)
    once = looked_at["methods"]["callgrind"]["per_event"]["instructions"]
    for name in (kept.ABOUT, kept.RECORDS):
        shutil.copy(looked_at["folder"] / "callgrind" / name, tmp_path)
    for _ in range(2):
        callgrind.count(task, tmp_path, native.TARGET)
        seen = native.counted_in(task, tmp_path)
        assert sum(one.values[0] for one in seen.spent) / seen.events == pytest.approx(once, abs=1e-9)


@pytest.mark.fast
def test_a_library_without_lines_is_refused_with_the_flag(compiled: Compile, feed: str, tmp_path: Path) -> None:
    task = Task.of(load_file(compiled("bare")), [feed], Workload())
    for look in (lambda: native.counted(task, tmp_path), lambda: native.perf(task, tmp_path, 1.0)):
        with pytest.raises(UsageError, match=r"has no line table\. Compile it with -g"):
            look()


@pytest.mark.long
def test_avx_512_is_named_with_the_remedy(compiled: Compile, feed: str, tmp_path: Path) -> None:
    """Whatever the features of this processor, valgrind supports none of it."""
    needs("valgrind")
    library = compiled("wide", "-g", "-DWIDE")
    said = refused(1, "profile", "wide", feed, "--variants-from", library, *SHORT, "-o", tmp_path)
    assert "holds AVX-512 instructions, which valgrind does not know" in said
    assert "-march=x86-64-v3" in said


def test_a_way_that_is_none_is_refused_with_the_reason(feed: str) -> None:
    python = str(FOREIGN / "textbook.py")
    said = refused(2, "profile", "textbook", feed, "--variants-from", python, "--with", "callgrind")
    assert "--with callgrind: textbook is a Python class, of which callgrind counts the interpreter alone" in said


@pytest.mark.fast
def test_each_kind_of_engine_has_ways_of_its_own(compiled: Compile) -> None:
    library = load_file(compiled("counted", "-g"))
    assert methods_for(library) == ("callgrind", "perf", "memray")
    assert methods_for(load_file(str(FOREIGN / "textbook.py"))) == ("py-spy", "scalene", "memray")
    assert "py-spy profiles lines of Python" in str(refusal(library, "py-spy"))
    assert "ablation cannot remove a stage of an engine from outside" in str(refusal(library, "ablation"))


def test_a_python_engine_has_its_lines_sampled(feed: str, tmp_path: Path) -> None:
    needs("py-spy")
    python = FOREIGN / "textbook.py"
    found = answer("profile", "textbook", feed, "--variants-from", python, "--seconds", "1", "-o", tmp_path)
    lines = found["methods"]["py-spy"]["lines"]
    text = python.read_text().splitlines()
    assert lines
    assert all(one["file"] == "textbook.py" and one["text"] == text[one["line"] - 1].strip() for one in lines)
    frames = found["methods"]["py-spy"]["stacks"]["frames"]
    assert all(frames[one["stack"][0]][0].endswith("apply") for one in found["methods"]["py-spy"]["stacks"]["rows"])


@pytest.mark.fast
def test_functions_without_lines_are_named_by_symbol(compiled: Compile) -> None:
    with LibraryCode(compiled("described", "-g")) as code:
        bare = code._elf.get_section_by_name(".init")
        assert bare is not None
        codes = code.map([bare["sh_addr"], *(start for start, _, name in code._symbols if name in ("work", "apply"))])
    functions = {piece.stack[0].function: piece.stack[0].file for piece in codes.pieces}
    assert functions["work"] == functions["apply"] == "counted.c"
    assert functions["(.init)"] == "(library)"


@pytest.mark.fast
def test_an_engine_and_a_variant_are_compared_by_stages() -> None:
    variant = Profiled.of(profile_of("p0_baseline")).profiles["callgrind"]
    facts = EngineFacts("mine", "Mine", "1", "0" * 16, ("bbo",), (), 1, ())
    made = Profiled.of(profile_of("mine", cost=500.0)).profiles["callgrind"]
    engine = replace(made, engine=facts, policies={}, mechanisms=())
    found = difference(variant, engine)
    assert {one.stage: (one.before, one.after) for one in found.stages}["lookup"] == (200.0, 100.0)
    assert (found.lines, found.mechanisms) == ((), ())
    assert difference(engine, replace(engine, variant="other")).lines == ()


@pytest.mark.fast
@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("add", "add"),
        ("book::Ladder<int, std::less<int> >::add(long, Order const&) const", "book::Ladder::add"),
        ("(anonymous namespace)::apply(void*, void const*)", "apply"),
        ("void grow<Loss>(Loss&&)", "grow"),
        ("Effect::~Effect()", "Effect::~Effect"),
        ("Order::operator<(Order const&) const", "Order::operator<"),
        ("Price::operator()(int) const", "Price::operator()"),
        ("operator new(unsigned long)", "operator new"),
        ("p0::book::{impl#3}::cancel", "p0::book::cancel"),
        ("<p0::Book as p0::Side>::cancel", "cancel"),
        ("find.constprop.0", "find"),
    ],
)
def test_symbols_are_demangled(symbol: str, name: str) -> None:
    assert plain(symbol) == name


@pytest.mark.fast
def test_a_linkers_symbol_that_only_nests_names_is_read() -> None:
    assert legible("_ZN4book6Ladder3addE") == "book::Ladder::add"
    assert legible("_ZN3std2io5Write9write_all17h0123456789abcdefE") == "std::io::Write::write_all"
    assert legible("main") == "main"


@pytest.mark.fast
def test_the_innermost_named_function_decides() -> None:
    named = NamedStages([("apply", "decode"), ("Book::apply", "levels"), ("Trackers<3>::update", "trackers")])
    assert named.of(["apply"]) == "decode"
    assert named.of(["apply", "market::Book::apply", "grow"]) == "levels"
    assert named.of(["apply", "Trackers::update"]) == "features"
    assert named.of(["create", "update"]) == UNKNOWN
    with pytest.raises(UsageError, match="stage 'book' of apply is unknown"):
        NamedStages([("apply", "book")])


@pytest.mark.fast
def test_files_have_the_shortest_name_that_tells_them_apart() -> None:
    files = ["/a/src/book/mod.rs", "/a/src/feed/mod.rs", "/a/src/lib.rs", "/usr/include/c++/12/list", "(library)"]
    assert shown_names(files) == {
        "/a/src/book/mod.rs": "book/mod.rs",
        "/a/src/feed/mod.rs": "feed/mod.rs",
        "/a/src/lib.rs": "lib.rs",
    }
    assert is_hidden("/rustc/0123/library/alloc/src/vec/mod.rs")


def test_counting_an_engine_loads_no_compiler(looked_at: Any) -> None:
    """The process whose instructions are counted loads no compiler."""
    log = (looked_at["folder"] / "callgrind" / "callgrind.out").read_text()
    assert "libllvmlite" not in log
