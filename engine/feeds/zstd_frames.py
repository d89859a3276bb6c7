"""Whether a file consists of whole zstd frames, and the memory needed to decompress them.

The streaming decompressor says nothing when its input ends in the middle of a frame: the records that are missing would
go unnoticed. So the chain of frames and blocks is walked here, headers only (RFC 8878, section 3.1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import zstandard

from lobench.engine.errors import FeedError
from lobench.engine.feeds.memory import available_memory
from lobench.engine.feeds.problems import UnreadableError

MAGIC = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = b"\x2a\x4d\x18"
"""A skippable frame begins with a byte 0x50 to 0x5F and these three."""
_PREFIX = 8
_LONGEST_HEADER = 18
_RLE = 1
_CHECKSUM = 4
_ALWAYS = 1 << 27
"""Bytes of a window that is always allowed: every zstd reads it without an option."""
WIDEST = 1 << 31
"""Bytes of the largest window that zstd itself reads."""
_SHARE = 0.5
"""Share of the available memory that a window may take."""

ReadAt = Callable[[int, int], bytes]
"""``read_at(n, byte)`` returns n bytes from a byte of the file on, fewer only at its end."""
Fail = Callable[[int, str], FeedError]
"""``fail(byte, problem)`` makes the error."""


def is_skippable(start: bytes) -> bool:
    """Whether data that begins with ``start`` begins with a skippable frame."""
    return start[1:4] == _SKIPPABLE and start[0] >> 4 == 5


def largest_window() -> int:
    """Bytes of the largest window that a frame may ask for now."""
    return min(WIDEST, max(_ALWAYS, int(available_memory() * _SHARE)))


def explained(error: Exception, name: str, fail: Fail, byte: int) -> FeedError:
    """The message for an error of the decompressor, or a lack of memory, after decompressed byte ``byte``."""
    if isinstance(error, MemoryError) or "Allocation" in str(error):
        return UnreadableError(name, "cannot be read: out of memory")
    if "too much memory" in str(error):
        return fail(byte, f"the zstd frame after it has a window beyond the {WIDEST >> 20} MiB that zstd reads")
    return fail(byte, f"the zstd data after it is corrupt: {error}")


def check_frames(read_at: ReadAt, size: int, fail: Fail) -> None:
    """Raise unless a file of ``size`` bytes ends at the end of one of its frames.

    Meant for data that decompressed without an error: the content of frames is not examined.
    """
    for _ in _frames(read_at, size, fail):
        pass


def check_needs(read_at: ReadAt, size: int, window: int, fail: Fail) -> None:
    """Raise where a frame, as far as they are whole, needs more than ``window`` bytes, or a dictionary."""
    frames = _frames(read_at, size, fail)
    while True:
        try:
            start, head = next(frames)
            needs = zstandard.get_frame_parameters(head)
        except (StopIteration, FeedError, zstandard.ZstdError):
            return
        _check_need(start, needs, window, fail)


def _check_need(start: int, frame: zstandard.FrameParameters, window: int, fail: Fail) -> None:
    if frame.window_size > window:
        remedy = f"decompress it to a file first: zstd -d --long={(frame.window_size - 1).bit_length()}"
        needed, had = frame.window_size >> 20, window >> 20
        raise fail(start, f"the zstd frame there needs a window of {needed} MiB, {had} MiB are available; {remedy}")
    if frame.dict_id:
        raise fail(
            start, f"the zstd frame there needs dictionary {frame.dict_id}; decompress it to a file first: zstd -d -D"
        )


def _frames(read_at: ReadAt, size: int, fail: Fail) -> Iterator[tuple[int, bytes]]:
    """Yield (first byte, header and the bytes after it) of each compressed frame, before its end is searched."""
    start = 0
    while start < size:
        head = read_at(_LONGEST_HEADER, start)
        if head[:4] == MAGIC:
            yield start, head
            end = _frame_end(read_at, start, head)
        elif len(head) >= _PREFIX and is_skippable(head):
            end = start + _PREFIX + int.from_bytes(head[4:_PREFIX], "little")
        elif len(head) >= _PREFIX:
            raise fail(start, "expected a zstd frame, found other data")
        else:
            end = None
        if end is None or end > size:
            raise fail(size, f"the file is cut short within the zstd frame that begins at byte {start}")
        start = end


def _frame_end(read_at: Callable[[int, int], bytes], start: int, head: bytes) -> int | None:
    """The byte after a frame; None, or one past the end of the file, where the frame is cut short."""
    try:
        position = start + zstandard.frame_header_size(head)
        has_checksum = zstandard.get_frame_parameters(head).has_checksum
    except zstandard.ZstdError:
        return None
    last = False
    while not last:
        block = int.from_bytes(header := read_at(3, position), "little")
        if len(header) < 3:
            return None
        last = bool(block & 1)
        position += 3 + (1 if block >> 1 & 3 == _RLE else block >> 3)
    return position + (_CHECKSUM if has_checksum else 0)
