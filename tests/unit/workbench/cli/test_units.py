"""Users' notation for durations, fractions, stages and numbers of workers."""

from __future__ import annotations

import re

import pytest

from lobench.engine.errors import UsageError
from lobench.engine.stages import STAGES
from lobench.workbench.cli import units


def test_stages_are_the_engines() -> None:
    assert [units.stage(name) for name in STAGES] == list(STAGES)


@pytest.mark.parametrize("text", ["0.5%", "0.005", "1%", "%"])
def test_a_precision_is_no_stage(text: str) -> None:
    with pytest.raises(UsageError, match=re.escape(f"was '{text}'; a precision is --precision 0.5%")) as refusal:
        units.stage(text)
    assert refusal.value.exit_code == 2


def test_no_stage() -> None:
    with pytest.raises(
        UsageError, match=r"takes a stage \(decode, book, features, strategies\), was 'books'; did you mean book\?$"
    ):
        units.stage("books")
    with pytest.raises(UsageError, match=r"was 'orders'$"):
        units.stage("orders")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("2m", 120), ("1.5m", 90), ("0.5", 0.5), ("1e2s", 100)]
)
def test_durations(text: str, seconds: float) -> None:
    assert units.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "m", "0", "-1", "nan", "inf", "1h", "two", "1 2"])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match=f"'{text}' is not a duration; write 90, 90s or 2m"):
        units.duration(text)


def test_precisions() -> None:
    assert units.precision("0.5%") == units.precision("0.005") == 0.005
    for text in ("", "%", "0", "0%", "-1%", "1", "100%", "nan", "5 percent"):
        with pytest.raises(UsageError, match="is not a precision; write the half-width"):
            units.precision(text)


def test_tolerances() -> None:
    assert [units.tolerance(text) for text in ("0", "1%", "0.01")] == [0, 0.01, 0.01]
    for text in ("", "1", "100%", "-1%", "nan", "a little"):
        with pytest.raises(UsageError, match=f"--tolerance takes a fraction like 1% or 0.01, was '{text}'"):
            units.tolerance(text)


def test_percentages_have_their_sign() -> None:
    assert [units.percentage(text) for text in ("0%", "0.5%", "200%")] == [0, 0.005, 2]
    # A bare 0.5 was once 0.5 % for one option and a fraction for another.
    for text in ("", "0.5", "50", "%", "-1%", "nan%", "inf%"):
        with pytest.raises(UsageError, match=f"--allow-instructions takes per cent like 0.5%, was '{text}'"):
            units.percentage(text)


def test_numbers_of_workers() -> None:
    assert [units.workers(text) for text in ("2", "1,2")] == [[2], [1, 2]]
    for text in ("", "0", "1,two", "1,,2", "-1"):
        with pytest.raises(UsageError, match=f"--workers takes positive numbers separated by commas, was '{text}'"):
            units.workers(text)


def test_a_machines_name_is_that_of_one_folder() -> None:
    assert [units.machine(text) for text in ("runner", "my machine", "…")] == ["runner", "my machine", "…"]
    for text in ("", ".", "..", "../elsewhere", "a/b", "/a", "a/"):
        with pytest.raises(UsageError, match=f"--machine takes the name of one folder, was '{text}'"):
            units.machine(text)
