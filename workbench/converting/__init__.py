"""What a feed says in the vendor's own schemas: its records as they are (``mbo``), or what the books of them show.

``schemas`` has the record of each schema; ``books``, ``trades`` and ``intervals`` make them, in runs, of a feed;
``files`` writes them as DBN, CSV or Parquet; ``convert`` puts one to the other.
"""
