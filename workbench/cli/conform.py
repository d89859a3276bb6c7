"""Test an engine against every rule of docs/semantics.md, with one small stream of records per rule. Lists the rules
that hold and, for each that fails, the first record after which the engine is wrong, with the expected and the actual
values.

ENGINE is a variant (name or first letters), `oracle`, or a file. Rules about functions that an engine does not offer
are not tested. Exit code 1 if a rule fails. docs/conformance.md lists all rules.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lobench.workbench.cli import options

if TYPE_CHECKING:
    from lobench.workbench.conformance.conforming import Conformance
    from lobench.workbench.conformance.rule import Rule

HELP = "test an engine rule by rule against docs/semantics.md"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("engine", metavar="ENGINE", nargs="?", help="a variant's name, oracle, or an engine's file")
    parser.add_argument("--rule", metavar="RULE", action="append", default=[], help="test only this rule (repeatable)")
    parser.add_argument("--explain", metavar="RULE", help="print a rule's stream, its required results, and why")
    options.add_list(parser, "all rules")
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from lobench.engine.errors import UsageError
    from lobench.workbench.console import print_json

    if arguments.explain:
        _explain(_named(arguments.explain))
        return 0
    if arguments.list:
        _list(arguments.json)
        return 0
    if not arguments.engine:
        raise UsageError("conform needs an ENGINE: a variant's name, oracle, or an engine's file")
    outcome = judged(arguments)
    if arguments.json:
        print_json(outcome.as_json())
    else:
        _show(outcome)
    return 1 if outcome.of("fails") else 0


def judged(arguments: argparse.Namespace) -> Conformance:
    """Judge an engine as asked."""
    from lobench.workbench.conformance.conforming import conform, subject
    from lobench.workbench.conformance.rules import RULES
    from lobench.workbench.console import progress

    rules = [_named(name) for name in arguments.rule] or list(RULES.values())
    with subject(arguments.engine) as found, progress(f"judging {found.name}", len(rules)) as ticker:
        return conform(found, rules, ticker.advance)


def _named(name: str) -> Rule:
    import difflib

    from lobench.engine.errors import UsageError
    from lobench.workbench.conformance.rules import RULES

    if name not in RULES:
        near = difflib.get_close_matches(name, RULES, 3)
        hint = f"did you mean {' or '.join(near)}?" if near else "`lobench conform --list` lists all"
        raise UsageError(f"no rule '{name}'; {hint}")
    return RULES[name]


def _show(outcome: Conformance) -> None:
    """Print the outcome for a person, failures last, where they are seen."""
    from lobench.workbench.console import stdout

    console = stdout()
    offers = ", ".join(outcome.offers)
    console.print(f"{outcome.engine} offers {offers}", markup=False, soft_wrap=True)
    if outcome.leaves_out:
        console.print(f"left out: {', '.join(outcome.leaves_out)}", markup=False, soft_wrap=True)
    for status in ("holds", "not offered", "left out"):
        verdicts = outcome.of(status)
        if verdicts:
            title = {"holds": "hold", "not offered": "not offered", "left out": "left out"}[status]
            console.print(f"\n{len(verdicts)} {title}:", style="bold")
            console.print("  " + ", ".join(verdict.rule.name for verdict in verdicts))
    failed = outcome.of("fails")
    if failed:
        console.print(f"\n{len(failed)} FAIL:", style="bold")
    for verdict in failed:
        console.print(f"  {verdict.rule.name} ({verdict.rule.section}): {verdict.rule.says}", soft_wrap=True)
        where = "" if verdict.record is None else f"record {verdict.record}: "
        told = [verdict.fault] if verdict.fault else [difference.line() for difference in verdict.differences]
        for line in told:
            console.print(f"    {where}{line}", soft_wrap=True)
    judged = len(outcome.of("holds")) + len(failed)
    if failed:
        console.print("\n`lobench conform --explain RULE` shows a rule's stream", soft_wrap=True)
    else:
        console.print(f"\n{outcome.engine} keeps all {judged} tested rules", soft_wrap=True)


def _explain(rule: Rule) -> None:
    from rich.table import Table

    from lobench.workbench.conformance.explaining import HEADINGS, expected, how, rows
    from lobench.workbench.console import print_table, stdout

    console = stdout()
    console.print(rule.name, style="bold")
    console.print(f"{rule.says} (docs/semantics.md, {rule.section})\n", soft_wrap=True)
    table = Table()
    for heading in HEADINGS:
        table.add_column(heading)
    for row in rows(rule):
        table.add_row(*row)
    print_table(table)
    if how(rule):
        console.print(f"replayed: {how(rule)}", soft_wrap=True)
    console.print("\nat the end:", style="bold")
    for line in expected(rule):
        console.print(f"  {line}", soft_wrap=True)


def _list(as_json: bool) -> None:
    from lobench.workbench.conformance.rules import RULES
    from lobench.workbench.console import print_json

    if as_json:
        print_json(
            {
                "rules": [
                    {
                        "rule": rule.name,
                        "section": rule.section,
                        "says": rule.says,
                        "needs": rule.needs,
                        "group": rule.group,
                    }
                    for rule in RULES.values()
                ]
            }
        )
        return
    width = max(map(len, RULES))
    for rule in RULES.values():
        print(f"{rule.name:<{width}}  {rule.says} ({rule.section})")
