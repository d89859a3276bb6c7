"""Measures variants side by side in fresh worker processes, and everything beside them.

``session`` lays a session out and collects it; ``worker`` is the process that measures, ``process`` starts it, and
``protocol`` is what they tell each other; ``lockstep`` interleaves the variants, ``turn_order`` orders them,
``contamination`` judges each sample; ``grain`` chooses the size of their slices. ``counters``, ``limits``, ``scaling``
and ``sweep`` measure one thing each.
"""
