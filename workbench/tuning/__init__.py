"""Fits the run-time parameters of a layout to a feed by measurement, and finds fitted parameters again.

``fitted`` finds the variant that takes them; ``traits`` measures the properties of a feed, from which the layout
derives candidates; ``trials`` measures sets of parameters side by side; ``search`` chooses on one half of the feed and
confirms on the other; ``files`` keeps the outcome as a TOML file, ``picking`` finds it for a feed.
"""
