"""Comparing measurements: two variants of one session (``cmp``), two sessions in time (``diff``), and the difference
between sessions of the same sources (``session_difference``)."""
