"""Series that `lobench history` has recorded, by name: asv lists only its suite's benchmarks, and would forget the
others.

Nothing runs here: the points have results of their own.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from typing import Any

from .common import ROOT

_LIST = ROOT / ".asv" / "results" / "benchmarks.json"


def _declared(name: str, entry: dict[str, Any]) -> Callable[..., float]:
    def skip(*parameters: Any) -> float:
        raise NotImplementedError("recorded by lobench history")

    def track(*parameters: Any) -> float:
        return skip()

    made: Any = track
    made.setup = skip
    made.benchmark_name = name
    for key in ("pretty_name", "unit", "version", "param_names"):
        setattr(made, key, entry[key])
    made.params = [[ast.literal_eval(value) for value in values] for values in entry["params"]]
    made.pretty_source = entry["code"]
    return track


def _series() -> Iterator[tuple[str, Callable[..., float]]]:
    try:
        listed = json.loads(_LIST.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    for name, entry in listed.items():
        if name.startswith("lobench."):
            yield f"track_{name.partition('.')[2]}", _declared(name, entry)


globals().update(_series())
