"""Tables as feeds: CSV and Parquet files of market by order, one row a message.

A *source* (``text``, ``columnar``) reads a file in Arrow batches of the requested columns, and knows the line or row at
which each batch begins. A *mapping* (``mapping``) names these columns, their units, and the meaning of codes of actions
and sides; Databento's own tables have one built in (``databento``). ``values`` turns Arrow columns into numbers
exactly, or names the row that does not fit; ``assembly`` builds MBO records; ``resting`` keeps the resting orders for
mappings whose deletions lack details. ``feed`` runs all of it on a thread ahead of the replay.
"""
