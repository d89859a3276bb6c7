"""itch-book, with all of the adapter's own work done twice (adapter.py)."""

from __future__ import annotations

import peer_itch_book


class ENGINE(peer_itch_book.ENGINE):
    rounds = 2
