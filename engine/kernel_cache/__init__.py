"""Compiled kernels kept between processes, each under everything that went into it.

Numba's own cache knows a kernel by the stamp of its file and by its closure. It does not see an edit of a helper in
another file, a constant of a module, or an optimization level, and it keeps all kernels of one name in a shared index.
A wrong kernel is worse than a slow one here, so kernels (``lobench.engine.compiling.entry``) have a cache of their own:

1. ``fingerprint`` walks from the kernel's function to everything that can be compiled into it: the code of every
   function, the value of every global, closure variable, default and module attribute that a code names, in whatever
   file it stands. ``values`` says what a value is, ``codes`` what a code is, ``ambient`` what has been registered with
   Numba beside that. With the types of the arguments and the settings of the code generator (``settings``) this is
   the key, a text.
2. ``store`` keeps one file for each key, written whole and renamed, named by the key's digest. The file holds the key
   itself and a digest of its content; what is not exactly what was asked for is a miss.
3. ``dispatching`` is the object that Numba asks. It listens to what is really compiled: where a function is compiled in
   that the key does not know, or was compiled earlier from other values, the kernel is used and not kept.
4. ``folders`` finds a folder that nobody else can write to, as loading a kernel runs code.

What cannot be keyed is compiled in every process. Nothing here stops work: whatever goes wrong is a miss.

Not proven: that ahead-of-time state outside Python's values (an overload that asks the clock) stays the same.
"""

from lobench.engine.kernel_cache.dispatching import KernelCache, attach, compiled_here, is_kept
from lobench.engine.kernel_cache.fingerprint import digest_of
from lobench.engine.kernel_cache.folders import kernel_folder
from lobench.engine.kernel_cache.numba_internals import without_numbas_cache
from lobench.engine.kernel_cache.recipes import recall, remember

__all__ = [
    "KernelCache",
    "attach",
    "compiled_here",
    "digest_of",
    "is_kept",
    "kernel_folder",
    "recall",
    "remember",
    "without_numbas_cache",
]
