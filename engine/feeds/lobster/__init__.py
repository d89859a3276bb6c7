"""LOBSTER: files of one stock's messages, each beside a file of its order book after every message.

``files`` recognizes them and finds the pair, ``start`` makes the book from before the first message, ``normalizing``
turns messages into MBO records, and ``feed`` reads a file. docs/lobster.md describes the result of each kind of
message.
"""
