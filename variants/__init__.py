"""The variants: one file for each phase of the plan, discovered in this folder, and any combination of their policies.

A file of this folder that defines ``VARIANT`` is a variant, named like the file; ``pN_…`` puts it on the ladder as
phase N. A user's own file works the same way (``load_file``); it may also be an engine from outside: a shared library,
or a Python file that defines ``ENGINE``.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import itertools
import os
import pkgutil
import re
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, overload

import lobench.engine.strategies  # noqa: F401  (a user's file may build on the registered features and strategies)
from lobench.engine.errors import LobenchError, UsageError, meant
from lobench.engine.foreign import engine as foreign
from lobench.engine.foreign.engine import ForeignEngine
from lobench.engine.foreign.start import Contestant
from lobench.engine.kernel_cache import without_numbas_cache
from lobench.engine.policy import AXES, CORE_AXES, Variant
from lobench.engine.silence import stdout_aside

if __name__ != "lobench.variants":  # a second copy would have classes of its own
    raise ImportError("import lobench.variants: its folder in the checkout is not a package of its own")

REFERENCE = "p0_baseline"
"""The variant that all others are compared with."""


@overload
def discover() -> dict[str, Variant]: ...
@overload
def discover(files: Iterable[str]) -> dict[str, Contestant]: ...


def discover(files: Iterable[str] = ()) -> Any:
    """All variants by name: those of this folder in phase order, then those of the user's ``files``.

    Raises UsageError for a file that does not exist, does not load or defines neither.
    """
    found: dict[str, Contestant] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        if hasattr(module, "VARIANT"):
            found[info.name] = _named(module, info.name)
    for file in files:
        variant = load_file(file)
        if variant.name in found:
            raise UsageError(f"{file}: a variant named '{variant.name}' already exists; rename the file")
        found[variant.name] = variant
    return dict(sorted(found.items(), key=lambda entry: (entry[1].phase is None, entry[1].phase or 0)))


def load_file(file: str) -> Contestant:
    """The variant or engine defined by a user's file, named like the file. A Python file may import modules beside it.

    Code compiled by the file or its helpers never comes from Numba's own cache. Raises UsageError for a file that does
    not load, and for one whose helper has the name of another variant's helper.
    """
    path = Path(file)
    if path.suffix in foreign.LIBRARIES:
        return foreign.load(file)
    module, source = load_module(
        file, "--variants-from takes a Python file that defines VARIANT or ENGINE, or a shared library"
    )
    if hasattr(module, "ENGINE"):
        return foreign.of_class(module.ENGINE, file, source)
    if not isinstance(getattr(module, "VARIANT", None), Variant):
        raise UsageError(f"{file}: defines no VARIANT (docs/adding-a-variant.md) and no ENGINE (docs/engine-abi.md)")
    return replace(_named(module, path.stem), phase=None)


def load_module(file: str, wanted: str) -> tuple[ModuleType, bytes]:
    """A user's Python file, loaded once for each text of it, and that text. Raises UsageError if it does not load;
    ``wanted``: the expected content, for the message about an unreadable file."""
    path = Path(file)
    try:
        source = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}; {wanted}") from error
    # Another text, or another folder with other helpers, is another module. A file's name may be invalid for a module,
    # for instance with a dot in it.
    stem = re.sub(r"\W", "_", path.stem)
    told = os.fsencode(path.resolve()) + b"\0" + source
    name = f"lobench_user_{stem}_{hashlib.blake2b(told, digest_size=6).hexdigest()}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise UsageError(f"{file}: not a Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            with stdout_aside():
                _execute(source, path, module)
        except LobenchError:
            del sys.modules[name]
            raise
        except SystemExit as error:
            del sys.modules[name]
            raise UsageError(f"{file}: ends the program when it is loaded (exit code {error.code or 0})") from error
        except Exception as error:
            del sys.modules[name]
            raise UsageError(f"{file}: {type(error).__name__}: {error}") from error
    return sys.modules[name], source


_beside: list[str] = []
"""Folders of users' files, searched for their helpers after all other places."""


