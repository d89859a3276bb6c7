"""NASDAQ TotalView-ITCH 5.0: files of length-prefixed messages, normalized as Databento normalizes XNAS.ITCH.

``protocol`` defines the messages. ``normalizing`` turns them into MBO records in one compiled pass, for which it keeps
a table of live orders (``feeds.live_orders``): executions, cancels and replacements name an order without its side or
price. ``feed`` reads a file. docs/semantics.md lists the records of each message.
"""
