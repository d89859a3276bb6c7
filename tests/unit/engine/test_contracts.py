"""Functions of policies have the parameter names of their contracts: one name through caller, contract and kernel."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Any, get_type_hints

import pytest

from lobench.engine.policy import Variant
from lobench.engine.registry import FEATURES
from tests.support.replays import LADDER


def policies(variant: Variant) -> list[Any]:
    """All policies of a variant, and the policies that they build."""
    store = variant.features.build(names=tuple(FEATURES))
    context = variant.context.build(store=store, memory=variant.memory)
    layout = variant.layout.build(lookup=variant.lookup, memory=variant.memory, tracked=True, mids=variant.shape.mids)
    shape = variant.shape.build(context=context, layout=layout, until="strategies")
    given = [variant.events, variant.context, variant.features, variant.lookup, variant.memory, variant.layout]
    return [*given, variant.shape, store, context, layout, shape]


def names(function: Callable[..., Any]) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name != "self"]


@pytest.mark.parametrize("variant", LADDER, ids=lambda variant: variant.name)
def test_kernels_take_what_their_contracts_say(variant: Variant) -> None:
    compared = 0
    for policy in policies(variant):
        contracts = get_type_hints(type(policy))
        for each in fields(policy):
            contract = contracts[each.name]
            if getattr(contract, "_is_protocol", False):
                found = getattr(policy, each.name)
                assert names(found) == names(contract.__call__), f"{type(policy).__name__}.{each.name}: {found}"
                compared += 1
    assert compared > 50


@pytest.mark.parametrize("variant", LADDER, ids=lambda variant: variant.name)
def test_policies_are_made_by_keyword(variant: Variant) -> None:
    for policy in policies(variant):
        for each in fields(policy):
            assert each.kw_only, f"{type(policy).__name__}.{each.name}"
