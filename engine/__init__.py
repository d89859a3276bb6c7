"""The market-by-order event engine: records, feeds, books, context, features, strategies, the replay loop, the oracle.

It knows neither timing nor the command line. Importing it has no effect: no kernel is compiled, no folder made.
"""

if __name__ != "lobench.engine":  # a second copy would have classes of its own
    raise ImportError("import lobench.engine: its folder in the checkout is not a package of its own")
