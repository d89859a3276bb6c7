"""Exact counts repeat to the instruction: for an unchanged kernel, they do not depend on the rest of a commit."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lobench.workbench.commits.counting import missing
from lobench.workbench.commits.feeds import as_files
from lobench.workbench.commits.measuring import INSTRUCTIONS, Request, count
from lobench.workbench.commits.origins import Own, whole
from lobench.workbench.commits.repository import Repository
from lobench.workbench.commits.session import design_of
from tests.support.miniature import Miniature
from tests.support.paths import ROOT

pytestmark = pytest.mark.skipif(missing() is not None, reason=f"{missing()}")

PARTS = ("engine", "variants", "lobench")
PHASE = "variants/p4_hash_lookup.py"


@pytest.mark.long
def test_the_reference_costs_the_same_where_another_phase_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It allocates for each event, so its count would reveal any earlier use of the allocator, by any code."""
    texts = {name: (ROOT / name).read_text() for name in ("pyproject.toml", "constraints.txt")}
    made = Miniature(tmp_path / "repository", tmp_path / "cache", texts)
    monkeypatch.setenv("LOBENCH_CACHE_DIR", str(made.cache))
    for part in PARTS:
        ignored = shutil.ignore_patterns("__pycache__", "*.so")
        shutil.copytree(ROOT / part, made.folder / part, symlinks=True, ignore=ignored)
    commits = [made.commit("as it is")]
    phase = made.folder / PHASE
    once = '    return table_get(book["orders"], order_id, LOOKUP_PROBES, probe)\n'
    assert phase.read_text().count(once) == 1
    phase.write_text(phase.read_text().replace(once, once.replace("return ", "") + once))
    commits.append(made.commit("look twice"))

    repository = Repository(made.folder)
    sources = [whole(one) for one in Own(repository).sources([repository.commit(name) for name in commits])]
    assert sources[0].key != sources[1].key
    # With only 20,000 records, the counts did not differ.
    feeds = as_files(["synth:liquid-future,n=100000"])
    exact, broken = count(sources, Request(feeds, ["p0_baseline"], design_of(0, 1.0), counters=False))
    assert not broken
    before, after = (exact[source.key][0, "p0_baseline"][INSTRUCTIONS] for source in sources)
    assert before > 1000
    # The rest is a few of the interpreter's instructions around the call, among some hundred million.
    assert after == pytest.approx(before, rel=1e-6)
