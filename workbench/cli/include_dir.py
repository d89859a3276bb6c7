"""Print the folder of lobench_engine.h, the header for engines from outside: cc -I "$(lobench include-dir)" ...

docs/engine-abi.md explains it.
"""

from __future__ import annotations

import argparse

HELP = "print the folder of lobench_engine.h, the header for engines from outside"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from lobench.engine import foreign

    print(Path(foreign.__file__).resolve().parent)
    return 0
