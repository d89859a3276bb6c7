"""Commits of any repository laid out and built: the cache, the messages, and whose fault a failure is."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from lobench.engine.errors import UnjudgedError, UsageError
from lobench.engine.kernel_cache import kernel_folder
from lobench.workbench.commits import instructions, measuring, projects, sources, verified
from lobench.workbench.commits.feeds import as_files
from lobench.workbench.commits.findings import Finding
from lobench.workbench.commits.gate import Check, Settings, check
from lobench.workbench.commits.instructions import Counted, UncountedError
from lobench.workbench.commits.measuring import INSTRUCTIONS, Request
from lobench.workbench.commits.placing import placed
from lobench.workbench.commits.projects import Project
from lobench.workbench.commits.repository import Repository
from lobench.workbench.commits.session import design_of
from lobench.workbench.commits.sources import BrokenError, Source
from lobench.workbench.costlier import costlier
from lobench.workbench.ladder.recipe import find_recipe
from lobench.workbench.summaries.check import summary
from lobench.workbench.summaries.model import Place
from tests.history.engine_repositories import EXAMPLES
from tests.support.miniature import Miniature

FEED = "synth:liquid-future,n=100"
SETTINGS = Settings([FEED], timed=False)

COPIES = 'build = "for one in a b; do [ ! -f $one.txt ] || cp $one.txt $one.so; done"\nartifact = ["a.so", "b.so"]\n'


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Miniature:
    """A repository whose engines are texts: nothing here loads them."""
    kernels = kernel_folder()
    monkeypatch.setenv("LOBENCH_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir(mode=0o700)
    if kernels is not None:
        (tmp_path / "cache/kernels").symlink_to(kernels)
    return Miniature(tmp_path / "repository", tmp_path / "cache", {"lobench.toml": COPIES, "a.txt": "1\n"})


def project(made: Miniature) -> Project:
    repository = Repository(made.folder)
    recipe = find_recipe(repository.root)
    assert recipe is not None
    return Project(repository, recipe)


def built(made: Miniature, *names: str | None) -> list[Source | BrokenError]:
    own = project(made)
    return own.sources([None if name is None else own.repository.commit(name) for name in names])


def source(made: Miniature, name: str | None) -> Source:
    (found,) = built(made, name)
    assert isinstance(found, Source), found
    return found


def broken(made: Miniature, name: str | None) -> BrokenError:
    (found,) = built(made, name)
    assert isinstance(found, BrokenError)
    return found


def write(made: Miniature, subject: str, **files: str) -> str:
    for name, text in files.items():
        (made.folder / name.replace("__", ".")).write_text(text)
    return made.commit(subject)


def test_a_missing_artifact_is_an_engine_that_a_commit_lacks(made: Miniature) -> None:
    base, head = write(made, "one"), write(made, "two", b__txt="2\n")
    before, after = source(made, base), source(made, head)
    own = project(made)
    assert (own.variants(before), own.variants(after)) == (["a"], ["a", "b"])
    assert own.identity(before, "b") not in (own.identity(after, "b"), own.identity(after, "a"))
    made.git("rm", "-q", "a.txt", "b.txt")
    found = broken(made, made.commit("none"))
    assert found.own
    assert "its build made no a.so and no b.so" in str(found)


def test_an_entry_of_sources_that_names_nothing_is_refused(made: Miniature) -> None:
    base = write(made, "typo", lobench__toml=COPIES + 'sources = ["src", "a.txt"]\n')
    with pytest.raises(UsageError, match=r"lobench\.toml: sources: 'src' is neither a file nor a folder here"):
        built(made, base)
    # A path that exists on one side is not a typing error.
    (made.folder / "src").mkdir()
    (made.folder / "src/x").touch()
    head = made.commit("it comes")
    before, after = built(made, base, head)
    assert isinstance(before, Source)
    assert isinstance(after, Source)
    assert before.key != after.key


def test_another_toolchain_is_another_engine(made: Miniature, monkeypatch: pytest.MonkeyPatch) -> None:
    name = write(made, "one")
    before = source(made, name)
    assert source(made, name).key == before.key
    monkeypatch.setenv("HOME", str(made.folder))
    assert source(made, name).key == before.key
    monkeypatch.setenv("CXXFLAGS", "-O3")
    after = source(made, name)
    assert after.key != before.key
    assert after.made_with != before.made_with
    # If nothing is built, tools do not matter.
    name = write(made, "python", lobench__toml='artifact = "book.py"\n', book__py="x = 1\n")
    key = source(made, name).key
    monkeypatch.delenv("CXXFLAGS")
    assert source(made, name).key == key


@pytest.mark.parametrize(
    ("build", "own", "told"),
    [
        ("false", True, "its build ended with code 1"),
        ("no-such-compiler x.c", False, "its build ended with code 127"),
        ("./a.txt", False, "its build ended with code 126"),
        ("echo 'a.c: No space left on device'; exit 1", False, "No space left"),
        ("echo 'make: *** [Makefile:2: a.so] Error 127'; exit 2", False, "Error 127"),
        ("echo '/bin/sh: 1: ninja: not found'; exit 1", False, "ninja: not found"),
        ("echo 'error: failed to get x: [6] Could not resolve host: nowhere'; exit 101", False, "resolve host"),
        ("echo 'c++: fatal error: Killed signal terminated program cc1plus'; exit 1", False, "Killed signal"),
        ("echo 'make: *** [Makefile:2: a.so] Error 1'; exit 2", True, "Error 1"),
        ("echo 'a.rs:1: error: book not found in this scope'; exit 1", True, "not found"),
        ("true", True, "its build made no a.so and no b.so"),
    ],
)
def test_a_failed_build_is_the_commits_or_the_machines(made: Miniature, build: str, own: bool, told: str) -> None:
    found = broken(made, write(made, "one", lobench__toml=f'build = "{build}"\nartifact = ["a.so", "b.so"]\n'))
    assert found.own is own
    assert told in str(found)


def test_output_of_a_build_is_stripped_of_control_codes(made: Miniature) -> None:
    said = r"10%%\r20%%\r\n\033[31;1ma.c:1: error:\033[0m \033]0;title\007no\000 book\n"
    build = f"printf '{said}' >&2; exit 1"
    found = broken(made, write(made, "one", lobench__toml=f"build = '''{build}'''\nartifact = 'a.so'\n"))
    assert str(found).splitlines()[1:] == ["10%", "20%", "a.c:1: error: no book"]


def test_a_deleted_build_is_built_again(made: Miniature) -> None:
    name = write(made, "one")
    before = source(made, name)
    shutil.rmtree(made.cache / "commits/built" / before.key)
    assert source(made, name) == before
    assert [Path(file).read_text() for _, file in before.engines] == ["1\n"]


def test_a_key_that_was_torn_is_asked_anew(made: Miniature) -> None:
    name = write(made, "one")
    key = source(made, name).key
    (known,) = (made.cache / "commits/contents").iterdir()
    assert known.read_text() == key
    known.write_text("")
    assert source(made, name).key == key
    assert known.read_text() == key


def test_a_checkout_is_whole(made: Miniature, tmp_path: Path) -> None:
    """Submodules, links that lead out, files that an archive would leave out, and git's own description."""
    other = Miniature(tmp_path / "other", tmp_path / "cache", {"part.txt": "part\n"})
    other.commit("part")
    allowed = ("-c", "protocol.file.allow=always")
    write(
        made,
        "begin",
        lobench__toml='build = "git describe --tags --dirty > a.so; cat sub/part.txt >> a.so"\nartifact = "a.so"\n',
        **{"__gitattributes": "a.txt export-ignore\n"},
    )
    made.git(*allowed, "submodule", "add", "-q", str(other.folder), "sub")
    (made.folder / "out").symlink_to("/nowhere/at/all")
    name = made.commit("all")
    made.git("tag", "v1")
    one = source(made, name)
    assert Path(dict(one.engines)["a"]).read_text() == "v1\npart\n"
    assert sorted(path.name for path in one.tree.iterdir()) == [
        *(".gitattributes", ".gitmodules", "a.txt", "lobench.toml", "out", "sub"),
    ]
    assert (one.tree / "out").readlink() == Path("/nowhere/at/all")
    # The working tree has the same code, including its submodules.
    assert source(made, None).key == one.key
    (made.folder / "sub/part.txt").write_text("changed\n")
    changed = source(made, None)
    assert Path(dict(changed.engines)["a"]).read_text().endswith("changed\n")
    assert changed.key != one.key
    assert made.git("worktree", "list").count("\n") == 0


