"""A feed in the vendor's own schemas: its records (``mbo``), or views of its books.

``schemas`` has the record of each schema; ``books``, ``trades`` and ``intervals`` make them, in runs, of a feed;
``files`` writes them as DBN, CSV or Parquet; ``convert`` puts one to the other.
"""
