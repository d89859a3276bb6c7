"""From the machine code of a shared library to its source: functions, inlining and lines by its debug information,
names by its symbols where there is none."""

from __future__ import annotations

import bisect
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from elftools.common.exceptions import DWARFError, ELFError
from elftools.dwarf.die import DIE
from elftools.elf.elffile import ELFFile

from lobench.engine.closing import Closing
from lobench.engine.errors import UsageError
from lobench.workbench.profile.attribution import LIBRARY
from lobench.workbench.profile.codemap import CodeMap, Frame, Piece, renamed
from lobench.workbench.profile.dwarf import Files, ranges_of, subprogram, without_overlap
from lobench.workbench.profile.native_names import legible, part
from lobench.workbench.profile.sources import shown_names

LINKAGE = "(calls through the linkage table)"
_SCOPES = (
    "DW_TAG_namespace",
    "DW_TAG_structure_type",
    "DW_TAG_class_type",
    "DW_TAG_union_type",
    "DW_TAG_enumeration_type",
)
"""Entries that may contain functions and name them."""
_ORIGINS = ("DW_AT_abstract_origin", "DW_AT_specification")


class LibraryCode(Closing):
    """A shared library's file. Raises UsageError where its code has no line table."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._names: dict[int, str] = {}
        self._file = Path(path).open("rb")  # noqa: SIM115
        try:
            self._elf = ELFFile(self._file)
            lined = self._elf.get_section_by_name(".debug_line") is not None and self._elf.has_dwarf_info()
        except ELFError as error:
            self._file.close()
            raise UsageError(f"{path}: only libraries in ELF are profiled: {error}") from error
        if not lined:
            self._file.close()
            raise UsageError(
                f"{path}: has no line table. Compile it with -g, which changes no code (C and C++: -g beside -O3, and "
                "no -s; Rust: -g, or debug = true and no strip in its profile); profiles are of source lines"
            )

    def map(self, addresses: Collection[int]) -> CodeMap:
        """The pieces of the functions that contain any of these addresses, which are those in the file. Raises
        UsageError for unreadable debug information."""
        wanted = sorted(addresses)
        try:
            pieces = without_overlap(sorted(self._described(wanted)))
        except (DWARFError, ELFError, KeyError, IndexError, AssertionError) as error:
            raise UsageError(f"{self.path}: its debug information cannot be read: {error!r}") from error
        known = CodeMap(pieces)
        bare = [self._bare(address) for address in wanted if known.find(address) is None]
        names = shown_names(frame.file for piece in pieces for frame in piece.stack)
        named = [piece._replace(stack=renamed(piece.stack, names)) for piece in pieces]
        self.files = {name: file for file, name in names.items()}
        return CodeMap(sorted([*named, *bare]), of_file=True)

    def address(self, offset: int) -> int:
        """The address for an offset in the file, which is how perf gives places."""
        for start, size, address in self._segments:
            if start <= offset < start + size:
                return offset - start + address
        return offset

    @cached_property
    def _segments(self) -> list[tuple[int, int, int]]:
        segments = self._elf.iter_segments("PT_LOAD")
        return [(int(one["p_offset"]), int(one["p_filesz"]), int(one["p_vaddr"])) for one in segments]

    def close(self) -> None:
        self._file.close()

    def _described(self, wanted: Sequence[int]) -> Iterator[Piece]:
        """Pieces with debug information. Most of a library's never runs: only the wanted part is read."""
        dwarf = self._elf.get_dwarf_info()
        for unit in dwarf.iter_CUs():
            top = unit.get_top_DIE()
            if top.tag != "DW_TAG_compile_unit" or not _holds(ranges_of(top), wanted):
                continue
            found = [die for die in _functions(top) if _holds(ranges_of(die), wanted)]
            if not found:
                continue
            files = Files(unit, dwarf)
            rows = files.rows()
            for die in found:
                yield from subprogram(die, files, rows, self._name)

    def _name(self, die: DIE) -> str:
        """Its qualified name, without templates."""
        if die.offset not in self._names:
            self._names[die.offset] = self._qualified(die)
        return self._names[die.offset]

    def _qualified(self, die: DIE) -> str:
        for origin in _ORIGINS:
            if origin in die.attributes:
                return self._name(die.get_DIE_from_attribute(origin))
        named = die.attributes.get("DW_AT_name")
        own = part(named.value.decode(errors="replace")) if named else ""
        above: Any = die.get_parent()
        while above is not None and above.tag not in (*_SCOPES, "DW_TAG_compile_unit", "DW_TAG_subprogram"):
            above = above.get_parent()
        scope = "" if above is None or above.tag == "DW_TAG_compile_unit" else self._name(above)
        return "::".join(name for name in (scope, own) if name)

    def _bare(self, address: int) -> Piece:
        """An address without debug information: its symbol, else its section."""
        for start, size, name in self._symbols:
            if start <= address < start + size:
                return Piece(address, address + 1, start, (Frame(legible(name), LIBRARY, 0),))
        for section in self._elf.iter_sections():
            if section["sh_addr"] <= address < section["sh_addr"] + section["sh_size"]:
                name = LINKAGE if section.name.startswith(".plt") else f"({section.name})"
                return Piece(address, address + 1, section["sh_addr"], (Frame(name, LIBRARY, 0),))
        return Piece(address, address + 1, address, (Frame("(unnamed)", LIBRARY, 0),))

    @cached_property
    def _symbols(self) -> list[tuple[int, int, str]]:
        table: Any = self._elf.get_section_by_name(".symtab") or self._elf.get_section_by_name(".dynsym")
        return [
            (int(entry["st_value"]), int(entry["st_size"]), str(entry.name))
            for entry in (table.iter_symbols() if table else ())
            if entry["st_info"]["type"] == "STT_FUNC" and entry["st_size"]
        ]


def _functions(die: DIE) -> Iterator[DIE]:
    """The functions below a DIE."""
    for child in die.iter_children():
        if child.tag == "DW_TAG_subprogram":
            yield child
        elif child.tag in _SCOPES and child.has_children:
            yield from _functions(child)


def _holds(stretches: Sequence[tuple[int, int]], wanted: Sequence[int]) -> bool:
    """Whether a wanted address lies in one of these stretches."""
    return any(bisect.bisect_left(wanted, low) < bisect.bisect_left(wanted, high) for low, high in stretches)
