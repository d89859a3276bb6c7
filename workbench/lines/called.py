"""In the process that is looked at: the call that ``calling`` left for it, and a notebook's cell."""

from __future__ import annotations

import json
import linecache
import pickle
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CALL, PATH = "call.pickle", "path.json"
"""Files of the look's folder: the function with its arguments, and the import path that it needs."""

_CELL = "<cell>"


def call(folder: str) -> None:
    """Make the call."""
    # The pickle may need modules that only the caller's import path finds.
    sys.path[:] = json.loads(Path(folder, PATH).read_text(encoding="utf-8"))
    texts, function, arguments, named = pickle.loads(Path(folder, CALL).read_bytes())
    for name, text in texts.items():
        linecache.cache[name] = (len(text), None, text, name)
    function(*arguments, **named)


def run_cell(source: str, names: Mapping[str, Any]) -> None:
    """A notebook's cell as the text of a main module that has these names."""
    import __main__

    text = source.splitlines(keepends=True)
    linecache.cache[_CELL] = (len(source), None, text, _CELL)
    space = vars(__main__)
    space.update(names)
    exec(compile(source, _CELL, "exec"), space)
