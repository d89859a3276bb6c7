"""itchcpp, with all of the adapter's own work done twice (adapter.py)."""

from __future__ import annotations

import peer_itchcpp


class ENGINE(peer_itchcpp.ENGINE):
    rounds = 2