def test_a_commit_without_the_recipes_folder_is_broken_and_the_others_go_on(made: Miniature) -> None:
    base = write(made, "one")
    (made.folder / "plan").mkdir()
    (made.folder / "plan/lobench.toml").write_text('build = "echo 1 > a.so"\nartifact = "a.so"\n')
    head = made.commit("plan")
    repository = Repository(made.folder)
    recipe = find_recipe(repository.root, str(made.folder / "plan/lobench.toml"))
    assert recipe is not None
    before, after = Project(repository, recipe).sources([repository.commit(base), repository.commit(head)])
    assert isinstance(before, BrokenError)
    assert "it has no folder plan" in str(before)
    assert isinstance(after, Source)


def test_a_build_that_takes_for_ever_is_ended_with_all_that_it_started(
    made: Miniature, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projects, "_SECONDS", 1.0)
    build = f"sleep 600 & echo $! > {made.cache}.pid; wait"
    found = broken(made, write(made, "one", lobench__toml=f'build = "{build}"\nartifact = "a.so"\n'))
    assert not found.own
    assert "took longer than" in str(found)
    assert "out of memory" not in str(found)
    pid = Path(f"{made.cache}.pid").read_text().strip()
    deadline = time.monotonic() + 60
    while state(pid) not in ("", "Z") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert state(pid) in ("", "Z")


