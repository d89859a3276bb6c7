"""The dashboard: asv's site with all that it loads beside it, and a front page of the ladder over time."""
