"""The ABI as Python knows it is the header's, and the documented examples and vectors hold."""

from __future__ import annotations

import ctypes
import math
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lobench.engine.anomalies import ANOMALIES
from lobench.engine.foreign import abi
from lobench.engine.foreign.engine import load
from lobench.engine.oracle.digest import book_key, row_trace
from lobench.engine.records import MBO
from lobench.engine.stages import PARTS
from tests.support.c_engines import INCLUDE

pytestmark = pytest.mark.fast

DOCUMENT = (INCLUDE.parents[1] / "docs" / "engine-abi.md").read_text()
STRUCTS = {
    "lobench_options": abi.OptionsStruct,
    "lobench_counts": abi.CountsStruct,
    "lobench_stage_name": abi.StageName,
    "lobench_engine_table": abi.Table,
}
DTYPES = {
    "lobench_mbo": MBO,
    "lobench_level": abi.LEVEL,
    "lobench_order": abi.ORDER,
    "lobench_account": abi.ACCOUNT,
}


def compiled(source: str, language: str, folder: Path, *options: str) -> Path:
    """The program or library of a source text; skips where there is no compiler for it."""
    # The distribution's Rust is the oldest available: newer ones compile whatever it compiles.
    rust = ("/usr/bin/rustc", "rustc")
    names = {"c": ("cc", "gcc"), "cpp": ("c++", "g++"), "rust": rust, "zig": ("zig",)}[language]
    compiler = next(filter(None, map(shutil.which, names)), None)
    file, made = folder / f"mine.{'rs' if language == 'rust' else language}", folder / "mine.so"
    file.write_text(source)
    if language == "zig":
        # The package `ziglang` also contains a compiler.
        zig = [compiler] if compiler else [sys.executable, "-m", "ziglang"] if find_spec("ziglang") else None
        if zig is None:
            pytest.skip("no compiler for zig")
        subprocess.run([*zig, *options, f"-femit-bin={made}", "-I", str(INCLUDE), str(file)], check=True, cwd=folder)
        return made
    if compiler is None:
        pytest.skip(f"no compiler for {language}")
    given = ["-Wall", "-Wextra", "-I", str(INCLUDE)]
    if language == "rust":
        given = ["--edition", "2021", "-C", "panic=abort"]
    subprocess.run([compiler, *given, *options, str(file), "-o", str(made)], check=True, cwd=folder)
    return made


def answered(body: str, folder: Path) -> list[str]:
    """The output of a C program, one word a line."""
    headers = "".join(f"#include {name}\n" for name in ("<math.h>", "<stddef.h>", "<stdio.h>", '"lobench_engine.h"'))
    source = f"{headers}int main(void) {{ {body} return 0; }}\n"
    made = compiled(source, "c", folder)
    return subprocess.run([made], check=True, capture_output=True, text=True).stdout.split()


def test_layouts_are_the_headers(tmp_path: Path) -> None:
    """Size of each struct, and the offset of each field, as the compiler has them."""
    fields = {
        name: [(field[0], getattr(struct, field[0]).offset) for field in struct._fields_]
        for name, struct in STRUCTS.items()
    }
    for name, dtype in DTYPES.items():
        assert dtype.names is not None
        assert dtype.fields is not None
        fields[name] = [(field, dtype.fields[field][1]) for field in dtype.names]
    sizes = {name: ctypes.sizeof(struct) for name, struct in STRUCTS.items()}
    sizes |= {name: dtype.itemsize for name, dtype in DTYPES.items()}
    body, expected = "", []
    for name, offsets in fields.items():
        body += f'printf("%zu\\n", sizeof({name}));'
        expected.append(sizes[name])
        for field, offset in offsets:
            body += f'printf("%zu\\n", offsetof({name}, {field}));'
            expected.append(offset)
    assert [int(word) for word in answered(body, tmp_path)] == expected


