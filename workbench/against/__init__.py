"""A feed's books against the vendor's own: mbp-10 and mbp-1 rows, or a LOBSTER order book file.

``reading`` tells what a file is and reads its rows into an ``Answer`` (``answer``), whole, as rows are looked up by
their sequence number and time. ``proof`` replays the feed and asks ``comparing``, after each of its records, whether
the book there is what the rows of that record say.
"""
