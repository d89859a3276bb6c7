"""MeatPy, with all of the adapter's own work done twice (adapter.py)."""

from __future__ import annotations

import peer_meatpy


class ENGINE(peer_meatpy.ENGINE):
    rounds = 2
