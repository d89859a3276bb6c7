"""Questions to git give the same answers whatever hook, setting, subject or folder surrounds lobench."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from lobench.engine.errors import LobenchError, UsageError
from lobench.workbench import environment, git
from lobench.workbench.commits.repository import Repository
from tests.support.miniature import Miniature

pytestmark = pytest.mark.fast

SUBJECT = "one\u2028two\u2029three\x85four\x1cfive\x0bsix \u00fc"
"""Characters at which Python breaks lines and git does not."""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Miniature:
    """Another repository, as one whose hook runs lobench."""
    other = Miniature(tmp_path / "elsewhere", tmp_path / "cache")
    other.commit("of another repository")
    return other


@pytest.fixture
def hook(elsewhere: Miniature, monkeypatch: pytest.MonkeyPatch) -> Miniature:
    """Its hook is running: these are the variables that git sets, and some that its users do."""
    folder = elsewhere.folder
    for name, value in {
        "GIT_DIR": str(folder / ".git"),
        "GIT_WORK_TREE": str(folder),
        "GIT_INDEX_FILE": str(folder / ".git/index"),
        "GIT_OBJECT_DIRECTORY": str(folder / ".git/objects"),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(folder / ".git/objects"),
        "GIT_COMMON_DIR": str(folder / ".git"),
        "GIT_NAMESPACE": "none",
        "GIT_PREFIX": "",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_CONFIG_PARAMETERS": f"'core.worktree'='{folder}'",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.worktree",
        "GIT_CONFIG_VALUE_0": str(folder),
    }.items():
        monkeypatch.setenv(name, value)
    return elsewhere


def test_every_variable_of_one_repository_is_left_out() -> None:
    told = subprocess.run(["git", "rev-parse", "--local-env-vars"], capture_output=True, text=True, check=True)
    given = dict.fromkeys([*told.stdout.split(), "GIT_CONFIG_KEY_0", "GIT_TRACE", "GIT_EDITOR"], "1")
    assert set(git.environment({**given, "GIT_CONFIG_GLOBAL": "/dev/null", "HOME": "/h"})) == {
        *("GIT_CONFIG_GLOBAL", "HOME", "GIT_OPTIONAL_LOCKS", "LC_ALL"),
    }


def test_a_hook_of_another_repository_does_not_answer(miniature: Miniature, hook: Miniature) -> None:
    first = miniature.work(1)
    repository = Repository(miniature.folder)
    assert (repository.root, repository.order()) == (miniature.folder, [first])
    assert repository.commit("HEAD").hash == first
    assert b"variants/p0_plain.py" in repository.archive(repository.commit("HEAD"), ["variants"])


def test_a_hook_does_not_put_its_commit_into_results(
    miniature: Miniature, hook: Miniature, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = miniature.work(1)
    monkeypatch.setattr(environment, "_ROOT", miniature.folder)
    assert environment.revision() == first
    (miniature.folder / "engine/replay.py").write_text("")
    assert environment.revision() == f"{first}-dirty"
    # A copy without a repository of its own, inside another repository.
    inner = miniature.folder / "copy"
    (inner / ".git").mkdir(parents=True)
    monkeypatch.setattr(environment, "_ROOT", inner)
    assert environment.revision() is None


@pytest.mark.parametrize("command", [("check", "HEAD~1", "HEAD~1"), ("history", "record", "--commit", "HEAD~9")])
def test_commands_ask_the_repository_that_they_stand_in(
    miniature: Miniature, hook: Miniature, command: tuple[str, ...]
) -> None:
    first = miniature.work(1)
    miniature.work(2)
    done = miniature.lobench(*command)
    assert done.returncode == 2
    assert (first[:8] if command[0] == "check" else f"no commit named 'HEAD~9' in {miniature.folder}") in done.stderr


def test_git_settings_do_not_change_names_and_subjects(miniature: Miniature, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = miniature.folder.parent / "gitconfig"
    settings.write_text(
        "[log]\nshowSignature = true\ndecorate = full\nmailmap = false\nabbrevCommit = true\n"
        "[color]\nui = always\n[core]\npager = false\nquotePath = true\n[gpg]\nprogram = echo\n"
        "[format]\npretty = oneline\n[i18n]\nlogOutputEncoding = ISO-8859-1\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    miniature.work(1)
    # A signed commit: git would verify the signature and mix its report into the answer.
    signed = miniature.git("cat-file", "commit", "HEAD").replace(
        "\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n\u00e4 ", 1
    )
    made = subprocess.run(
        ["git", "-C", str(miniature.folder), "hash-object", "-t", "commit", "-w", "--stdin"],
        input=signed.encode() + b"\n",
        capture_output=True,
        check=True,
    )
    name = made.stdout.decode().strip()
    miniature.git("reset", "-q", "--hard", name)
    found = Repository(miniature.folder).commit("HEAD")
    assert (found.hash, found.subject) == (name, "\u00e4 1 loops")


def test_subjects_may_hold_any_character(miniature: Miniature) -> None:
    names = [miniature.commit(SUBJECT), miniature.commit("plain"), miniature.commit(f"{SUBJECT} again")]
    miniature.git("-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q", "--allow-empty", "-F", str(latin(miniature)))
    repository = Repository(miniature.folder)
    found = repository.commits(f"{names[0]}..HEAD")
    assert [one.hash for one in found[:3]] == names
    assert [one.subject for one in found] == [SUBJECT, "plain", f"{SUBJECT} again", "f\u00fcnf"]
    assert repository.parent(found[2]) == found[1]


def latin(miniature: Miniature) -> Path:
    file = miniature.folder.parent / "message"
    file.write_bytes("f\u00fcnf".encode("latin-1"))
    return file


@pytest.mark.parametrize("name", ["fünf Bücher", "дом", "a\nb", " b ", "-x", "bytes\udcff"])
def test_folders_may_have_any_name(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    made = Miniature(tmp_path / name, tmp_path / "cache")
    first = made.work(1)
    repository = Repository(made.folder)
    assert repository.root == made.folder
    monkeypatch.chdir(made.folder)
    assert (Repository().root, repository.commit("main").hash) == (made.folder, first)


def test_a_refusal_of_git_is_quoted(miniature: Miniature, monkeypatch: pytest.MonkeyPatch) -> None:
    miniature.work(1)
    # Git's own tests do this to make the folder appear to belong to another user.
    monkeypatch.setenv("HOME", str(miniature.folder.parent))
    real = os.environ["PATH"]
    program = miniature.folder.parent / "bin/git"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {shutil.which("git")} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{real}")
    with pytest.raises(UsageError) as told:
        Repository(miniature.folder)
    line = str(told.value)
    assert "git says: detected dubious ownership in repository at" in line
    assert f"git config --global --add safe.directory {miniature.folder}" in line
    assert "\n" not in line
    done = miniature.lobench("check", "HEAD~1")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "detected dubious ownership" in done.stderr


def test_bare_repositories_and_other_folders(miniature: Miniature, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must be run in a work tree"):
        Repository(miniature.folder / ".git")
    with pytest.raises(UsageError, match="not in a git repository"):
        Repository(tmp_path)
    (miniature.folder / ".git/HEAD").write_text("ref: refs/heads/none\n")
    for name in ("HEAD", "HEAD~1", "@"):
        with pytest.raises(UsageError, match="HEAD has no commit yet; commit the files first"):
            Repository(miniature.folder).commit(name)


def test_a_missing_commit_in_a_shallow_clone_says_that_it_is_shallow(miniature: Miniature, tmp_path: Path) -> None:
    first = miniature.commit("one")
    miniature.commit("two")
    with pytest.raises(UsageError, match=f"no commit named 'nothing' in {miniature.folder}$"):
        Repository(miniature.folder).commit("nothing")
    miniature.git("clone", "-q", "--depth", "1", f"file://{miniature.folder}", str(tmp_path / "shallow"))
    for name in ("HEAD~1", first):
        with pytest.raises(UsageError, match=f"no commit named '{name}' in .*; this clone is shallow and may lack it"):
            Repository(tmp_path / "shallow").commit(name)


def test_without_git(miniature: Miniature, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/none")
    with pytest.raises(LobenchError, match="git is not installed"):
        Repository(miniature.folder)


def test_revisions_are_resolved_as_git_does(miniature: Miniature) -> None:
    first, second = miniature.work(1), miniature.work(2)
    miniature.git("tag", "-am", "words", "v1", first)
    miniature.git("switch", "-qc", "side", first)
    side = miniature.work(3)
    repository = Repository(miniature.folder)
    for text, name in (("v1", first), (":/2 loops", second), ("main~1", first), ("@", side), (side[:7], side)):
        assert repository.commit(text).hash == name, text
    for text in ("HEAD^@", "^HEAD", "HEAD^{tree}", "v1^{tree}", "HEAD:engine", "--all", "-1", "", "..", "...", "x..y"):
        with pytest.raises(UsageError):
            repository.commit(text)
    for text, pair in {
        **{"v1..main": (first, second), "main..": (second, side), "..main": (side, second)},
        **{"main...side": (first, side), "side...": (side, side), "...main": (first, second)},
        **{"main": None, ":/no..such": None, "v1": None},
    }.items():
        if text == ":/no..such":
            with pytest.raises(UsageError, match="no commit named"):
                repository.pair(text)
        else:
            assert repository.pair(text) == pair, text
    miniature.git("switch", "-q", "--orphan", "alone")
    miniature.commit("alone")
    with pytest.raises(UsageError, match="no commit in common"):
        repository.pair("main...alone")


@pytest.mark.normal
def test_a_site_is_of_the_repository_that_it_is_made_in(miniature: Miniature, hook: Miniature) -> None:
    pytest.importorskip("asv")
    from tests.support.recorded import recorded

    order = recorded(miniature, 6)
    done = miniature.lobench("dashboard", "-o", "site")
    assert done.returncode == 0, done.stderr
    hashes = json.loads((miniature.folder / "site/index.json").read_text())["revision_to_hash"]
    assert set(hashes.values()) <= set(order)
