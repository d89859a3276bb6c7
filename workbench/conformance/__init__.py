"""Does an engine keep each rule of docs/semantics.md? Two hundred small streams, each about one rule.

A rule (``rule``) is a name, a sentence, a section of docs/semantics.md, a stream of records made by code (``stream``),
and the expected results, written by hand (``rules``). ``subjects`` gives everything that can replay records a common
interface, ``observation`` is its state at the end of a stream, ``judging`` compares that with the oracle's and finds
the first record after which they differ. ``conforming`` does so rule by rule, in a process that is started again if an
engine crashes or hangs; ``explaining`` explains a rule to a person.

``lobench verify`` proves that an engine agrees on a whole feed; this shows which rule a disagreeing engine breaks.
"""
