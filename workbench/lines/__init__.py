"""The cost of each source line of any program's Numba functions: counted by callgrind, or sampled by perf.

The program runs once, in a separate process (``start``), as Python would run it. There Numba is watched from its import
on (``watching``): everything that it compiles carries line tables (``describing``), nothing is taken from the user's
cache, and callgrind counts while nothing is being compiled (``gate``). When the program has ended, its machine code and
the tool's output are combined here (``counting``, ``sampling``, ``document``).

Not proven: that the compiler's line table names the right line. It names one for most instructions; those without a
line are shown as such, by function.
"""