def state(pid: str) -> str:
    """Of a process; empty if there is none."""
    return subprocess.run(["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True).stdout.strip()[:1]


def test_the_cache_is_bounded_by_its_size(made: Miniature, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_BYTES_BUILT", 1000)
    monkeypatch.setattr(sources, "_KEPT_ANYWAY", 1)
    for number in range(4):
        source(made, write(made, f"{number}", a__txt=f"{number}" * 400))
    assert len(list((made.cache / "commits/built").iterdir())) == 2


def test_a_failure_of_both_builds_gives_no_verdict(made: Miniature) -> None:
    base, head = write(made, "one"), write(made, "two", a__txt="2\n")
    failing = 'artifact = "a.so"\nbuild = "grep -q {} a.txt && cp a.txt a.so"\n'
    for what, told in (("9", None), ("1", "its build ended with code 1")):
        (made.folder / "lobench.toml").write_text(failing.format(what))
        if told is None:
            with pytest.raises(UnjudgedError, match="nothing to compare"):
                check(project(made), base, head, SETTINGS)
        else:
            assert told in str(check(project(made), base, head, SETTINGS).broken)
    (made.folder / "lobench.toml").write_text('artifact = "a.so"\nbuild = "no-such-compiler"\n')
    with pytest.raises(UnjudgedError, match="code 127"):
        check(project(made), base, head, SETTINGS)


def test_a_base_that_was_built_another_day_is_built_again_where_a_head_fails(made: Miniature) -> None:
    tool = made.cache / "tool"
    tool.touch()
    base = write(made, "one", lobench__toml=f'artifact = "a.so"\nbuild = "[ -e {tool} ] && cp a.txt a.so"\n')
    head = write(made, "two", a__txt="2\n")
    assert isinstance(source(made, base), Source)
    tool.unlink()
    with pytest.raises(UnjudgedError, match=r"nothing to compare: .*\(two\).*code 1\nand .*\(one\).*code 1"):
        check(project(made), base, head, SETTINGS)
    tool.touch()
    head = write(made, "three", a__txt="3\n", lobench__toml='artifact = "a.so"\nbuild = "grep 2 a.txt > a.so"\n')
    assert isinstance(source(made, "HEAD~1"), Source)
    assert "code 1" in str(check(project(made), "HEAD~1", head, SETTINGS).broken)


def test_engines_of_both_that_do_not_load_give_no_verdict(made: Miniature) -> None:
    base, head = write(made, "one"), write(made, "two", a__txt="2\n")
    with pytest.raises(UnjudgedError, match=r"(?s)nothing to compare: .*\(two\).*\nand .*\(one\)"):
        check(project(made), base, head, SETTINGS)


def test_changed_files_beside_the_sources_are_named(made: Miniature) -> None:
    base = write(made, "one", lobench__toml=COPIES + 'sources = ["a.txt"]\n')
    head = write(made, "two", b__txt="2\n")
    found = check(project(made), base, head, SETTINGS)
    assert (found.same_code, found.aside) == (True, True)
    told = summary(found, "lobench check")
    assert told.verdict == "PASSED: nothing among a.txt changed; nothing to measure"
    assert ("files changed", "b.txt") in told.facts


def test_lines_are_numbered_as_in_the_commit(made: Miniature) -> None:
    """A build belongs to the first commit with the same code, whatever its comments."""
    base, first = write(made, "one", book__c="int a;\n"), write(made, "two", book__c="// b\n\n\nint b; // 1\n")
    head = write(made, "three", book__c="int b; // 2\n// It is b.\n")
    before, built, after = (source(made, name) for name in (base, first, head))
    assert built.tree == after.tree
    assert placed(built, built.tree, "book.c", 4) == (4, "int b; // 1")
    assert placed(after, built.tree, "book.c", 4) == (1, "int b; // 2")
    (made.folder / "book.c").write_text("// So it is:\nint b; // 1\n")
    assert placed(source(made, None), built.tree, "book.c", 4) == (2, "int b; // 1")
    assert placed(after, built.tree, "/usr/include/no-such.h", 7) == (7, "")

    finding = Finding("feed", "a", None, None, None, {INSTRUCTIONS: (1.0, 2.0)}, None, None)
    fourth = source(made, made.commit("four"))
    assert before.commit is not None
    found = Check(before.commit, fourth.commit, findings=[finding], sources=(before, fourth), files=["book.c"])
    assert costlier(found, [], count=True) == [Place("book.c", 2, "int b; // 1", "changed")]


def test_engines_of_two_commits_have_helpers_of_one_name(made: Miniature, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (EXAMPLES / "python_textbook.py").read_text()
    (made.folder / "helper.py").write_text(text)
    files = {"lobench__toml": 'artifact = "book.py"\n', "book__py": "from helper import ENGINE\n"}
    base = write(made, "one", **files)
    (made.folder / "helper.py").write_text(f"{text}\nmore = 1\n")
    found = [source(made, name) for name in (base, made.commit("two"))]
    assert found[0].key != found[1].key
    engines = [verified.engines_of(one) for one in found]
    assert [list(one) for one in engines] == [["book"], ["book"]]
    assert engines[0]["book"].offers == engines[1]["book"].offers != 0
    assert engines[0]["book"].path != engines[1]["book"].path
    # Later commands load none of them again.
    verified._described.cache_clear()
    monkeypatch.setattr(verified, "described", lambda files: pytest.fail(f"{files} are loaded again"))
    assert [verified.engines_of(one) for one in found] == engines


def test_an_engine_that_callgrind_cannot_run_is_uncounted(made: Miniature, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that is wrong already is not even asked."""
    one = source(made, write(made, "one", b__txt="2\n"))
    asked: list[list[str]] = []

    def fails(source: Source, variants: list[str], *rest: object) -> Counted:
        asked.append(variants)
        raise UncountedError("the process was killed by SIGILL")

    monkeypatch.setattr(instructions, "count", fails)
    request = Request(as_files([str(made.feed)]), ["a", "b"], design_of(0, 1.0))
    counts, problems = measuring._Counts(), dict[str, BrokenError]()
    counts.take([one], request, {(0, "b")}, problems)
    assert (asked, problems) == ([["a"]], {})
    assert counts.uncounted == {one.key: "the process was killed by SIGILL"}
