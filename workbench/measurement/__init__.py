"""Measuring variants side by side in fresh worker processes, and what is measured beside them.

``session`` lays a session out and collects it; ``worker`` is the process that measures, ``process`` starts it;
``lockstep`` interleaves the variants, ``balance`` orders them, ``contamination`` judges each sample; ``calibration``
chooses the grain. ``counters``, ``limits``, ``scaling`` and ``sweep`` measure one thing each.
"""
