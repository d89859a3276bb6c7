"""Why a variant is as fast as it is: profiles down to the source line of a kernel, and where the next phase should
strike.

For other packages: ``for_report`` (one variant's entry of a report), ``share_of`` (a stage's share of the time),
``analysis_stages`` (all of them, as results keep them for predictions), ``saved_profile`` and ``time_share`` (the same
of a profile in a file).
"""

from lobench.workbench.profile.report import for_report
from lobench.workbench.profile.saved import saved_profile, time_share
from lobench.workbench.profile.summary import analysis_stages, share_of

__all__ = ["analysis_stages", "for_report", "saved_profile", "share_of", "time_share"]
