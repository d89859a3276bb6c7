"""Fitting the run-time parameters of the packed layout to a feed, by measurement; and finding again what was fitted.

``traits`` measures what a feed is like; ``candidates`` derives from it what is worth trying; ``trials`` measures sets
of parameters side by side; ``search`` chooses on one half of the feed and asks the other half whether it is true;
``files`` keeps the outcome as a TOML file, ``picking`` finds it for a feed.
"""
