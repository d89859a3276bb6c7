"""What is printed is text: nothing in it is markup, and a file or a pipe gets no codes."""

from __future__ import annotations

import io
import sys

import pytest
from rich.table import Table

from lobench.workbench import console
from lobench.workbench.cli.outcome import show
from lobench.workbench.console import duration, progress, stderr, stdout
from tests import typed
from tests.documents import document

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


def test_a_pipe_is_told_every_while(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody need come to tell how far it is."""
    monkeypatch.setattr(console, "PLAIN_EVERY", 0.01)
    said = ""
    with progress("compiling", 4.0) as ticker:
        ticker.advance()
        ticker.left(lambda: 42.4)
        while said.count("\n") < 3:
            said += capsys.readouterr().err
    assert said.splitlines()[-1] == "... compiling: 25%, 0 s, about 42 s left"


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
