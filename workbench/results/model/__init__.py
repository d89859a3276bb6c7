"""What a result document is, as dataclasses: the tree that statistics, pages and the command line work with.

``document`` is the whole and its feeds, ``samples`` what was timed, ``analysis``, ``noise`` and ``attribution`` what the
samples say, ``profiles`` where time goes, ``environment`` the machine. ``fields`` says which properties a document may
lack. JSON becomes this tree in ``results.reading`` and is made of it in ``results.conversion``, nowhere else; a test
holds it against ``schema.json``, property by property.
"""
