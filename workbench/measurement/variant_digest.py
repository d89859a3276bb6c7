"""The definition of a variant: a digest of everything that its policies consist of."""

from __future__ import annotations

import hashlib
import inspect
import sys
from pathlib import Path

from lobench.engine.foreign.engine import ForeignEngine
from lobench.engine.foreign.start import Contestant
from lobench.engine.kernel_cache import digest_of
from lobench.engine.policy import AXES


def variant_digest(variant: Contestant) -> str:
    """Hex BLAKE2b, 64 bits: it changes when the variant's own mechanisms do.

    Of the text of every file that a function of its policies is defined in; and of every function that these lead to,
    in any file, with the values that it freezes. The files' places do not count. The engine around them has
    ``lobench.engine.cache.source_digest``. Of an engine from outside: of its file.
    """
    if isinstance(variant, ForeignEngine):
        return variant.digest
    digest = hashlib.blake2b(digest_size=8)
    for axis in AXES:
        policy = getattr(variant, axis)
        digest.update(f"{axis}={policy.name}\n".encode())
        functions = [value for value in vars(policy).values() if callable(value)]
        for module in sorted({function.__module__ for function in functions}):
            digest.update(_text(module))
    digest.update(digest_of([(axis, getattr(variant, axis)) for axis in AXES]).encode())
    return digest.hexdigest()


def _text(module: str) -> bytes:
    try:
        file = inspect.getsourcefile(sys.modules[module])
        return Path(file).read_bytes() if file else b""
    except (OSError, TypeError, KeyError):
        return b""
