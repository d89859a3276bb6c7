"""The oracle: a slow, obvious engine written from docs/semantics.md, with which the others are compared.

Plain Python integers, floats, dicts and lists; nothing is cached that can be read off the book.
"""

from lobench.engine.oracle.replay import Oracle

__all__ = ["Oracle"]
