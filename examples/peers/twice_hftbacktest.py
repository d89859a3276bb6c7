"""hftbacktest, with all of the adapter's own work done twice (adapter.py)."""

from __future__ import annotations

import peer_hftbacktest


class ENGINE(peer_hftbacktest.ENGINE):
    rounds = 2
