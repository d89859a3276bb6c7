"""What ``verify`` replays where no feed is named: together these feeds reach every rule (a test says so)."""

from __future__ import annotations

from typing import Final

DEFAULT_FEEDS: Final = (
    "synth:every-rule",
    "synth:liquid-future,n=1100000",
    "synth:equity-universe,n=200000,anomalies=0.01",
    "synth:auction-open,n=100000,anomalies=0.01",
    "synth:deep-book,n=150000",
)
"""Every rule and every broken one, at random; more than 2^20 records; many books of two venues; a crossed book, an
uncross, clears; queues and sides that are long."""

DEFAULT_WORKERS: Final = (1, 2)
