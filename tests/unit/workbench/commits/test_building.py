"""Which kernels are built, by which process, and in which order."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lobench.workbench.commits import building
from lobench.workbench.commits.building import Build, Chains, missing_of
from lobench.workbench.commits.sources import Source

PINS = (("NUMBA_CPU_NAME", "haswell"),)


def source(folder: Path, name: str, shared: Path | None = None) -> Source:
    kernels = folder / name
    kernels.mkdir()
    return Source(name, None, name, folder / "tree", kernels, "python", shared=shared)


@pytest.fixture
def two(tmp_path: Path) -> tuple[Source, Source]:
    return source(tmp_path, "base"), source(tmp_path, "head")


def names(builds: list[Build]) -> list[str]:
    return [f"{one.source.key} {one.variant}" for one in builds]


def test_each_process_follows_one_chain_and_helps_at_the_end_of_another(two: tuple[Source, Source]) -> None:
    pinned = [Build(one, name, "timed", PINS) for one in two for name in ("p4", "p5", "p6")]
    chains = Chains([Build(one, "p4", "timed") for one in two] + pinned)
    assert chains.left == 8
    first, second = chains.place(), chains.place()
    assert names(chains.take(first)) == ["base p4"]
    assert [names(chains.take(second)) for _ in range(2)] == [["base p4"], ["base p5"]]
    assert names(chains.take(first)) == ["head p4"]
    assert chains.take(first) == []
    helping = chains.place()
    assert names(chains.take(helping)) == ["head p6"]
    assert names(chains.take(second)) == ["base p6"]
    assert names(chains.take(helping)) == ["head p5"]
    assert names(chains.take(second)) == ["head p4"]
    assert chains.left == 0


def test_two_names_of_one_kernel_are_built_once(two: tuple[Source, Source]) -> None:
    base, head = two
    same = [Build(one, name, "timed", kernel="k") for one in two for name in ("p7", "p8")]
    others = [Build(base, "p7", "counted", kernel="k"), Build(base, "p6", "timed"), Build(head, "p6", "timed")]
    chains = Chains([*same, *others])
    place = chains.place()
    assert [names(chains.take(place)) for _ in range(4)] == [
        *(["base p7", "base p8"], ["head p7", "head p8"]),
        *(["base p6"], ["head p6"]),
    ]
    assert names(chains.take(chains.place())) == ["base p7"]


def test_shared_kernels_are_built_once(tmp_path: Path) -> None:
    base, head = (source(tmp_path, name, tmp_path / "shared") for name in ("base", "head"))
    kernels = {base: {"p0": "a", "p4": "b"}, head: {"p0": "a", "p4": "c"}}
    chains = Chains([Build(one, name, "timed", kernel=kernels[one][name]) for one in kernels for name in kernels[one]])
    place = chains.place()
    assert [names(chains.take(place)) for _ in range(3)] == [["base p0", "head p0"], ["base p4"], ["head p4"]]
    # Kernels without an identity are never the same.
    assert Chains([Build(one, "p0", "timed") for one in (base, head)]).left == 2


def test_finished_builds_are_not_repeated(two: tuple[Source, Source]) -> None:
    builds = [Build(one, "p4", "timed", pins) for one in two for pins in ((), PINS)]
    builds[1].mark.write_text("")
    assert missing_of([*builds, builds[0]]) == [builds[0], *builds[2:]]


def test_builds_missing_from_the_cache_are_repeated(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    (shared / "kernels").mkdir(parents=True)
    build = Build(source(tmp_path, "base", shared), "p4", "timed")
    build.mark.write_text("")
    assert missing_of([build]) == [build], "nothing is there"
    now = build.mark.stat().st_mtime
    for age, gone in ((10, False), (-10, True)):
        kernel = shared / "kernels/one.kernel"
        kernel.write_text("")
        os.utime(kernel, (now - age, now - age))
        assert missing_of([build]) == ([build] if gone else [])


def test_a_variant_that_a_source_lacks_is_known(two: tuple[Source, Source]) -> None:
    build = Build(two[0], "p9", "timed")
    assert not build.lacking
    build.mark.write_text("")
    assert not build.lacking
    build.mark.write_text(building.LACKING)
    assert build.lacking
