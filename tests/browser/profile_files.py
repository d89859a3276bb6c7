"""The files of a profile of 100 instructions: half of them in ``handle``, a hundredth in ``deep``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lobench.workbench.profile.attribution import Spent
from lobench.workbench.profile.codemap import Frame
from lobench.workbench.profile.document import document
from lobench.workbench.profile.pages import write_pages
from lobench.workbench.profile.sources import Sources
from tests.support.replays import LADDER

SOURCE = ["for record in records:", "    handle(record)", *["    pass"] * 200, "    deep(record)"]


def write(folder: Path) -> None:
    run = Frame("run", "a.py", 1)
    spent = [
        Spent((run,), np.array([490.0, 0, 0, 0])),
        Spent((run, Frame("handle", "a.py", 2)), np.array([500.0, 0, 0, 0])),
        Spent((run, Frame("deep", "b.py", 203)), np.array([10.0, 0, 0, 0])),
    ]
    columns = ("instructions", "l1_misses", "ll_misses", "mispredictions")
    sources = Sources({}, {"a.py": SOURCE, "b.py": SOURCE})
    write_pages(document("callgrind", columns, spent, 10, sources, variant=LADDER[0], feed="x"), sources, folder)
