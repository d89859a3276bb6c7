"""Properties of a file that is read as a stream of bytes, whatever its format."""

from __future__ import annotations

from lobench.engine.feeds.byte_stream import ByteStream


class StreamedFile:
    """One file's name, and how much of it was read. The subclass sets both fields."""

    _stream: ByteStream
    _consumed: int

    @property
    def name(self) -> str:
        return self._stream.source.name

    @property
    def progress(self) -> float:
        """Fraction of the file that the last iteration has consumed, 0 to 1."""
        return self._consumed / max(self._stream.source.size, 1)

    @property
    def other_records(self) -> dict[int, int]:
        """Empty: only DBN files contain records of other kinds."""
        return {}
