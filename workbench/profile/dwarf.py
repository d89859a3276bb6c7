"""The code map of a process, read off the DWARF line tables and inlining records (DWARF 4 and 5, sections 3.3.8 and
6.2) of the objects that the JIT linker loaded, each placed where it was loaded to. This and ``library_code`` need
pyelftools, and nothing else does.
"""

from __future__ import annotations

import bisect
import ctypes
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from elftools.dwarf.compileunit import CompileUnit
from elftools.dwarf.die import DIE
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import Section

from lobench.workbench.profile.codemap import CodeMap, Frame, Piece, Stack


class Placed(NamedTuple):
    """An object, as ELF bytes, and where its sections of code were loaded to: number of the section to address."""

    elf: bytes
    bases: Mapping[int, int]


def placed(objects: Iterable[Any]) -> list[Placed]:
    """``linetables.OBJECTS`` with their places in this process. Sections whose every symbol was taken from another
    object hold no running code and are left out."""
    found = []
    for loaded in objects:
        elf = _Object(io.BytesIO(loaded.elf))
        bases = {index: _base(elf, index, section, loaded.engine) for index, section in _code(elf)}
        found.append(Placed(loaded.elf, {index: base for index, base in bases.items() if base is not None}))
    return found


def code_map(objects: Iterable[Placed], *, guess: bool = True) -> CodeMap:
    """The map of a process's objects, without the process itself. Instructions without a line are assigned to the line
    before them, or without guessing to line 0 of their function."""
    pieces: list[Piece] = []
    for loaded in objects:
        elf = _Object(io.BytesIO(loaded.elf))
        if not loaded.bases or not elf.has_dwarf_info():
            continue
        described = list(_pieces(elf, guess))
        for index, base in loaded.bases.items():
            size = elf.get_section(index)["sh_size"]
            pieces += [
                Piece(base + piece.start, base + piece.stop, base + piece.entry, piece.stack)
                for piece in described
                if piece.stop <= size
            ]
    return CodeMap(without_overlap(sorted(pieces)))


def bare(objects: Iterable[Placed]) -> list[Piece]:
    """All functions of a process's objects by their symbols alone, with line 0 of no file."""
    pieces = []
    for loaded in objects:
        elf = _Object(io.BytesIO(loaded.elf))
        symbols: Any = elf.get_section_by_name(".symtab")
        for symbol in symbols.iter_symbols() if symbols else ():
            base, size = loaded.bases.get(symbol["st_shndx"]), symbol["st_size"]
            if base is not None and size and symbol["st_info"]["type"] == "STT_FUNC":
                start = base + symbol["st_value"]
                pieces.append(Piece(start, start + size, start, (Frame(symbol.name, "", 0),)))
    return pieces


class _Object(ELFFile):
    """A relocatable object, read without its unwinding tables: pyelftools cannot relocate these, and they are not
    needed."""

    def get_section_by_name(self, name: str) -> Section | None:
        return None if name == ".eh_frame" else super().get_section_by_name(name)


def _code(elf: ELFFile) -> Iterator[tuple[int, Section]]:
    for index, section in enumerate(elf.iter_sections()):
        if section["sh_flags"] & 4 and section["sh_size"]:  # SHF_EXECINSTR
            yield index, section


def _base(elf: ELFFile, index: int, section: Section, engine: Any) -> int | None:
    """Where the section was loaded to: a symbol's address may be that of its twin in another object, so the memory
    there must be this code."""
    holes = _relocated(elf, section)
    text = section.data()
    symbols: Any = elf.get_section_by_name(".symtab")
    for symbol in symbols.iter_symbols():
        if symbol["st_shndx"] != index or symbol["st_info"]["type"] != "STT_FUNC":
            continue
        address = int(engine.get_function_address(symbol.name))
        if address == 0:
            continue
        offset, size = symbol["st_value"], symbol["st_size"]
        found = ctypes.string_at(address, size)
        if all(found[i] == text[offset + i] for i in range(size) if offset + i not in holes):
            return address - int(offset)
    return None


def _relocated(elf: ELFFile, section: Section) -> set[int]:
    """Offsets of bytes that the linker filled in."""
    relocations: Any = elf.get_section_by_name(f".rela{section.name}")
    if relocations is None:
        return set()
    return {entry["r_offset"] + byte for entry in relocations.iter_relocations() for byte in range(8)}


def _pieces(elf: ELFFile, guess: bool) -> Iterator[Piece]:
    """Pieces by offset in the object's code."""
    dwarf = elf.get_dwarf_info()
    for unit in dwarf.iter_CUs():
        files = Files(unit, dwarf)
        rows = files.rows()
        for die in unit.iter_DIEs():
            if die.tag == "DW_TAG_subprogram" and ranges_of(die):
                yield from subprogram(die, files, rows, _name, guess=guess)


def subprogram(
    die: DIE, files: Files, rows: Sequence[tuple[int, str, int]], name: Callable[[DIE], str], *, guess: bool = True
) -> Iterator[Piece]:
    """The pieces of a function that has code, in one or several stretches; ``name`` tells a function's, ``guess`` as
    in ``code_map``."""
    inlined = list(_inlined(die, (), files, name))
    starts = [row[0] for row in rows]
    stretches = ranges_of(die)
    for low, high in stretches:
        cuts = {low, high} | {edge for start, stop, _ in inlined for edge in (start, stop) if low <= edge <= high}
        cuts.update(starts[bisect.bisect_left(starts, low) : bisect.bisect_left(starts, high)])
        for piece in _split(sorted(cuts), name(die), files.own, inlined, rows, starts, guess):
            yield piece._replace(entry=stretches[0][0])


