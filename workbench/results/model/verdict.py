"""The words of a verdict on a ratio between two things, wherever it was measured."""

from __future__ import annotations

from typing import Final

FASTER: Final = "faster"
SLOWER: Final = "slower"
NO_DIFFERENCE: Final = "no difference shown"

SHOWN: Final = (FASTER, SLOWER)
"""Those that say that there is an effect."""
VERDICTS: Final = (*SHOWN, NO_DIFFERENCE)
