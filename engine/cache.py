"""lobench's folder of reproducible data (``kernels/``, ``commits/``, ``profile/``), and the digest of the sources.

How kernels are kept is ``lobench.engine.kernel_cache``'s.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_PACKAGES = ("engine", "variants")

VARIABLE = "LOBENCH_CACHE_DIR"


def source_digest() -> str:
    """Hex digest of every source file that a kernel can contain, of every NUMBA_* variable, and of the other settings
    of Numba's code generator in this process.

    Lock files of editors, dangling links and folders named like a source do not count. An unreadable file counts by its
    name.
    """
    from lobench.engine.kernel_cache.settings import generator

    digest = hashlib.blake2b(digest_size=8)
    for package in _PACKAGES:
        for path in _sources(_ROOT / package):
            digest.update(str(path.relative_to(_ROOT)).encode(errors="surrogateescape"))
            try:
                digest.update(path.read_bytes())
            except OSError:
                digest.update(b"(unreadable)")
    for name, value in sorted(os.environ.items()):
        if name.startswith("NUMBA_") and name != "NUMBA_CACHE_DIR":
            digest.update(f"{name}={value}\n".encode(errors="surrogateescape"))
    digest.update("\n".join(generator(of_the_machine=False)).encode(errors="surrogateescape"))
    return digest.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*.py")):
        try:
            regular = stat.S_ISREG(path.stat().st_mode)
        except OSError:
            continue
        if regular and not path.name.startswith("."):
            yield path


def base_folder() -> Path:
    """``$LOBENCH_CACHE_DIR``, else the user's cache folder, else (no home) one in the temporary folder.

    It is not made here, and need not be one that can be written to or trusted.
    """
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen)
    given = Path(os.environ.get("XDG_CACHE_HOME") or "")
    try:
        # The standard says to ignore a relative path.
        return (given if given.is_absolute() else Path("~/.cache").expanduser()) / "lobench"
    except RuntimeError:
        return Path(tempfile.gettempdir()) / f"lobench-{os.getuid()}"
