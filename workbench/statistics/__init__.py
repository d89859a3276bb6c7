"""From raw samples to ratios with intervals, verdicts, error rates and attribution (docs/statistics.md).

``samples`` makes one number for each process; ``intervals`` is the method; ``verdicts`` the words; ``error_rates`` says
what the verdicts are worth; ``ladder``, ``factorial`` and ``attribution`` say what was gained by what; ``beside`` holds
what is measured beside the session.
"""

from lobench.workbench.results.model.verdict import FASTER, NO_DIFFERENCE, SLOWER, VERDICTS
from lobench.workbench.statistics.analysis import analyse, compared
from lobench.workbench.statistics.intervals import LEVEL
from lobench.workbench.statistics.side_measurements import sweep as analyse_sweep
from lobench.workbench.statistics.verdicts import verdict

__all__ = ["FASTER", "LEVEL", "NO_DIFFERENCE", "SLOWER", "VERDICTS", "analyse", "analyse_sweep", "compared", "verdict"]
