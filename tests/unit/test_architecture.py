"""The shape of the code: permitted imports, and the size of modules."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from functools import cache
from pathlib import Path
from statistics import median

import pytest

from lobench.engine.layout import BOOK, STATE
from tests.support.paths import ROOT
from tests.support.replays import LADDER, PHASE, run_python

LAYERS = ("engine", "variants", "workbench", "reports")
"""From the bottom up: a package imports itself and those before it."""
PAGES = {"lobench.workbench.cli.report", "lobench.workbench.cli.run"}
"""Commands that end in a page: within a function they may import ``reports``, and no more of it than the package."""
LONGEST = 400
MEDIAN = 150
"""Lines of a module, at most."""
PACKAGES = [name for name in LAYERS if (ROOT / name).is_dir()]


def name_of(path: Path) -> str:
    parts = ("lobench", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(), str(MODULES[module]))


class _Imports(ast.NodeVisitor):
    """Collects a module's imports, except those for types only: ``found`` at load time, ``within`` its functions."""

    def __init__(self, module: str) -> None:
        self.package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
        self.found: set[str] = set()
        self.within: set[str] = set()
        self._depth = 0

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1

    def _add(self, name: str) -> None:
        (self.within if self._depth else self.found).add(name)

    def visit_If(self, node: ast.If) -> None:
        if "TYPE_CHECKING" not in ast.unparse(node.test):
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add(alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = node.module or ""
        if node.level:
            above = self.package.split(".")[: len(self.package.split(".")) - node.level + 1]
            base = ".".join([*above, *([base] if base else [])])
        for alias in node.names:
            inner = f"{base}.{alias.name}"
            self._add(inner if inner in MODULES else base)


@cache
def imports(module: str) -> frozenset[str]:
    """Everything that a module imports anywhere, without the imports allowed to ``PAGES``."""
    visitor = _Imports(module)
    visitor.visit(tree(module))
    allowed = {"lobench.reports"} - visitor.found if module in PAGES else set()
    return frozenset((visitor.found | visitor.within) - allowed)


def top(name: str) -> str:
    """The part of lobench that a module belongs to; the library, if it is another's."""
    return name.removeprefix("lobench.").partition(".")[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_run_one_way(package: str) -> None:
    above = set(LAYERS[LAYERS.index(package) + 1 :])
    wrong = [
        f"{module} imports {name}"
        for module in MODULES
        if top(module) == package
        for name in sorted(imports(module))
        if top(name) in above or top(name) == "tests"
    ]
    assert wrong == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_cycles(package: str) -> None:
    """Depth first through each package's own imports, those within functions included."""
    done: set[str] = set()

    def walk(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join([*path[path.index(module) :], module])
        if module not in done:
            for name in sorted(imports(module)):
                if name in MODULES and top(name) == package:
                    walk(name, (*path, module))
            done.add(module)

    for module in MODULES:
        if top(module) == package:
            walk(module, ())
    assert len(done) == sum(top(module) == package for module in MODULES)


def test_the_engine_knows_neither_clock_nor_command_line() -> None:
    forbidden = {"time", "timeit", "argparse", "optparse", "rich"}
    wrong = {module: imports(module) & forbidden for module in MODULES if top(module) == "engine"}
    assert {module: names for module, names in wrong.items() if names} == {}


def test_the_engine_knows_no_phase() -> None:
    """No module names one, and no word of the state is named after a phase's choice."""
    names = {variant.name for variant in LADDER}
    lower, upper = ({*variant.policies.values()} for variant in (PHASE[5], LADDER[-1]))
    for module, path in MODULES.items():
        if top(module) == "engine":
            assert not {name for name in names if name in path.read_text()}, module
    assert not (upper - lower) & {*(STATE.names or ()), *(BOOK.names or ())}


def test_actions_are_dispatched_in_one_place() -> None:
    """Layouts supply steps; only one module of kernels tells a modify from other actions. The oracle has rules of its
    own, and generators, readers and checks of coverage have records."""
    others = ("lobench.engine.oracle", "lobench.engine.synthetic", "lobench.engine.feeds")
    naming = {
        module
        for module in MODULES
        if top(module) in ("engine", "variants") and not module.startswith(others)
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Name) and node.id == "MODIFY" and isinstance(node.ctx, ast.Load)
    }
    assert naming - {"lobench.engine.coverage"} == {"lobench.engine.actions"}


def test_the_oracle_stands_alone() -> None:
    """It shares the record format and the names of results with the kernels, and not one rule."""
    shared = {"lobench.engine.records", "lobench.engine.anomalies", "lobench.engine.errors", "lobench.engine.result"}
    outside = {*sys.stdlib_module_names, "numpy"}
    oracle = [module for module in MODULES if module.startswith("lobench.engine.oracle")]
    assert len(oracle) > 5
    for module in oracle:
        others = {name for name in imports(module) if not name.startswith("lobench.engine.oracle")}
        assert {name if top(name) == "engine" else top(name) for name in others} <= shared | outside, module


def test_the_oracle_needs_no_compiler() -> None:
    script = (
        "import json, sys, lobench.engine.oracle; print(json.dumps([name for name in sys.modules if 'numba' in name]))"
    )
    assert run_python(script) == []


def test_private_interfaces_of_numba_are_imported_in_one_module() -> None:
    found = [
        module for module in MODULES if any(name.startswith(("numba.core", "numba._")) for name in imports(module))
    ]
    assert found == ["lobench.engine.private_numba"]


@pytest.mark.parametrize("module", MODULES)
def test_modules_are_short_and_have_a_docstring(module: str) -> None:
    assert ast.get_docstring(tree(module)), f"{module} has no docstring"
    assert len(MODULES[module].read_text().splitlines()) <= LONGEST


@pytest.mark.parametrize("package", PACKAGES)
def test_most_modules_are_shorter_still(package: str) -> None:
    lengths = [len(MODULES[module].read_text().splitlines()) for module in MODULES if top(module) == package]
    assert median(lengths) <= MEDIAN


@pytest.mark.parametrize("folder", ["lobench", "tests", "benchmarks", "scripts", "examples", "docs"])
def test_files_outside_the_package_are_short(folder: str) -> None:
    lengths = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / folder).rglob("*.py")}
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}


