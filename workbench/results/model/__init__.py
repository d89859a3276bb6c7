"""A result document, as dataclasses: the tree that statistics, pages and the command line work with.

``document`` is the whole and its feeds, ``samples`` what was timed, ``analysis``, ``noise`` and ``attribution`` what
the samples say, ``contest`` what was compared beside variants, ``verdict`` the words of a verdict, ``profiles`` where
time goes, ``environment`` the machine. ``fields`` says which properties a document may lack. ``results.conversion``
alone makes this tree of JSON and JSON of it; a test holds it against ``schema.json``, property by property.
"""
