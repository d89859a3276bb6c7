"""Engines from outside: a shared library with the C ABI of ``lobench_engine.h``, or a Python class.

``engine.load`` reads a file's description into a ``ForeignEngine``, which takes the place of a ``Variant`` in the
laboratory; ``start.start_replay`` begins a replay of either. ``library`` holds a loaded library (``abi`` mirrors its
table), ``python_engine`` a Python class, both with the interface ``face.Face``; ``replay.ForeignReplay`` replays on it.

An engine cannot list its books, so the replay notes which ones its records name (``keys``). Its answers become the same
64-bit values as those of a compiled variant (``lobench.engine.answers``): ``walk`` queries a library through its
function pointers in a compiled loop (``calls``), ``python_engine`` queries its class in Python.
"""
