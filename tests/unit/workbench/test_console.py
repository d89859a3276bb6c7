"""Output is text: nothing in it is markup, and a file or a pipe gets no codes."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from rich.progress import Progress
from rich.table import Table

from lobench.workbench import console
from lobench.workbench.cli.outcome import show
from lobench.workbench.console import duration, progress, stderr, stdout
from tests.support import typed
from tests.support.documents import document

HOSTILE = ["[archive]/es.dbn", "x[/y]", "[bold]b[/bold]", ":smile: [/]", "[link=file:x]y"]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_shown_as_they_are(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(title=name, caption=name)
    table.add_column(name)
    table.add_row(name)
    for stream in (stdout(), stderr()):
        stream.print(name, table)
    said = capsys.readouterr()
    assert said.out.count(name) == said.err.count(name) == 5


@pytest.mark.parametrize("name", HOSTILE)
def test_a_result_of_any_feed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    show(typed.result(document(feeds=[name])))
    assert name in capsys.readouterr().out


def test_progress_of_any_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", terminal)
    for name in HOSTILE:
        with progress(name, 1.0) as ticker:
            ticker.advance()
            ticker.label(name + "!")
        assert name + "!" in terminal.getvalue()


def test_progress_in_a_pipe_is_a_line_at_intervals(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also while the work itself reports nothing."""
    monkeypatch.setattr(console, "PLAIN_EVERY", 0.01)
    said = ""
    with progress("measuring", 4.0) as ticker:
        ticker.advance()
        while said.count("\n") < 3:
            said += capsys.readouterr().err
    assert said.splitlines()[-1] == "... measuring: 25%, 0 s, about 1 s left"


def test_time_left_follows_the_pace_of_even_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(monotonic=lambda: 100.0)
    monkeypatch.setattr(console, "time", clock)
    monkeypatch.setattr(console, "PLAIN_EVERY", 3600.0)
    with progress("measuring", 4.0) as ticker:
        assert isinstance(ticker, console._Lines)
        clock.monotonic = lambda: 130.0
        assert ticker.line() == "measuring: 30 s"
        ticker.advance()
        assert ticker.line() == "measuring: 25%, 30 s, about 90 s left"
        ticker.advance(3)
        assert ticker.line() == "measuring: 100%, 30 s"


def test_uneven_steps_are_counted_and_no_time_is_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(monotonic=lambda: 100.0)
    monkeypatch.setattr(console, "time", clock)
    monkeypatch.setattr(console, "PLAIN_EVERY", 3600.0)
    with progress("compiling", 4, even=False) as ticker:
        assert isinstance(ticker, console._Lines)
        for done in range(5):
            clock.monotonic = lambda done=done: 100.0 + 1000 * done
            assert ticker.line() == f"compiling: {done} of 4 done, {1000 * done} s"
            ticker.advance()


def test_a_bar_of_uneven_steps_shows_no_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    columns: dict[bool, list[str]] = {}

    class Display(Progress):
        def __init__(self, *given: Any, **options: Any) -> None:
            columns[even] = [type(column).__name__ for column in given]
            super().__init__(*given, **options)

    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(console, "Progress", Display)
    for even in (True, False):
        with progress("compiling", 4, even=even) as ticker:
            ticker.advance()
    assert columns[True] == [*columns[False], "TimeRemainingColumn"]
    assert "MofNCompleteColumn" in columns[False]


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "TTY_COMPATIBLE"])
def test_no_codes_in_a_pipe(variable: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv(variable, "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    show(typed.result(document()))
    with progress("feed", 2.0) as ticker:
        ticker.advance()
    said = capsys.readouterr()
    assert "\x1b" not in said.out
    assert said.err == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(12.0, "12.00 s"), (0.9999, "999.9 ms"), (0.99999, "1.000 s"), (1.5e-6, "1.500 µs"), (3e-10, "0.300 ns")],
)
def test_durations_are_rounded_before_their_unit_is_chosen(seconds: float, text: str) -> None:
    assert duration(seconds) == text
