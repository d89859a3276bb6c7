"""The findings about a variant, as dataclasses (docs/profiling.md).

``variant`` is its whole profile, ``costs`` what a tool says that tells lines, ``difference`` what two of these differ
in, ``summary`` what follows. ``results.conversion`` alone makes JSON of them, and them of JSON.
"""
