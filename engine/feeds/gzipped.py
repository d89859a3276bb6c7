"""gzip data, decompressed by ISA-L if ``lobench[gzip]`` is installed, else by zlib."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import Any, BinaryIO, cast

_READ = 1 << 18
"""Compressed bytes read at a time."""


def _reader_and_error() -> tuple[Any, type[Exception]]:
    try:
        from isal.igzip import IGzipFile
        from isal.isal_zlib import error
    except ImportError:
        return gzip.GzipFile, zlib.error
    # Its stubs declare an instance; the module has a class.
    return IGzipFile, cast(type[Exception], error)


_File, _Error = _reader_and_error()

CORRUPT = (zlib.error, gzip.BadGzipFile, _Error)
"""Exceptions of reading invalid data; EOFError if it ends too soon."""


def open_gzip(file: io.FileIO) -> BinaryIO:
    """The decompressed data of an open file."""
    return cast(BinaryIO, _File(fileobj=io.BufferedReader(file, _READ), mode="rb"))
