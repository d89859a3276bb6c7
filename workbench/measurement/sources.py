"""Which text defines a variant: a digest of the files that its policies' functions stand in."""

from __future__ import annotations

import hashlib
import inspect
import sys
from pathlib import Path

from engine.policy import AXES, Variant


def variant_digest(variant: Variant) -> str:
    """Hex BLAKE2b, 64 bits, of every file that a function of the variant's policies is defined in: it changes when the
    variant's own mechanisms do. The engine around them has ``engine.cache.source_digest``."""
    digest = hashlib.blake2b(digest_size=8)
    for axis in AXES:
        policy = getattr(variant, axis)
        digest.update(f"{axis}={policy.name}\n".encode())
        functions = [value for value in vars(policy).values() if callable(value)]
        for module in sorted({function.__module__ for function in functions}):
            digest.update(_text(module))
    return digest.hexdigest()


def _text(module: str) -> bytes:
    file = inspect.getsourcefile(sys.modules[module])
    return Path(file).read_bytes() if file else module.encode()
