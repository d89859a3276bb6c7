"""Stages are declared at the kernels and in the policies' contracts: none is forgotten, none is declared twice."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Annotated

import pytest

from lobench.engine import policy
from lobench.engine.compiling import kernel
from lobench.engine.policy import Kernel
from lobench.engine.stages import PARTS, Stage
from lobench.workbench.profile.stages import CONTRACTS, declared_fields
from tests.support.paths import ROOT

MARKERS = ("kernel", "inlined", "entry")


@dataclass(frozen=True)
class Found:
    """A kernel in the source: its name, and the arguments of its decorator as text."""

    path: Path
    name: str
    arguments: tuple[str, ...]


def kernels() -> Iterator[Found]:
    for folder in ("engine", "variants"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef):
                    for mark in node.decorator_list:
                        call = mark.func if isinstance(mark, ast.Call) else mark
                        if isinstance(call, ast.Name) and call.id in MARKERS:
                            words = mark.keywords if isinstance(mark, ast.Call) else []
                            yield Found(path, node.name, tuple(sorted(ast.unparse(word) for word in words)))


KERNELS = list(kernels())
DECLARING = {found.name for found in KERNELS if found.arguments}


def test_kernels_were_found() -> None:
    assert len(KERNELS) > 200
    assert {"replay", "handle", "book_of", "close_window", "publish"} <= DECLARING


def test_every_stage_has_kernels() -> None:
    declared = {
        word.removeprefix("stage=").strip("'") for found in KERNELS for word in found.arguments if "stage=" in word
    }
    contracts = {stage.name for each in CONTRACTS.values() for stage in declared_fields(each).values() if stage}
    assert declared <= set(PARTS)
    assert declared | contracts == set(PARTS)


@pytest.mark.parametrize("name", sorted(DECLARING))
def test_kernels_of_one_name_begin_one_stage(name: str) -> None:
    """A profile knows a kernel by its name. Functions of policies may be called like a kernel of the same stage."""
    fields = {field: stage for each in CONTRACTS.values() for field, stage in declared_fields(each).items() if stage}
    declared = {found.arguments for found in KERNELS if found.name == name and found.arguments}
    if name in fields:
        assert all(f"stage='{fields[name].name}'" in words or "within" in str(words) for words in declared)
    else:
        assert declared == {found.arguments for found in KERNELS if found.name == name}


def test_every_function_of_a_policy_declares_its_stage() -> None:
    with_kernels = {
        each
        for each in vars(policy).values()
        if is_dataclass(each) and isinstance(each, type) and "Annotated" in str(each.__annotations__.values())
    }
    assert with_kernels == set(CONTRACTS.values())
    for contract in CONTRACTS.values():
        assert declared_fields(contract)


def test_a_function_without_a_stage_is_refused() -> None:
    @dataclass(frozen=True)
    class Silent:
        find: Kernel
        erase: Annotated[Kernel, Stage("lookup")]

    Silent.__annotations__ = {"find": Kernel, "erase": Annotated[Kernel, Stage("lookup")]}
    with pytest.raises(ValueError, match=r"Silent\.find declares no stage"):
        declared_fields(Silent)


def test_a_stage_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="'lookups' is not a stage; choose from decode, lookup, "):
        kernel(stage="lookups")(lambda: None)
