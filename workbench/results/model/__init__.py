"""A result document, as dataclasses: the tree that statistics, pages and the command line work with.

``document`` is the whole and its feeds, ``samples`` the timings, ``analysis``, ``noise`` and ``attribution`` their
evaluation, ``contest`` comparisons other than of variants, ``verdict`` the words of a verdict, ``profiles`` the time by
stage, ``environment`` the machine. ``fields`` describes properties that a document may lack. Only
``results.conversion`` converts between this tree and JSON; a test compares it with ``schema.json``, property by
property.
"""
