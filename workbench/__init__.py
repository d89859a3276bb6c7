"""What is done with variants: verify, measure, record, report. The command line is `workbench.cli`."""

from pathlib import Path

from workbench.child import bind

PACKAGES = ("engine", "variants", "workbench", "reports")
"""lobench's own top-level packages."""

ROOT = Path(__file__).resolve().parent.parent
"""The folder that holds them: a checkout, or where packages are installed."""

# The names are common ones: a folder of that name on PYTHONPATH is not lobench's.
bind(str(ROOT), PACKAGES)