def _execute(source: bytes, path: Path, module: ModuleType) -> None:
    """Run the very text that was read: neither it nor its helpers come of or leave bytecode, whose stamps know whole
    seconds."""
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    _refuse_namesakes(source, folder)
    if folder not in _beside:
        _beside.append(folder)
    written = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        with without_numbas_cache():
            exec(compile(source, str(path), "exec"), vars(module))
    finally:
        sys.dont_write_bytecode = written


def _refuse_namesakes(source: bytes, folder: str) -> None:
    """A helper beside this file, if one of the same name beside another user's file is loaded."""
    for node in ast.walk(ast.parse(source)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
        for name in {name.partition(".")[0] for name in names}:
            loaded = getattr(sys.modules.get(name), "__file__", None) or ""
            own = [Path(folder, f"{name}.py"), Path(folder, name, "__init__.py")]
            other = any(Path(loaded).is_relative_to(one) for one in _beside if one != folder)
            if other and any(place.is_file() and str(place) != loaded for place in own):
                raise UsageError(f"{folder}: its module '{name}' has the name of {loaded}; rename one of them")


def _named(module: ModuleType, name: str) -> Variant:
    phase = re.fullmatch(r"p(\d+)_\w+", name)
    return replace(module.VARIANT, name=name, phase=int(phase[1]) if phase else None)


def policies(variants: Iterable[Contestant]) -> dict[str, dict[str, Any]]:
    """Axis to policy name to policy: every policy that one of the variants uses."""
    found: dict[str, dict[str, Any]] = {axis: {} for axis in AXES}
    for variant in variants:
        if isinstance(variant, ForeignEngine):
            continue
        for axis in AXES:
            policy = getattr(variant, axis)
            found[axis].setdefault(policy.name, policy)
    return found


def full_name(typed: str, known: Collection[str]) -> str:
    """The full name of a variant that a user typed: an exact name, or else a unique prefix, also in front of
    ``,axis=policy``. ``axis=policy,…`` stays as it is.

    Raises UsageError, listing the choices, for a name that matches none of ``known``, or several.
    """
    first, comma, rest = typed.partition(",")
    first = first.strip()
    if typed in known or "=" in first:
        return typed
    # A whole part of a name takes precedence over a prefix: p1 is p1_zero_copy, even if there is a p10.
    for matching in (
        [name for name in known if name == first],
        [name for name in known if first and name.startswith(f"{first}_")],
        [name for name in known if first and name.startswith(first)],
    ):
        if len(matching) == 1:
            return f"{matching[0]}{comma}{rest}"
        if matching:
            raise UsageError(f"'{first}' is ambiguous: {', '.join(matching)}; type more of the name")
    near = meant(first, [*known, *(name.partition("_")[0] for name in known)])
    raise UsageError(
        f"no variant named '{first}'{near or '.'} Use any of {', '.join(known) or 'none'} (first "
        f"letters are enough), or axis=policy,… with axes {', '.join(AXES)} on top of the reference, or "
        "NAME,axis=policy,… on top of another"
    )


@overload
def resolve(spec: str, known: Mapping[str, Variant]) -> Variant: ...
@overload
def resolve(spec: str, known: Mapping[str, Contestant]) -> Contestant: ...


def resolve(spec: str, known: Mapping[str, Contestant]) -> Contestant:
    """The variant of a user's name: a discovered one, ``axis=policy,…`` on top of the reference, or
    ``NAME,axis=policy,…`` on top of a discovered one. Names may be shortened as in ``full_name``.

    Raises UsageError like ``full_name``, for an unknown axis or policy, and for an axis without effect in the variant.
    """
    spec = full_name(spec, known)
    if spec in known:
        return known[spec]
    first, *rest = (part.strip() for part in spec.split(","))
    base, parts = (known[REFERENCE], [first, *rest]) if "=" in first else (known[first], rest)
    if isinstance(base, ForeignEngine):
        raise UsageError(f"'{spec}': {base.name} is an engine from outside; it has no policies to exchange")
    changes = _changes(parts, policies(known.values()), spec)
    return _combined(base, changes) if base.name == REFERENCE else _altered(base, changes)


def resolve_compiled(spec: str, files: Iterable[str]) -> Variant:
    """Like ``resolve``, for compiled variants, with user ``files``. Raises UsageError for an engine from outside."""
    return compiled(resolve(spec, discover(files)))


def compiled(one: Contestant) -> Variant:
    """The same, if it is compiled here. Raises UsageError for an engine from outside."""
    if isinstance(one, ForeignEngine):
        raise UsageError(f"{one.name} is an engine from outside; this is for lobench's own variants")
    return one


def _changes(parts: list[str], choices: dict[str, dict[str, Any]], spec: str) -> dict[str, Any]:
    """Axis to policy, of ``axis=policy`` texts."""
    changes: dict[str, Any] = {}
    for part in parts:
        axis, _, name = part.partition("=")
        if axis not in choices:
            raise UsageError(
                f"no axis named '{axis}' in '{spec}'{meant(axis, choices) or '.'} Use any of {', '.join(AXES)}"
            )
        if name not in choices[axis]:
            near = meant(name, choices[axis]) or "."
            raise UsageError(
                f"no policy '{name}' of axis {axis} in '{spec}'{near} Use any of {', '.join(choices[axis])}"
            )
        if axis in changes:
            raise UsageError(f"axis {axis} appears twice in '{spec}'; name one policy for it")
        changes[axis] = choices[axis][name]
    return changes


def ladder(known: Mapping[str, Contestant]) -> list[Variant]:
    """The phases, from the reference up."""
    phases = [one for one in known.values() if isinstance(one, Variant) and one.phase is not None]
    return sorted(phases, key=lambda one: one.phase or 0)


def from_top(known: Mapping[str, Contestant], base: str = REFERENCE) -> list[Variant]:
    """The ladder's last phase, then that one with one axis at a time as the reference, ``base``, has it.

    Axes in which the two are the same, and those that have no part in the last phase, are left out.
    """
    top, reference = ladder(known)[-1], _reference(known, base)
    axes = [axis for axis in AXES if axis not in top.replaced and top.policies[axis] != reference.policies[axis]]
    return [top, *(_altered(top, {axis: getattr(reference, axis)}) for axis in axes)]


def factorial(known: Mapping[str, Contestant]) -> list[Variant]:
    """Every combination of the core axes' two policies, the reference's first."""
    choices = policies(variant for variant in known.values() if variant.phase is not None)
    sides = [list(choices[axis].values()) for axis in CORE_AXES]
    reference = _reference(known)
    return [_combined(reference, dict(zip(CORE_AXES, chosen, strict=True))) for chosen in itertools.product(*sides)]


def _reference(known: Mapping[str, Contestant], name: str = REFERENCE) -> Variant:
    found = known[name]
    assert isinstance(found, Variant), "combinations are made of lobench's own policies"
    return found


def _altered(base: Variant, changes: dict[str, Any]) -> Variant:
    """``base`` with other policies, named by it and the differences; ``base`` itself if there are none."""
    changed = {axis: changes[axis] for axis in AXES if axis in changes and changes[axis].name != base.policies[axis]}
    if not changed:
        return base
    altered = replace(base, phase=None, summary=f"{base.name} with other policies", **changed)
    for axis in changed:
        if axis in altered.replaced:
            raise UsageError(
                f"{axis} has no effect in the {altered.layout.name} layout: {base.name} would stay as it is with "
                f"{axis}={changed[axis].name}. Leave it out, or change layout with it"
            )
    return replace(altered, name=",".join([base.name, *(f"{axis}={policy.name}" for axis, policy in changed.items())]))


def _combined(reference: Variant, changes: dict[str, Any]) -> Variant:
    """The reference with other policies, named by those of the core axes and all requested ones."""
    combined = replace(reference, phase=None, summary="a combination of policies", **changes)
    chosen = [f"{axis}={name}" for axis, name in combined.policies.items() if axis in CORE_AXES or axis in changes]
    return replace(combined, name=",".join(chosen))
