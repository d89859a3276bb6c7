"""`python -m workbench` is the command `lobench`."""

from workbench.entry import run

raise SystemExit(run())
