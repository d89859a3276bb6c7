"""A feed's books against the vendor's own: mbp-10 and mbp-1 rows, or a LOBSTER order book file.

``reading`` recognizes a file and reads its rows into an ``Answer`` (``answer``), as a whole, because rows are looked up
by their sequence number and time. ``proof`` replays the feed and uses ``comparing`` after each record to compare the
book with the rows of that record.
"""
