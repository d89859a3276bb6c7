"""LOBSTER: files of one stock's messages, beside which lies a file of its order book after each of them.

``files`` tells them and finds the pair, ``start`` makes the book of before the first message, ``normalizing`` turns
messages into MBO records, and ``feed`` reads a file. docs/lobster.md says what becomes of each kind of message.
"""
