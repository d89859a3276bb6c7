"""The market-by-order event engine: records, feeds, books, context, features, strategies, the replay loop, the oracle.

It knows neither timing nor the command line. Importing it has no effect: no kernel is compiled, no folder made.
"""
