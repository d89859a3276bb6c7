"""Synthetic feeds: seeded, endless if need be, with the statistics of a real market-by-order feed."""

from lobench.engine.synthetic.feed import SyntheticFeed, names, open_synthetic
from lobench.engine.synthetic.files import generate

__all__ = ["SyntheticFeed", "generate", "names", "open_synthetic"]
