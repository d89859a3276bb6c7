"""A process for profilers to be tried on, as ``workbench.profile.workload``: the same step on a line of the kernel's
own, and on one line of another file that is inlined both directly and three deep."""

from __future__ import annotations

import numpy as np

from lobench.workbench.profile.workload import main
from tests.support.profile_policies import inner, outer

DIRECT = 2
"""Steps that are inlined directly for each light one."""

_SHIFT = np.uint64(29)
_FACTOR = np.uint64(0xBF58476D1CE4E5B9)


def kernel_part(light: int, heavy: int) -> int:
    """Three chains of dependent steps that no compiler can shorten: of ``light``, ``DIRECT`` times ``light`` and
    ``heavy`` steps."""
    near, direct, deep = np.uint64(1), np.uint64(2), np.uint64(3)
    for _ in range(light):
        near = (near ^ (near >> _SHIFT)) * _FACTOR  # kernel works
    for _ in range(DIRECT * light):
        direct = inner(direct)  # kernel calls inner
    for _ in range(heavy):
        deep = outer(deep)  # kernel calls outer
    return int(near ^ direct ^ deep)


if __name__ == "__main__":
    main(kernel_part)
