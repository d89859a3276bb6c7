"""One feed replayed by one variant or engine, with rows to files: what `lobench replay` and ``lobench.replay`` do.

``request`` says what can be asked for, ``driving`` does it, with the files of ``output``, and ``outcome`` is what comes
out.
"""
