"""The market-by-order event engine: records, feeds, books, context, features, strategies, the replay loop, the oracle.

It knows neither timing nor the command line. Importing it imports no kernel; it only says where compiled kernels are
kept.
"""

from engine.cache import use_cache_folder

use_cache_folder()
