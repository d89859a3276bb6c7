"""`python -m workbench` is the command `lobench`."""

from workbench.cli import main

raise SystemExit(main())
