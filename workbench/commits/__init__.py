"""Measuring commits against each other, as variants are measured: a commit is one more source of an engine.

``origins`` finds commits: in lobench's own repository (``sources``, ``reach``, ``environments``), or in any other with
a recipe (``projects``). ``session`` has them replay in turns, each in a process of its own (``participant``,
``worker``), and fills sessions of ``measurement``; ``verified`` compares engines with the reference, ``instructions``
counts exactly (``counting``, ``lines``). ``measuring`` does all of it, ``findings`` holds the results, ``gate`` judges.
"""
