"""NASDAQ TotalView-ITCH 5.0: files of length-prefixed messages, normalized as Databento normalizes XNAS.ITCH.

``protocol`` says what the messages are, ``normalizing`` turns them into MBO records in one compiled pass, for which it
keeps a table of live orders (``feeds.live_orders``): executions, cancels and replacements name an order and say
neither its side nor its price. ``feed`` reads a file. Which message gives which records stands in docs/semantics.md.
"""
