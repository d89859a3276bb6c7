"""Do variants compute the same as the reference, to the last bit (docs/semantics.md)?

A machine (``machines``) replays the first records of a feed and gives its proof (``proof``): the running trace and the
answers to questions about its state. ``isolated`` runs a variant's machine in a process of its own
(``isolated_worker``). ``compare`` sets two machines side by side and finds the first event after which they differ,
``difference`` shows it, ``variants`` does so for a set of variants on a set of feeds. ``coverage`` says which rules of
the semantics a feed reaches.
"""
