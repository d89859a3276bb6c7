"""A ladder with its variants: their order, and the variants that may be named beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lobench.engine.errors import UsageError
from lobench.variants import REFERENCE, discover
from lobench.workbench.ladder import load_ladder, loading
from lobench.workbench.plan import DEFAULT, read_ledger
from lobench.workbench.selection import select, with_reference
from tests.support.replays import LADDER

pytestmark = pytest.mark.fast

MINE = 'from lobench.variants import {0}\n\nVARIANT = {0}.VARIANT.derive("as {0}")\n'
COMBINED = "events=clone,context=locked,features=string,lookup=hash"
CORE = ("p0", "p1", "p2", "p3", "p4")


def ladder_of(folder: Path, *steps: str, head: str = "") -> str:
    """The path of a ladder file with these steps."""
    path = folder / "ladder.toml"
    tables = [f'[[step]]\nvariant = "{step}"\n' for step in steps]
    path.write_text("\n".join(['name = "mine"', head, *tables]))
    return str(path)


def file(folder: Path, name: str, phase: str = "p4_hash_lookup") -> Path:
    path = folder / f"{name}.py"
    path.write_text(MINE.format(phase))
    return path


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process tries files before: these end none."""
    monkeypatch.setattr(loading, "check_loads", lambda files: None)


def test_a_file_that_would_end_the_command(tmp_path: Path) -> None:
    (tmp_path / "ends.py").write_text("import os\nos._exit(3)")
    with pytest.raises(UsageError, match=r"ends\.py: when loaded, ended with code 3"):
        load_ladder(ladder_of(tmp_path, "p4", "./ends.py"))


def test_the_own_one_is_a_file_as_any_other() -> None:
    found = load_ladder()
    assert [step.name for step in found.steps] == [variant.name for variant in LADDER]
    assert [step.phase for step in found.steps] == [variant.phase for variant in LADDER]
    assert (found.reference, found.file.name) == (REFERENCE, "lobench")
    assert found.file.ledger.resolve() == DEFAULT.resolve()
    assert list(found.file.predictions) == read_ledger()
    assert found.crossed
    assert found.dismantled
    # Results of lobench's own ladder contain no ladder.
    assert found.kept() is None
    assert [step.variant for step in found.described().steps] == [variant.name for variant in LADDER]
    assert select("ladder", found) == list(discover().values())


@pytest.mark.usefixtures("here")
def test_steps_stand_in_their_places(tmp_path: Path) -> None:
    file(tmp_path, "mine")
    found = load_ladder(ladder_of(tmp_path, "p4", "./mine.py", "lookup=hash", "p3"))
    names = ["p4_hash_lookup", "mine", COMBINED, "p3_indexed_features"]
    assert [(step.name, step.phase) for step in found.steps] == [(name, place) for place, name in enumerate(names)]
    assert found.reference == "p4_hash_lookup"
    assert found.files == (str(tmp_path / "mine.py"),)
    # lobench's other phases may be named; they are measured beside the ladder.
    assert found.known["p7_cache_layout"].phase is None
    assert found.known["p3_indexed_features"].phase == 3
    assert found.named("lookup=hash").phase == 2
    kept = found.kept()
    assert kept is not None
    assert [(step.variant, step.title) for step in kept.steps][:2] == [
        ("p4_hash_lookup", discover()["p4_hash_lookup"].summary),
        ("mine", "as p4_hash_lookup"),
    ]


@pytest.mark.usefixtures("here")
def test_files_and_names_of_a_command(tmp_path: Path) -> None:
    file(tmp_path, "mine")
    beside = file(tmp_path, "beside")
    found = load_ladder(ladder_of(tmp_path, "p3", "./mine.py"), [str(beside), str(tmp_path / "mine.py")])
    assert found.files == (str(tmp_path / "mine.py"), str(beside))

    def names(words: str) -> list[str]:
        return [variant.name for variant in select(words, found)]

    assert names("ladder") == ["p3_indexed_features", "mine", "beside"]
    assert names("ladder p7") == ["p3_indexed_features", "mine", "beside", "p7_cache_layout"]
    # A variant of a user's file takes part whether it is named or not.
    assert names("p7 mine") == ["p7_cache_layout", "mine", "beside"]
    assert names("beside p7") == ["beside", "p7_cache_layout"]
    assert [variant.name for variant in with_reference("mine", found)] == ["p3_indexed_features", "mine", "beside"]
    assert names("from-top") == ["mine", "mine,lookup=linear", "beside"]
    with pytest.raises(UsageError, match="factorial needs steps with two policies of each core axis"):
        names("factorial")


def test_axes_are_crossed_where_the_steps_change_each_once(tmp_path: Path) -> None:
    found = load_ladder(ladder_of(tmp_path, *CORE))
    assert found.crossed
    assert len(select("factorial", found)) == 16
    assert not load_ladder(ladder_of(tmp_path, *CORE[1:])).crossed
    assert not load_ladder(ladder_of(tmp_path, *CORE, head='reference = "p1"')).crossed
    assert load_ladder(ladder_of(tmp_path, *CORE[2:])).dismantled
    # A combination on top of a combination has no name.
    assert not load_ladder(ladder_of(tmp_path, "p0", "lookup=hash")).dismantled


def test_from_top_leads_to_the_ladders_reference(tmp_path: Path) -> None:
    found = load_ladder(ladder_of(tmp_path, "p2", "p4", head='reference = "p2"'))
    assert [variant.name for variant in select("from-top", found)] == [
        "p4_hash_lookup",
        "p4_hash_lookup,features=string",
        "p4_hash_lookup,lookup=linear",
    ]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("steps", "head", "expected"),
    [
        (("p99",), "", "step 1: variant: no variant named 'p99'"),
        (("p4", "lookup=none"), "", "step 2: variant: no policy 'none' of axis lookup"),
        (("p4", "p4_hash"), "", "step 2: variant: p4_hash_lookup is already a step"),
        (("p4", "./broken.py"), "", "broken.py: "),
        (("p4", "./empty.py"), "", "empty.py: defines no VARIANT"),
        (("p4", "./p4_hash_lookup.py"), "", "a variant named 'p4_hash_lookup' already exists; rename the file"),
    ],
)
def test_wrong_ladders_are_refused(steps: tuple[str, ...], head: str, expected: str, tmp_path: Path) -> None:
    for name, text in {"broken": "1 / 0", "empty": ""}.items():
        (tmp_path / f"{name}.py").write_text(text)
    file(tmp_path, "p4_hash_lookup")
    with pytest.raises(UsageError) as refusal:
        load_ladder(ladder_of(tmp_path, *steps, head=head))
    assert expected in str(refusal.value)


def test_a_reference_among_the_phases(tmp_path: Path) -> None:
    path = tmp_path / "ladder.toml"
    path.write_text('name = "n"\nsteps = "phases"\nreference = "p4_hash_lookup"\n')
    assert load_ladder(str(path)).reference == "p4_hash_lookup"
    path.write_text('name = "n"\nsteps = "phases"\nreference = "p99"\n')
    with pytest.raises(UsageError, match="reference: 'p99' is not a step"):
        load_ladder(str(path))
