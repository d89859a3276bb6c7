"""Replays one feed with one variant or engine, with rows to files: `lobench replay` and ``lobench.replay``.

``request`` says what can be asked for, ``driving`` does it, with the files of ``output``, and ``outcome`` is what comes
out.
"""
