"""Text is UTF-8 in any locale: every conversion between bytes and text states it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support.paths import ROOT

FILES = [
    path
    for folder in ("engine", "variants", "workbench", "reports", "benchmarks", "scripts")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix == ".py" or (path.is_file() and path.read_bytes()[:22] == b"#!/usr/bin/env python3")
]
TEXT_METHODS = {"read_text", "write_text"}
OPENING = {"open", "fdopen", "TemporaryFile", "NamedTemporaryFile"}
BYTES_BY_DEFAULT = {"TemporaryFile", "NamedTemporaryFile"}
OTHER_OPENS = {"os", "tarfile", "webbrowser", "self", "source", "stream", "self.source", "self._source", "self._stream"}
OTHER_OPENS |= {"fsspec", "fsspec.open(spec, 'rb')"}
"""Other methods named ``open``, which take or return no text."""


def is_unsaid(call: ast.Call) -> bool:
    """Whether a call converts between bytes and text in the locale's encoding."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    owner = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    keywords = {word.arg: word.value for word in call.keywords}
    if "encoding" in keywords or None in keywords:
        return False
    if "text" in keywords or "universal_newlines" in keywords:
        return owner == "subprocess"
    if name in TEXT_METHODS:
        return True
    if name not in OPENING or (owner in OTHER_OPENS and name == "open"):
        return False
    modes = [argument.value for argument in [*call.args, keywords.get("mode")] if isinstance(argument, ast.Constant)]
    mode = next((mode for mode in modes if isinstance(mode, str) and set(mode) <= set("rwxabt+")), None)
    return name not in BYTES_BY_DEFAULT if mode is None else "b" not in mode


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_encodings_are_said(path: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    assert [f"line {call.lineno}: {ast.unparse(call)}" for call in calls if is_unsaid(call)] == []


@pytest.mark.parametrize(
    ("call", "unsaid"),
    [
        ("path.read_text()", True),
        ("path.read_text(encoding='utf-8')", False),
        ("open(path)", True),
        ("open(path, 'rb')", False),
        ("path.open('w')", True),
        ("os.open(path, flags)", False),
        ("tempfile.TemporaryFile()", False),
        ("tempfile.TemporaryFile('w+')", True),
        ("subprocess.run(command, text=True)", True),
        ("subprocess.run(command, text=True, encoding='utf-8')", False),
    ],
)
def test_calls_without_an_encoding_are_found(call: str, unsaid: bool) -> None:
    (statement,) = ast.parse(call).body
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Call)
    assert is_unsaid(statement.value) is unsaid
