"""The process of a program that is looked at: watched, and otherwise as Python would have started it.

Run by its path with the folder of the look, which holds ``program.json``; it begins with the standard library alone,
so that nothing of lobench's is found in place of a program's own modules.
"""

from __future__ import annotations

import builtins
import json
import os
import runpy
import sys
from types import ModuleType
from typing import Any


def main() -> None:
    folder = sys.argv[1]
    with open(os.path.join(folder, "program.json"), encoding="utf-8") as file:
        told = json.load(file)
    runpy.run_path(told["child"])["bind"](told["root"], told["packages"])
    from lobench.workbench.lines.watching import Watch

    program = told["program"]
    Watch(folder, told).begin()
    kind, what = program["kind"], program["what"]
    sys.argv = [what, *program["arguments"]]
    if kind == "call":
        from lobench.workbench.lines.called import call

        call(folder)
    elif kind == "module":
        # As `python -m` does.
        sys.path.insert(0, os.getcwd())
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        _run_script(what)


def _run_script(path: str) -> None:
    """Run a file as the main module; its functions find their globals there until the process has ended."""
    path = os.path.abspath(path)
    sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    module: Any = ModuleType("__main__")
    module.__file__, module.__builtins__ = path, builtins
    sys.modules["__main__"] = module
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec", dont_inherit=True)
    exec(code, module.__dict__)


if __name__ == "__main__":
    main()
