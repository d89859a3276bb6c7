"""Fits the run-time parameters of a layout to a feed by measurement, and finds fitted parameters again.

``fitted`` says which variant takes them; ``traits`` measures what a feed is like, from which the layout derives what is
worth trying; ``trials`` measures sets of parameters side by side; ``search`` chooses on one half of the feed and asks
the other half whether it is true; ``files`` keeps the outcome as a TOML file, ``picking`` finds it for a feed.
"""
