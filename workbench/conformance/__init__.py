"""Does an engine keep each rule of docs/semantics.md? A hundred small streams, each about one rule.

A rule (``rule``) is a name, a sentence, a section of docs/semantics.md, a stream of records made by code (``stream``),
and what must come out of it, written down by hand (``rules``). ``subjects`` puts whatever can replay records behind one
face, ``observation`` is what it shows at the end of a stream, ``judging`` sets that beside what the oracle shows and
finds the first record at which they part. ``conforming`` does so rule by rule, in a process that is started again
where an engine crashes or hangs; ``explaining`` tells a person what a rule asks.

``lobench verify`` proves that an engine computes the same on a whole feed; this says which rule one breaks that does
not.
"""
