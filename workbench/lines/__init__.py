"""The cost of each source line of any program's Numba functions: counted by callgrind, or sampled by perf.

The program runs once, in a process of its own (``start``), as Python would run it. There Numba is watched from the
moment that it is imported (``watching``): everything that it compiles carries line tables (``describing``), nothing is
taken from the user's cache, and callgrind counts while nothing is being compiled (``gate``). When the program has
ended, its machine code and what the tool saw are put together here (``counting``, ``sampling``, ``document``).

What is not proven: that the compiler's line table names the right line. It names one for most instructions; those
that it left without a line are shown as such, by function.
"""
