"""The code of a source file: its text without comments, docstrings and layout, equal for equivalent files.

It errs to one side: a file whose text is not understood counts as it is.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import Final

PACKAGE: Final = "lobench"
"""That lobench's own parts are imported under; at the top in commits without a package of that name."""

_LIKE_C: Final = frozenset({".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".hxx", ".rs", ".zig"})
_LIKE_RUST: Final = frozenset({".rs", ".zig"})
_TOKEN: Final = {
    # Comments are the first group; the other matches may contain no start of a comment.
    False: re.compile(
        rb"(//(?:\\\n|[^\n])*|/\*.*?\*/)"
        rb'|R"(?P<end>[^\s()\\]{0,16})\(.*?\)(?P=end)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'',
        re.DOTALL,
    ),
    True: re.compile(
        rb'(//[^\n]*|/\*.*?\*/)|b?r(?P<end>#*)".*?"(?P=end)|"(?:\\.|[^"\\])*"|\'(?:\\[^\n]{1,10}?|[^\'\\\n])\'',
        re.DOTALL,
    ),
}
"""Whether a language has Rust's string literals, to a pattern of comments (the first group) and of literals."""


def code_of(name: str, content: bytes) -> bytes:
    """The code of a file of this name."""
    suffix = PurePath(name).suffix
    if suffix == ".py":
        try:
            return python_code(ast.parse(content)).encode()
        except (SyntaxError, ValueError):
            return content
    return _like_c(content, rust=suffix in _LIKE_RUST) if suffix in _LIKE_C else content


def digest_of(files: Iterable[tuple[str, bytes]]) -> str:
    """Of the code of files, given by name."""
    digest = hashlib.blake2b(digest_size=10)
    for name, content in sorted(files):
        code = code_of(name, content)
        digest.update(f"{name}\0{len(code)}\0".encode(errors="surrogateescape") + code)
    return digest.hexdigest()


def python_code(tree: ast.Module) -> str:
    """The compiled form of a module, without docstrings, with names of lobench's modules as they are inside the
    package: the same in commits without the package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                del node.body[0]
        elif isinstance(node, ast.ImportFrom) and node.module:
            node.module = node.module.removeprefix(f"{PACKAGE}.")
        elif isinstance(node, ast.Import):
            for alias in node.names:
                alias.name = alias.name.removeprefix(f"{PACKAGE}.")
    return ast.dump(tree)


def code_by_line(name: str, content: bytes) -> list[bytes]:
    """The code of each line of a file, nothing where it has none: as far as lines tell, which is enough to find them
    in another text of the same code."""
    suffix = PurePath(name).suffix
    if suffix in _LIKE_C:
        content = _without_comments(content, rust=suffix in _LIKE_RUST, lines=True)
    words = b"#" if suffix == ".py" else b"\0"
    return [line.partition(words)[0].strip() for line in content.splitlines()]


def _like_c(content: bytes, *, rust: bool) -> bytes:
    """Without comments, surrounding blanks and blank lines."""
    without = _without_comments(content, rust=rust)
    return b"\n".join(filter(None, (line.strip() for line in without.splitlines())))


def _without_comments(content: bytes, *, rust: bool, lines: bool = False) -> bytes:
    """Each comment becomes a space, with as many line ends as it had (``lines``)."""
    if rust and (b"/*" in content or b"*/" in content):
        return content  # comments nest in Rust
    return _TOKEN[rust].sub(
        lambda found: b" " + b"\n" * (lines * found[1].count(b"\n")) if found[1] else found[0], content
    )
