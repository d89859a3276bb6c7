"""With a version of Numba that is not known, or lacks a private name, kernels are compiled by its public decorators."""

from __future__ import annotations

import pytest

from tests.support.replays import run_python

UNKNOWN = 'numba.__version__ = "9.1.0"'
LACKING = "import numba.core.typed_passes\ndel numba.core.typed_passes.NativeLowering"

REPLAYED = """
import json, sys
import numba
{change}
from lobench.engine import kernel_cache, private_numba
from lobench.variants import discover
from tests.support.command import busy
from tests.support.replays import Expected, Observed, assert_same
records = busy(3000)
with kernel_cache.without_numbas_cache():
    variant = next(one for name, one in discover().items() if name.startswith("{variant}"))
    assert_same(Observed(variant, records), Expected(records))
own = [name for name in sys.modules if name.endswith(("part_compiler", "kernel_cache.dispatching"))]
print(json.dumps([private_numba.WHY_NOT, str(kernel_cache.kernel_folder()), own]))
"""


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(UNKNOWN, "this is Numba 9.1.0", id="unknown"),
        pytest.param(LACKING, "cannot import name 'NativeLowering' from 'numba.core.typed_passes'", id="lacking"),
    ],
)
@pytest.mark.parametrize("variant", ["p4", pytest.param("p7", marks=pytest.mark.long)])
def test_results_are_those_of_the_oracle(variant: str, change: str, why: str) -> None:
    found, folder, own = run_python(REPLAYED.format(change=change, variant=variant))
    assert found.startswith(why)
    assert (folder, own) == ("None", [])


def test_profiles_of_lines_are_refused_in_one_line() -> None:
    script = f"""
import json
import numba
{UNKNOWN}
from lobench.engine.errors import LobenchError
try:
    import lobench.workbench.profile.linetables
except LobenchError as refusal:
    print(json.dumps(str(refusal)))
"""
    wanted = "source lines of kernels need Numba 0.61 to 0.68: this is Numba 9.1.0"
    assert run_python(script) == wanted
