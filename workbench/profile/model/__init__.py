"""The findings about a variant, as dataclasses (docs/profiling.md).

``variant`` is its whole profile, ``costs`` the output of a tool with source lines, ``difference`` the difference of two
of these, ``summary`` the conclusions. Only ``results.conversion`` converts between them and JSON.
"""
