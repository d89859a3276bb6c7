"""List the variants, the axes on which they differ, the naming of other combinations, and engines from outside."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from lobench.workbench.cli import options

HELP = "list the variants and the policies they combine"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_variants_from(parser)
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the ladder, then the axes."""
    from lobench.engine.foreign.engine import ForeignEngine
    from lobench.engine.policy import AXES, CORE_AXES
    from lobench.variants import REFERENCE, factorial, from_top, policies
    from lobench.workbench.console import print_json
    from lobench.workbench.ladder import known_with

    known = known_with(arguments.variants_from)
    engines = [variant for variant in known.values() if isinstance(variant, ForeignEngine)]
    axes = {axis: list(choices) for axis, choices in policies(known.values()).items()}
    combinations, tops = factorial(known), from_top(known)
    if arguments.json:
        listed = [
            {"name": variant.name, "phase": variant.phase, "policies": variant.policies, "summary": variant.summary}
            for variant in known.values()
        ]
        print_json(
            {
                "reference": REFERENCE,
                "variants": listed,
                "axes": axes,
                "core_axes": CORE_AXES,
                "factorial": len(combinations),
                "from_top": [variant.name for variant in tops],
                "engines": [engine.as_json() for engine in engines],
            }
        )
        return 0
    top = tops[0].name
    rows: list[tuple[str, ...]] = [("variant", *AXES, "summary")]
    compiled = [variant for variant in known.values() if not isinstance(variant, ForeignEngine)]
    rows += [(variant.name, *variant.policies.values(), variant.summary) for variant in compiled]
    _print_aligned(rows)
    if engines:
        print()
        _print_aligned([("engine", "summary"), *((engine.name, engine.summary) for engine in engines)])
    print()
    _print_aligned([("axis", "policies"), *((axis, ", ".join(names)) for axis, names in axes.items())])
    print(
        f"\nAny combination is a variant too, named by its differences from {REFERENCE}: axis=policy,… as in\n"
        f"{combinations[-1].name}\n"
        f"or by its differences from another variant: NAME,axis=policy,… as in {tops[-1].name}\n"
        f"First letters are enough if only one name starts with them: {top.partition('_')[0]} for {top}.\n"
        f"`factorial` stands for all {len(combinations)} combinations of {', '.join(CORE_AXES)}, `from-top` for "
        f"{top} complete and without one phase at a time."
    )
    return 0


def _print_aligned(rows: Sequence[Sequence[str]]) -> None:
    from lobench.workbench.console import print_table, table_of

    table = table_of(rows[0], rows[1:], title="", words=range(len(rows[0])))
    table.box, table.pad_edge = None, False
    print_table(table)
