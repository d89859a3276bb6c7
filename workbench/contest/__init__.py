"""Any two of a kind compared like variants: callables of Python, or commands.

``asked`` says what a contest is; ``bench`` is what its worker needs of a kind, ``callables`` and ``commands`` are the
two kinds, and ``kinds`` chooses. ``judging``, ``equality`` and ``states`` say whether two calls did the same.
``agreement`` (a job of a worker process) finds out whether all do, and how long a call takes; ``rounds`` (the other)
times them in turns, and looks again whether they agree. ``session`` lays the session out and fills it, ``analysis``
says what its samples mean, ``conducting`` does all of this and keeps it.

Processes, turns, samples, statistics and the words of a verdict are those of variants (``workbench.measurement``,
``workbench.statistics``). A round of a contest is a pass of one slice: each takes ``calls`` calls, timed together.
"""
