"""Whether a file is made of whole zstd frames.

The streaming decompressor says nothing when its input ends in the middle of a frame: the records that are missing would
go unnoticed. So the chain of frames and blocks is walked here, headers only (RFC 8878, section 3.1).
"""

from __future__ import annotations

from collections.abc import Callable

import zstandard

from engine.errors import FeedError

MAGIC = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = b"\x2a\x4d\x18"
"""A skippable frame begins with a byte 0x50 to 0x5F and these three."""
_PREFIX = 8
_LONGEST_HEADER = 18
_RLE = 1
_CHECKSUM = 4


def is_skippable(start: bytes) -> bool:
    """Whether data that begins with ``start`` begins with a skippable frame."""
    return start[1:4] == _SKIPPABLE and start[0] >> 4 == 5


def check_frames(read_at: Callable[[int, int], bytes], size: int, fail: Callable[[int, str], FeedError]) -> None:
    """Raise unless a file of ``size`` bytes ends where one of its frames ends.

    ``read_at(n, byte)`` returns n bytes from a byte of the file on, fewer only at its end; ``fail(byte, problem)``
    makes the error. Meant for data that decompressed without an error: what a frame holds is not looked at.
    """
    start = 0
    while start < size:
        head = read_at(_LONGEST_HEADER, start)
        if head[:4] == MAGIC:
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
