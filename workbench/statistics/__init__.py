"""From raw samples to ratios with intervals, verdicts, error rates and attribution (docs/statistics.md).

``samples`` makes one number for each process; ``intervals`` has the method; ``verdicts`` the conditions;
``error_rates`` the reliability of verdicts; ``ladder``, ``factorial`` and ``attribution`` the gains by step, axis and
phase; ``beside`` the measurements beside the session.
"""

from lobench.workbench.results.model.verdict import FASTER, NO_DIFFERENCE, SLOWER, VERDICTS
from lobench.workbench.statistics.analysis import analyse, compared
from lobench.workbench.statistics.intervals import LEVEL
from lobench.workbench.statistics.side_measurements import sweep as analyse_sweep
from lobench.workbench.statistics.verdicts import verdict

__all__ = ["FASTER", "LEVEL", "NO_DIFFERENCE", "SLOWER", "VERDICTS", "analyse", "analyse_sweep", "compared", "verdict"]
