"""The oracle: a slow, obvious engine that computes what docs/semantics.md says, against which the others are held.

Plain Python integers, floats, dicts and lists; nothing is cached that can be read off the book.
"""

from lobench.engine.oracle.replay import Oracle

__all__ = ["Oracle"]
