"""Comparing what was measured: two variants of one session (``cmp``), two sessions in time (``diff``), and how much
sessions of the same sources differ (``session_difference``)."""
