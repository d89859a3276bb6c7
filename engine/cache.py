"""Where compiled kernels are kept between processes.

Numba recompiles a cached kernel when the file of the kernel itself changes, not when a policy that it inlines does,
and it ignores flags such as NUMBA_BOUNDSCHECK on a warm cache. One folder for each digest of all sources and flags
makes stale code impossible.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_PACKAGES = ("engine", "variants")
_KEPT = 8
"""Folders of earlier sources that stay; older ones are removed when a new one is made."""


def source_digest() -> str:
    """Hex digest of every source file that a kernel can hold and of every NUMBA_* variable."""
    digest = hashlib.blake2b(digest_size=8)
    for package in _PACKAGES:
        for path in sorted((_ROOT / package).rglob("*.py")):
            digest.update(str(path.relative_to(_ROOT)).encode())
            digest.update(path.read_bytes())
    for name, value in sorted(os.environ.items()):
        if name.startswith("NUMBA_") and name != "NUMBA_CACHE_DIR":
            digest.update(f"{name}={value}\n".encode())
    return digest.hexdigest()


def base_folder() -> Path:
    """``$LOBENCH_CACHE_DIR``, else the user's cache folder, else (no writable home) one in the temporary folder."""
    chosen = os.environ.get("LOBENCH_CACHE_DIR")
    if chosen:
        return Path(chosen)
    home_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "lobench"
    try:
        home_cache.mkdir(parents=True, exist_ok=True)
        if os.access(home_cache, os.W_OK):
            return home_cache
    except OSError:
        pass
    return Path(tempfile.gettempdir()) / f"lobench-{os.getuid()}"


def use_cache_folder() -> Path:
    """Point Numba at the folder of the present sources; returns it."""
    base = base_folder() / "numba"
    folder = base / source_digest()
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        older = sorted((path for path in base.iterdir() if path != folder), key=lambda path: path.stat().st_mtime)
        for path in older[:-_KEPT]:
            shutil.rmtree(path, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    if "numba" in sys.modules:
        sys.modules["numba"].config.CACHE_DIR = str(folder)
    return folder
