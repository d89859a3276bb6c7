"""Maps laid-out lines to those of a commit: the folder may be that of an earlier commit with the same code and other
comments."""

from __future__ import annotations

from difflib import SequenceMatcher
from functools import lru_cache
from itertools import compress, count
from pathlib import Path

from lobench.workbench import git
from lobench.workbench.commits.code_text import code_by_line
from lobench.workbench.commits.sources import Source


def placed(source: Source, folder: Path, file: str, line: int) -> tuple[int, str]:
    """The number and the text of a line of ``file``, as the commit of ``source`` has it; it was numbered in ``folder``,
    where the same code lies."""
    text = _read(folder / file)
    own = b"" if source.repository is None or Path(file).is_absolute() else _own(source, source.repository, file)
    if own and own != text and 0 < line <= len(text.splitlines()):
        line, text = _number(file, text, own, line), own
    lines = text.splitlines()
    return line, lines[line - 1].decode(errors="replace").strip() if 0 < line <= len(lines) else ""


def _number(file: str, before: bytes, after: bytes, line: int) -> int:
    one, other = code_by_line(file, before), code_by_line(file, after)
    if one[line - 1] and list(filter(None, one)) == list(filter(None, other)):
        return list(compress(count(1), other))[len(list(filter(None, one[: line - 1])))]
    for _, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if a < line <= b:
            # An exchanged line maps to the one beside it, a removed line to the one before.
            return max(1, min(c + line - a, d))
    raise AssertionError


def _own(source: Source, root: Path, file: str) -> bytes:
    return _read(root / file) if source.commit is None else _committed(root, source.commit.hash, file)


@lru_cache(maxsize=64)
def _committed(root: Path, commit: str, file: str) -> bytes:
    return git.ask(root, "cat-file", "blob", f"{commit}:{file}").out


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
