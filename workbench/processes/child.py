"""The start of every process that lobench starts: it ends with its parent, and imports from the same places.

Run by its path (``starting.helper`` writes the command line), so it stands alone: standard library only. A folder
``variants`` or a file ``queue.py`` in the working directory or on PYTHONPATH is never imported in place of lobench's
own or the standard library's: ``-P`` and an environment without PYTHONPATH keep them away until the import path is set,
the standard library then comes first, and the named packages are found in one folder only.
"""

from __future__ import annotations

import ctypes
import json
import os
import runpy
import signal
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder

_PR_SET_PDEATHSIG = 1


class Bound:
    """An import hook: these top-level packages are found in one folder and nowhere else."""

    def __init__(self, root: str, packages: Sequence[str]) -> None:
        self.root, self.packages = root, frozenset(packages)

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        return PathFinder.find_spec(name, [self.root]) if name in self.packages else None


def bind(root: str, packages: Sequence[str]) -> None:
    """Have these packages imported from the folder ``root``, whatever precedes it on ``sys.path``."""
    sys.meta_path.insert(0, Bound(root, packages))


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
    interpreter's own; ``root`` and ``packages`` to bind), then the module to run or the path of a file, then its
    own."""
    told = json.loads(sys.argv[1])
    end_with_parent(int(told["parent"]))
    if told["path"] is not None:
        sys.path[:] = import_path(told["path"])
    bind(told["root"], told["packages"])
    name = sys.argv[2]
    sys.argv = sys.argv[2:]
    if name.endswith(".py"):
        runpy.run_path(name, run_name="__main__")
    else:
        runpy.run_module(name, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
