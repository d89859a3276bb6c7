"""Compiled kernels kept between processes, each under a key of everything that went into it.

Numba's own cache identifies a kernel by its file's time stamp and its closure. It does not notice an edited helper in
another file, a changed constant of a module, or another optimization level, and it keeps all kernels of one name in a
shared index. A wrong kernel is worse than a slow one here, so kernels (``lobench.engine.compiling.entry``) have a cache
of their own:

1. ``fingerprint`` walks from the kernel's function to everything that can be compiled into it: the code of every
   function, the value of every global, closure variable, default and module attribute that a code names, in any file.
   ``values`` describes values, ``codes`` codes, ``ambient`` other registrations with Numba. With the types of the
   arguments and the settings of the code generator (``settings``) this is the key, a text.
2. ``store`` keeps one file for each key, written whole and renamed, named by the key's digest. The file holds the key
   itself and a digest of its content; anything but an exact match is a miss.
3. ``dispatching`` is the object that Numba asks. It follows what is really compiled: if a function is compiled in that
   the key does not cover, or that was compiled earlier from other values, the kernel is used and not kept.
4. ``folders`` finds a folder that nobody else can write to, because loading a kernel runs code.

With a version of Numba that is not known (``private_numba``), ``uncached`` stands in for all of this.

Kernels without a key are compiled in every process. The cache never stops work: any failure is a miss. Not proven: that
ahead-of-time state outside Python's values (an overload that asks the clock) stays the same.
"""

from lobench.engine import private_numba
from lobench.engine.kernel_cache.numbas_cache import without_numbas_cache

if private_numba.USABLE:
    from lobench.engine.kernel_cache.dispatching import attach, is_kept, kept_code
    from lobench.engine.kernel_cache.fingerprint import digest_of
    from lobench.engine.kernel_cache.folders import kernel_folder
    from lobench.engine.kernel_cache.recipes import recall, remember
else:
    from lobench.engine.kernel_cache.uncached import (
        attach,
        digest_of,
        is_kept,
        kept_code,
        kernel_folder,
        recall,
        remember,
    )

__all__ = [
    "attach",
    "digest_of",
    "is_kept",
    "kept_code",
    "kernel_folder",
    "recall",
    "remember",
    "without_numbas_cache",
]
