"""nautilus_trader, with all of the adapter's own work done twice (adapter.py)."""

from __future__ import annotations

import peer_nautilus_trader


class ENGINE(peer_nautilus_trader.ENGINE):
    rounds = 2
