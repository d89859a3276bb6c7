"""Contests: Python callables or commands, compared like variants.

``asked`` describes a contest; ``bench`` is the worker's interface to a kind, ``callables`` and ``commands`` are the two
kinds, and ``kinds`` chooses. ``judging``, ``equality`` and ``states`` decide whether two calls did the same.
``agreement`` (a job of a worker process) finds out whether all do, and how long a call takes; ``rounds`` (the other)
times them in turns, and checks their agreement again; ``protocol`` is what they are told and tell. ``session`` lays the
session out and fills it, ``analysis`` evaluates its samples, ``conducting`` does all of this and keeps it.

Processes, turns, samples, statistics and the words of a verdict are those of variants (``workbench.measurement``,
``workbench.statistics``). A round of a contest is a pass of one slice: each contestant makes ``calls`` calls, timed
together.
"""
