"""Help for a person who types: the bare command, typos, exit codes."""

from __future__ import annotations

import re

import pytest

from lobench.workbench.cli import VERBS
from tests.support.command import lobench, refused

pytestmark = pytest.mark.fast


def test_the_bare_command_helps() -> None:
    done = lobench()
    assert (done.returncode, done.stderr) == (0, "")
    assert all(re.search(rf"^    {verb}(?: |$)", done.stdout, re.MULTILINE) for verb in VERBS)
    assert "Start with `lobench run`" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("chek", "main"), "no command 'chek'; did you mean check? Choose from run, report, "),
        (("zzz",), "no command 'zzz'. Choose from run, report, "),
        (("history", "regresions"), "no action 'regresions'; did you mean regressions? Choose from record, "),
        (("verify", "--evaluate", "lats"), "no --evaluate 'lats'; did you mean last? Choose from last, every"),
    ],
)
def test_a_typo_is_answered_with_the_closest_word(words: tuple[str, ...], told: str) -> None:
    done = lobench(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_a_typo_in_a_variant() -> None:
    line = refused(2, "cmp", "p4_hash_lokup", "p0")
    assert "no variant named 'p4_hash_lokup'; did you mean p4_hash_lookup? Use any of p0_baseline, " in line
    assert "no variant named 'nothing'. Use any of" in refused(2, "cmp", "nothing", "p0")


def test_an_outlet_that_cannot_be_written_is_refused_at_once() -> None:
    assert "there is no folder none" in refused(2, "verify", "synth:liquid-future,n=10", "--markdown", "none/m.md")