def test_constants_are_the_headers(tmp_path: Path) -> None:
    names = ["BBO", "LEVELS", "QUEUES", "FEATURES", "STRATEGIES", "ANOMALIES"]
    names += ["NO_REPAIRS", "NO_TOP_OF_BOOK", "NO_CLEAR", "ONE_PUBLISHER"]
    names += ["ABI_VERSION", "FEATURES_COUNT", "STRATEGIES_COUNT", "ANOMALIES_COUNT"]
    body = "".join(f'printf("%u\\n", LOBENCH_{name});' for name in names)
    expected = [*abi.OFFERS, *abi.LEAVES_OUT, abi.VERSION]
    expected += [abi.FEATURES_COUNT, abi.STRATEGIES_COUNT, abi.ANOMALIES_COUNT]
    assert [int(word) for word in answered(body, tmp_path)] == expected


def test_the_header_names_anomalies_and_stages_in_order() -> None:
    header = (INCLUDE / "lobench_engine.h").read_text()
    listed = re.sub(r"[\s*/]+", " ", header[header.index("add_existing_order") : header.index("uint64_t anomalies")])
    assert [word.strip() for word in listed.split(",")] == list(ANOMALIES)
    about = header[header.index("one of") : header.index("typedef struct lobench_stage")]
    assert set(re.findall(r'"([a-z ]+)"', about)) <= {*PARTS, "trackers"}


def vectors() -> list[Any]:
    """The document's rows."""
    found = []
    for line in DOCUMENT.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 7 and cells[0].isdigit():
            quotes = [2**63 - 1 if word == "U" else int(word) for word in cells[3].split(", ")]
            features = {
                "none": [],
                "0.5, 1.5, 2.5 … 23.5": [place + 0.5 for place in range(24)],
                "all NaN": [math.nan] * 24,
                "-inf, inf, -0.0, then 0.0": [-math.inf, math.inf, -0.0, *[0.0] * 21],
            }[cells[4]]
            signals = [] if cells[5] == "none" else [int(word) for word in cells[5].split(", ")]
            numbers = [int(cell) for cell in cells[:3]]
            found.append((*numbers, quotes, features, signals, int(cells[6].strip("`"), 16)))
    return found


def test_the_oracle_gives_the_documented_vectors() -> None:
    assert len(vectors()) == 6
    for instrument, publisher, n, quotes, features, signals, expected in vectors():
        assert row_trace(book_key(instrument, publisher), n, quotes, features, signals) == expected


def spelled(value: float) -> str:
    """A double as C has it."""
    if math.isnan(value):
        return "NAN"
    return ("-" if value < 0 else "") + "INFINITY" if math.isinf(value) else repr(value)


def test_the_header_gives_the_documented_vectors(tmp_path: Path) -> None:
    body = ""
    for instrument, publisher, n, quotes, features, signals, _ in vectors():
        words = ", ".join(f"(uint64_t)INT64_C({quote})" for quote in quotes)
        body += f"{{ uint64_t lanes[4] = {{{words}}};"
        for place, value in enumerate(features):
            body += f"lanes[{place % 4}] += lobench_value_bits({spelled(value)});"
        for place, signal in enumerate(signals):
            body += f"lanes[{place % 4}] += (uint64_t)INT64_C({signal});"
        book = f"{instrument}u, {publisher}u, UINT64_C({n})"
        body += f'printf("%llx\\n", (unsigned long long)lobench_trace_row({book}, lanes)); }}'
    assert [int(word, 16) for word in answered(body, tmp_path)] == [vector[-1] for vector in vectors()]


@pytest.mark.parametrize(
    ("language", "options"),
    [
        ("c", ["-shared", "-fPIC", "-Werror"]),
        ("cpp", ["-shared", "-fPIC", "-std=c++17", "-Werror"]),
        ("rust", ["--crate-type", "cdylib"]),
        ("zig", ["build-lib", "-dynamic", "-lc"]),
    ],
)
def test_the_documented_libraries_load(language: str, options: list[str], tmp_path: Path) -> None:
    blocks = re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)
    (source,) = [block for block in blocks if "lobench_engine()" in block or "lobench_engine(void)" in block]
    engine = load(str(compiled(source, language, tmp_path, *options)))
    assert (engine.name, engine.title, engine.version) == ("mine", "mine", "1")
    assert engine.offered == ("BBO", "levels")


def test_records_of_numpy_are_the_headers() -> None:
    assert MBO.itemsize == 56
    assert np.dtype(abi.LEVEL).itemsize == 24
