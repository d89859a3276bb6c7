"""Heavy libraries are loaded only where they are needed: they take memory, time, and threads."""

from __future__ import annotations

import pytest

from tests.support.replays import run_python

HEAVY = {"scipy", "pandas", "pyarrow", "statsmodels", "altair", "jinja2", "vl_convert", "fsspec", "s3fs"}

SCRIPT = """
import contextlib, io, json, sys
import numba
numba.njit(lambda x: x + 1)(1)
before = set(sys.modules)  # Numba loads a part of scipy itself
from lobench.workbench.cli import main
with contextlib.redirect_stdout(io.StringIO()):
    code = main(sys.argv[1:])
print(json.dumps([code, sorted(set(sys.modules) - before)]))
"""

WORKERS = [
    "lobench.workbench.precompile",
    "lobench.workbench.measurement.worker",
    "lobench.workbench.measurement.forking",
    "lobench.workbench.measurement.lockstep",
    "lobench.workbench.measurement.scaling",
    "lobench.workbench.measurement.sweep",
    "lobench.workbench.measurement.limits",
    "lobench.workbench.profile.target",
    "lobench.workbench.profile.ablating",
]


@pytest.mark.normal
@pytest.mark.parametrize(
    "words",
    [
        ("replay", "synth:liquid-future,n=2000", "--variant", "p1_zero_copy"),
        ("verify", "synth:liquid-future,n=2000", "--variants", "p1_zero_copy"),
    ],
    ids=lambda words: str(words[0]),
)
def test_commands_without_statistics_load_none(words: tuple[str, ...]) -> None:
    code, loaded = run_python(SCRIPT, *words)
    assert code == 0
    assert {name.partition(".")[0] for name in loaded} & HEAVY == set()


OTHERS = [
    "lobench.workbench.experiment.pipeline",
    "lobench.workbench.comparison.cmp",
    "lobench.workbench.profile.collect",
    "lobench.workbench.tuning.search",
]
"""Modules that use statistics only after a measurement."""


def test_importing_them_loads_none() -> None:
    script = """
import importlib, json, sys
found = [(name, importlib.import_module(name), list(sys.modules)) for name in sys.argv[1:]]
print(json.dumps([(name, loaded) for name, _, loaded in found]))
"""
    for module, loaded in run_python(script, *WORKERS, *OTHERS):
        # Numba itself imports the top-level scipy package.
        assert {name.partition(".")[0] for name in loaded} & (HEAVY | {"elftools"}) <= {"scipy"}, module
        assert not {"scipy.linalg", "scipy.stats"} & set(loaded), module


def test_a_cluster_is_loaded_by_a_batch_that_runs() -> None:
    script = "import json, sys, lobench.workbench.batch.driving; print(json.dumps(list(sys.modules)))"
    assert not {"dask", "distributed", "bokeh"} & set(run_python(script))
