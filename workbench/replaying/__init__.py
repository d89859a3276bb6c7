"""Replays one feed with one variant or engine, with rows to files: `lobench replay` and ``lobench.replay``.

``request`` holds the options, ``driving`` does the work, with the files of ``output``, and ``outcome`` is the result.
"""
