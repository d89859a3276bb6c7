"""`python -m lobench` is the command `lobench`."""

from lobench.workbench.entry import run

raise SystemExit(run())
