"""The default feeds of ``verify``: together they reach every rule (a test checks it)."""

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