def test_the_architecture_page_names_existing_files() -> None:
    """The table of docs/architecture.md names files that are there."""
    table = (ROOT / "docs/architecture.md").read_text().partition("## Where is")[2]
    named = re.findall(r"`((?:engine|variants|workbench|reports)/[^`]+)`", table)
    assert len(named) >= 20
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_modules_were_found() -> None:
    assert {
        "lobench.engine.kernel_builder",
        "lobench.engine.oracle.book",
        "lobench.variants",
        "lobench.variants.p0_baseline",
    } <= set(MODULES)
    assert "lobench.engine.strategies" in imports("lobench.engine.kernel_builder")
    assert "lobench.engine.backtest" in imports("lobench.engine.registry")
    assert "lobench.engine.anomalies" in imports("lobench.engine.actions")


def test_lint_reads_every_python_script() -> None:
    """Scripts have no ending, so ruff and mypy read those that are listed."""
    found = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "scripts").iterdir()) if is_python(path)]
    assert "scripts/measured" in found
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert tools["ruff"]["extend-include"] == found
    assert tools["mypy"]["files"] == ["lobench", "tests", "benchmarks", *found]


def is_python(path: Path) -> bool:
    return path.is_file() and "python" in path.read_text(encoding="utf-8").partition("\n")[0]


def test_unit_tests_stand_in_the_folders_of_the_code() -> None:
    unit = ROOT / "tests/unit"
    folders = {path.parent.relative_to(unit) for path in unit.rglob("test_*.py")}
    assert [str(folder) for folder in sorted(folders) if not (ROOT / folder).is_dir()] == []
