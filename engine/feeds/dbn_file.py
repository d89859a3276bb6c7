"""Properties of a DBN file that all its readers share."""

from __future__ import annotations

from collections.abc import Mapping

from databento_dbn import Metadata

from lobench.engine.feeds.files import SourceFile
from lobench.engine.feeds.framer import Framer
from lobench.engine.feeds.header import Header


class DbnFile:
    """One file's name, and the properties known from its header and framing. The subclass sets all three fields."""

    _source: SourceFile
    _header: Header
    _framer: Framer

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def metadata(self) -> Metadata:
        """The file's header."""
        return self._header.metadata

    @property
    def other_records(self) -> dict[int, int]:
        return self._framer.other_records

    @property
    def symbols(self) -> Mapping[int, str]:
        return self._header.symbols
