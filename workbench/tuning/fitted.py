"""The variant that takes fitted parameters, and its layout's parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lobench.engine.errors import UsageError
from lobench.engine.foreign.start import Contestant
from lobench.engine.parameters import LayoutParameters
from lobench.engine.policy import Variant
from lobench.variants import discover


def fitted_variant() -> Variant:
    """The first variant of the ladder that takes fitted parameters. Raises UsageError where none does."""
    for variant in discover().values():
        if variant.fits:
            return variant
    raise UsageError("no variant here takes parameters that were fitted to a feed")


def defaults() -> LayoutParameters:
    """The parameters that ``fitted_variant`` has while nothing was fitted."""
    parameters = fitted_variant().layout.parameters
    assert parameters is not None
    return parameters


def parameters_for(variants: Iterable[Contestant], values: Mapping[str, Any]) -> LayoutParameters | None:
    """The parameters of these values for the first of some variants that takes any; None where none does. Raises
    ValueError as ``LayoutParameters.of`` does."""
    found = (variant.parameters_of(values) for variant in variants if variant.fits)
    return next(found, None)
