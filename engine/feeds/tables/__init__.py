"""Tables as feeds: CSV and Parquet files of market by order, one row a message.

A *source* (``text``, ``columnar``) reads a file in Arrow batches of the columns that are asked for, and knows the line
or row that each batch begins at. A *mapping* (``mapping``) says which columns those are, in which units, and what the
codes of actions and sides mean; Databento's own tables have one built in (``databento``). ``values`` turns Arrow
columns into numbers exactly, or says which row does not fit; ``assembly`` puts MBO records together, ``resting`` knows
what rests where a mapping's deletions do not say it. ``feed`` runs all of it on a thread ahead of the replay.
"""
