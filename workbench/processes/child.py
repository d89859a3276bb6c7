"""The start of every process that lobench starts: it ends with its parent, and imports from the same places.

Run by its path (``starting.helper`` writes the command line), so it stands alone: standard library only. A folder
``variants`` or a file ``queue.py`` in the working directory or on PYTHONPATH is never imported in place of lobench's
own or the standard library's: ``-P`` and an environment without PYTHONPATH keep them away until the import path is set,
the standard library then comes first, and the named packages are found in one folder only.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import runpy
import signal
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType

_PR_SET_PDEATHSIG = 1


def text_place(texts: str, content: bytes, file: str) -> str:
    """Where a file of this ``content`` is kept in the folder ``texts``; ``file``: its path within what it is of."""
    return os.path.join(texts, hashlib.blake2b(content, digest_size=10).hexdigest(), file)


class _OfItsText(SourceFileLoader):
    """Loads a module as the file in ``texts`` that has the same content, if there is one: functions of two folders
    then stand in the same place where their files are the same. The module itself keeps its own place."""

    def __init__(self, name: str, path: str, root: str, texts: str) -> None:
        super().__init__(name, path)
        self._root, self._texts = root, texts

    def get_code(self, fullname: str) -> CodeType | None:
        path = os.fsdecode(self.path)
        content = self.get_data(path)
        place = text_place(self._texts, content, os.path.relpath(path, self._root))
        if os.path.isfile(place) and self.get_data(place) == content:
            return SourceFileLoader(fullname, place).get_code(fullname)
        return super().get_code(fullname)


class Bound:
    """An import hook: these top-level packages are found in one folder and nowhere else. With ``texts``, their modules
    are loaded by ``_OfItsText``."""

    def __init__(self, root: str, packages: Sequence[str], texts: str | None = None) -> None:
        self.root, self.packages, self.texts = root, frozenset(packages), texts

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        if name in self.packages:
            path = [self.root]
        elif self.texts is None or name.partition(".")[0] not in self.packages:
            return None
        spec = PathFinder.find_spec(name, path)
        if self.texts is not None and spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = _OfItsText(name, os.fsdecode(spec.loader.path), self.root, self.texts)
        return spec


def bind(root: str, packages: Sequence[str], texts: str | None = None) -> None:
    """Have these packages imported from the folder ``root``, whatever stands before it on ``sys.path``."""
    sys.meta_path.insert(0, Bound(root, packages, texts))


def end_with_parent(parent: int) -> None:
    """Have the kernel end this process when its parent's thread that started it ends; at once if it has ended
    already. Linux only; does nothing elsewhere."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    except (AttributeError, OSError):
        return
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def import_path(theirs: Sequence[str]) -> list[str]:
    """The parent's import path with the standard library before everything else."""
    library = os.path.dirname(os.__file__)
    standard = [path for path in sys.path if path in (library, os.path.join(library, "lib-dynload"))]
    return list(dict.fromkeys([*standard, *theirs]))


def main() -> None:
    """Arguments: a JSON object (``parent``: process id; ``path``: the parent's import path, null for this
    interpreter's own; ``root``, ``packages`` and ``texts`` to bind), then the module to run or the path of a file, then
    its own."""
    told = json.loads(sys.argv[1])
    end_with_parent(int(told["parent"]))
    if told["path"] is not None:
        sys.path[:] = import_path(told["path"])
    bind(told["root"], told["packages"], told["texts"])
    name = sys.argv[2]
    sys.argv = sys.argv[2:]
    if name.endswith(".py"):
        runpy.run_path(name, run_name="__main__")
    else:
        runpy.run_module(name, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
