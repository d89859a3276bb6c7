"""Work with variants: verify, measure, record, report. The command line is `lobench.workbench.cli`."""

from importlib.util import find_spec
from pathlib import Path

import lobench
from lobench.workbench.processes.child import bind

if __name__ != "lobench.workbench":  # a second copy would have classes of its own
    raise ImportError("import lobench.workbench: its folder in the checkout is not a package of its own")

PACKAGES = ("lobench",)
"""The import path for processes that lobench starts."""

ROOT = Path(lobench.__file__).parent.parent
"""The folder that holds the package: a checkout, or where packages are installed."""


def _folder(part: str) -> Path:
    spec = find_spec(f"lobench.{part}")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


PARTS = {part: _folder(part) for part in ("engine", "variants", "workbench", "reports")}
"""Part to the folder of its modules: in a checkout they are beside the package, not in it."""

bind(str(ROOT), PACKAGES)
