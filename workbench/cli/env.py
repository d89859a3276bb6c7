"""Show the machine and the software versions that lobench runs on, the context of every measurement."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lobench.workbench.cli import options

if TYPE_CHECKING:
    from lobench.workbench.results.model.environment import Environment

HELP = "show the machine and software versions"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print all facts."""
    from lobench.workbench.console import print_json
    from lobench.workbench.environment import environment
    from lobench.workbench.results.conversion import as_json

    facts = environment()
    if arguments.json:
        print_json(as_json(facts))
        return 0
    for label, value in _lines(facts):
        print(f"{label:<10} {value}")
    return 0


def _lines(facts: Environment) -> list[tuple[str, str]]:
    cpu, memory, numba, system = facts.cpu, facts.memory, facts.numba, facts.system
    variables = [f"{name}={value}" for name, value in numba.variables.items()]
    about = (system.kernel, system.machine, system.libc, system.clocksource, system.transparent_hugepages)
    return [
        ("lobench", f"{facts.lobench.version}, revision {_or_unknown(facts.lobench.revision)}"),
        ("cpu", f"{_or_unknown(cpu.model)}, governor {_or_unknown(cpu.governor)}"),
        ("cores", f"{_or_unknown(cpu.cores)}, {cpu.threads} threads, {_or_unknown(cpu.usable_threads)} usable"),
        ("caches", ", ".join(f"{name} {size}" for name, size in cpu.caches.items()) or "unknown"),
        ("memory", f"{memory.total_bytes / 2**30:.1f} GiB, {memory.available_bytes / 2**30:.1f} GiB available"),
        ("load", " ".join(f"{load:.2f}" for load in facts.load_average)),
        ("machine", f"digest {facts.machine_digest}, virtualization {_or_unknown(system.virtualization)}"),
        ("system", ", ".join(map(_or_unknown, (*about, system.virtualization)))),
        ("python", facts.python),
        ("packages", ", ".join(f"{name} {number}" for name, number in facts.packages.items())),
        ("numba", ", ".join([f"compiles for {numba.cpu}", *variables])),
        ("flags", " ".join(numba.flags) or "unknown"),
    ]


def _or_unknown(value: object) -> str:
    return "unknown" if value is None else str(value)
