"""callgrind.out with names: callgrind knows only addresses of JIT code, and other viewers (kcachegrind,
callgrind_annotate) would show nothing else.

A row of JIT code gets the file and line that it came from, under the function that was compiled: ``fl=`` and ``fn=``,
with ``fi=`` for code inlined from another file (Valgrind manual, "Callgrind Format Specification").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from lobench.workbench.profile.attribution import short
from lobench.workbench.profile.callgrind_file import JIT
from lobench.workbench.profile.codemap import CodeMap, Frame, Stack

_CALL = ("cob", "cfi", "cfl", "cfn", "calls")


def put_names(path: Path, codes: CodeMap, seen: Callable[[Stack], Stack]) -> None:
    """Name the functions of a callgrind file; ``seen``: the visible part of a stack."""
    partial = path.with_suffix(".part")
    with path.open(encoding="utf-8") as lines, partial.open("w", encoding="utf-8") as out:
        out.writelines(named(lines, codes, seen))
    partial.replace(path)


def named(lines: Iterable[str], codes: CodeMap, seen: Callable[[Stack], Stack]) -> Iterator[str]:
    """A callgrind file's lines, with names."""

    def stack_at(address: str) -> Stack:
        piece = codes.find(int(address, 16))
        return seen(piece.stack) if piece else ()

    within = False
    file = there = function = ""
    # The function of the last written row; None if it must be written again.
    at: tuple[str, str] | None = None
    call: dict[str, str] = {}
    for line in lines:
        key, _, value = line.strip().partition("=")
        if key == "ob":
            within = value == JIT
            yield line
        elif key in ("fl", "fi", "fe"):
            file = value
            if not within:
                there = value
                yield line
        elif key == "fn":
            function, at = value, None
            if not within:
                # Callgrind names a file only when it changes.
                if there != file:
                    there = file
                    yield f"fl={file}\n"
                yield line
        elif key in _CALL:
            call[key] = value
        elif line.startswith("0x"):
            if within:
                address, _, costs = line.split(" ", 2)
                stack = stack_at(address)
                head = (stack[0].file, _name(stack[0], function)) if stack else (file, function)
                if head != at:
                    at, there = head, head[0]
                    yield f"fl={head[0]}\nfn={head[1]}\n"
                inner = stack[-1] if stack else Frame("", file, 0)
                if inner.file != there:
                    there = inner.file
                    yield f"fi={there}\n"
                line = f"{address} {inner.line} {costs}"
            if call:
                yield from _called(call, within, stack_at)
                call = {}
            yield line
        else:
            yield line


def _called(call: dict[str, str], within: bool, stack_at: Callable[[str], Stack]) -> Iterator[str]:
    """The lines before a row that is a call."""
    number, address, line = call["calls"].split()
    inside = call.get("cob") == JIT or (within and "cob" not in call)
    stack = stack_at(address) if inside else ()
    file = call.get("cfi", call.get("cfl"))
    function = call["cfn"]
    if stack:
        file, function, line = stack[0].file, _name(stack[0], function), str(stack[0].line)
    elif within:
        # Otherwise it would be the row's file.
        file = file or JIT
    if "cob" in call:
        yield f"cob={call['cob']}\n"
    if file is not None:
        yield f"cfi={file}\n"
    yield f"cfn={function}\ncalls={number} {address} {line}\n"


def _name(frame: Frame, address: str) -> str:
    """A compiled function's name for its address, which callgrind follows with the depth of a recursion."""
    _, mark, depth = address.partition("'")
    return short(frame.function, frame.file) + mark + depth