def _split(
    cuts: Sequence[int],
    name: str,
    path: str,
    inlined: Sequence[tuple[int, int, Stack]],
    rows: Sequence[tuple[int, str, int]],
    starts: Sequence[int],
    guess: bool,
) -> Iterator[Piece]:
    """A stretch's pieces between neighbouring cuts. A chain in ``inlined`` holds inlined functions with file and
    line of their calls."""
    last: dict[tuple[str, ...], tuple[str, int]] = {}
    for start, stop in pairwise(cuts):
        chain: Stack = max((c for low, high, c in inlined if low <= start < high), key=len, default=())
        file, line = path, 0
        row = bisect.bisect_right(starts, start) - 1
        if row >= 0:
            _, file, line = rows[row]
        names = (name, *(call.function for call in chain))
        if line:
            last[names] = (file, line)
        elif not guess:
            file = last[names][0] if names in last else file if chain else path
        else:
            # Merged code of several lines: use the preceding line of the same function.
            file, line = last.get(names, (file, 0))
        callers = tuple(Frame(names[place], call.file, call.line) for place, call in enumerate(chain))
        # If there is none, use the line of the call.
        stack = (*callers, Frame(names[-1], file, line)) if line or not callers or not guess else callers
        yield Piece(start, stop, cuts[0], stack)


def _inlined(die: DIE, chain: Stack, files: Files, name: Callable[[DIE], str]) -> Iterator[tuple[int, int, Stack]]:
    """(start, stop, chain) of every inlined function below a DIE."""
    for child in die.iter_children():
        below = chain
        if child.tag == "DW_TAG_inlined_subroutine":
            origin = child.get_DIE_from_attribute("DW_AT_abstract_origin")
            place, line = child.attributes.get("DW_AT_call_file"), child.attributes.get("DW_AT_call_line")
            call = files.file(place.value) if place else files.own
            below = (*chain, Frame(name(origin), call, line.value if line else 0))
            yield from ((low, high, below) for low, high in ranges_of(child))
        if child.tag in _WITHIN:
            yield from _inlined(child, below, files, name)


_WITHIN = ("DW_TAG_inlined_subroutine", "DW_TAG_lexical_block")
"""Entries that may contain inlined functions."""


def ranges_of(die: DIE) -> list[tuple[int, int]]:
    """Where a DIE's code is: (start, stop) of each stretch, the one that is entered first."""
    if "DW_AT_ranges" in die.attributes:
        lists: Any = die.dwarfinfo.range_lists()
        entries = lists.get_range_list_at_offset(die.attributes["DW_AT_ranges"].value, die.cu)
        low = die.cu.get_top_DIE().attributes.get("DW_AT_low_pc")
        base = low.value if low else 0
        found = []
        for entry in entries:
            if hasattr(entry, "base_address"):
                base = entry.base_address
            elif entry.begin_offset < entry.end_offset:
                start = 0 if getattr(entry, "is_absolute", False) else base
                found.append((start + entry.begin_offset, start + entry.end_offset))
        return found
    low, high = die.attributes.get("DW_AT_low_pc"), die.attributes.get("DW_AT_high_pc")
    if low is None or high is None:
        return []
    return [(low.value, high.value + (0 if high.form == "DW_FORM_addr" else low.value))]


def _name(die: DIE) -> str:
    if "DW_AT_name" not in die.attributes and "DW_AT_abstract_origin" in die.attributes:
        die = die.get_DIE_from_attribute("DW_AT_abstract_origin")
    return str(die.attributes["DW_AT_name"].value.decode())


class Files:
    """Line table of one compile unit, with paths. Numba makes a unit of each function: ``own`` is that one's file."""

    def __init__(self, unit: CompileUnit, dwarf: Any) -> None:
        self._program = dwarf.line_program_for_CU(unit)
        top = unit.get_top_DIE()
        self._folder = top.attributes["DW_AT_comp_dir"].value.decode() if "DW_AT_comp_dir" in top.attributes else ""
        self.own = self._joined(self._folder, top.attributes["DW_AT_name"].value.decode())
        # Files and folders are numbered from 1, in DWARF 5 from 0.
        self._first = 0 if self._program and self._program["version"] >= 5 else 1
        self._paths: dict[int, str] = {}

    def file(self, number: int) -> str:
        if number not in self._paths:
            self._paths[number] = self._path(number)
        return self._paths[number]

    def _path(self, number: int) -> str:
        entries, folders = self._program["file_entry"], self._program["include_directory"]
        if not self._first <= number < self._first + len(entries):
            return self.own
        entry = entries[number - self._first]
        given = self._first == 0 or entry.dir_index
        folder = folders[entry.dir_index - self._first].decode() if given else self._folder
        return self._joined(os.path.join(self._folder, folder) if folder else folder, entry.name.decode())

    @staticmethod
    def _joined(folder: str, name: str) -> str:
        return name if name.startswith("<") else os.path.normpath(os.path.join(folder, name))

    def rows(self) -> list[tuple[int, str, int]]:
        """(offset, path, line), ascending; line 0 where the compiler names none."""
        if not self._program:
            return []
        states = [entry.state for entry in self._program.get_entries() if entry.state is not None]
        rows = {s.address: (s.address, self.file(s.file), s.line) for s in states if not s.end_sequence}
        return [rows[address] for address in sorted(rows)]


def without_overlap(pieces: Sequence[Piece]) -> list[Piece]:
    """Merges neighbours with the same stack; where two overlap, the later loaded one counts."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined and joined[-1].stop > piece.start:
            joined[-1] = joined[-1]._replace(stop=piece.start)
        if joined and joined[-1].stop == piece.start and joined[-1].stack == piece.stack:
            joined[-1] = joined[-1]._replace(stop=piece.stop)
        elif piece.stop > piece.start:
            joined.append(piece)
    return [piece for piece in joined if piece.stop > piece.start]
