"""Repositories of engines like those of a team, in C++ and in Rust, with commits of known effect: three improvements, a
regression of 5 %, twice the work in a rare action, a comment, a broken build, a wrong result.

They begin with examples/engines.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lobench.engine.kernel_cache import kernel_folder
from tests.support.miniature import Miniature
from tests.support.paths import ROOT

EXAMPLES: Final = ROOT / "examples" / "engines"

FEED: Final = "synth:liquid-future,n=3000"
RARE: Final = "R"
"""An action of which the feed has one."""


@dataclass(frozen=True)
class Edit:
    """The replacements of a commit, each of a text that occurs once: file to (old, new)."""

    subject: str
    changes: Mapping[str, tuple[str, str]]


class EngineRepository(Miniature):
    """The repository; ``made``: subject to hash, in order."""

    def __init__(self, folder: Path, cache: Path, files: Mapping[str, str], edits: tuple[Edit, ...]) -> None:
        super().__init__(folder, cache, {**files, ".gitignore": ".asv/\n"})
        kernels = kernel_folder()
        if kernels is not None:
            # All tests share the compiled reference.
            cache.mkdir(mode=0o700)
            (cache / "kernels").symlink_to(kernels)
        self.made = {"base": self.commit("base")}
        for edit in edits:
            for name, (old, new) in edit.changes.items():
                path = folder / name
                text = path.read_text()
                assert text.count(old) == 1, (edit.subject, name, text.count(old))
                path.write_text(text.replace(old, new))
            self.made[edit.subject] = self.commit(edit.subject)

    def state(self) -> dict[str, str]:
        """All that a command must leave as it was."""
        listed = subprocess.run(
            ["find", ".", "-path", "./.asv", "-prune", "-o", "-type", "f", "-printf", "%p %s %T@\n"],
            cwd=self.folder,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        return {"files": "\n".join(sorted(listed.splitlines())), "head": self.git("rev-parse", "HEAD")}


def cpp(folder: Path, cache: Path) -> EngineRepository:
    """The textbook's engine. Its recipe is in lobench.toml."""
    source = EXAMPLES / "cpp_textbook"
    files = {f"src/{path.name}": path.read_text() for path in sorted(source.iterdir())}
    files["build.sh"] = (
        "set -e\n"
        "g++ -std=c++17 -g -O0 -march=x86-64-v3 -ffp-contract=off -fPIC -shared -fvisibility=hidden "
        '-I"$LOBENCH_INCLUDE" -o book.so src/engine.cpp\n'
    )
    files["lobench.toml"] = (
        f'feed = "{FEED}"\nbuild = "sh build.sh"\nartifact = "book.so"\nsources = ["src", "build.sh"]\n'
    )
    files["src/book.h"] = _replaced(
        files["src/book.h"],
        "std::unordered_map<uint64_t, std::list<Order>::iterator> orders;",
        "std::map<uint64_t, std::list<Order>::iterator> orders;",
    )
    files["src/engine.cpp"] = _replaced(
        files["src/engine.cpp"],
        "        Desk &desk = desk_of(record.instrument_id, record.publisher_id);\n",
        "        std::vector<uint64_t> copied(64, record.order_id);\n"
        "        work += copied[record.order_id % 64];\n"
        "        Desk &desk = desk_of(record.instrument_id, record.publisher_id);\n",
    )
    files["src/engine.cpp"] = _replaced(
        files["src/engine.cpp"], "    uint64_t trace = 0;\n", "    uint64_t trace = 0, work = 0;\n"
    )
    engine, counted = "src/engine.cpp", "        ++counts.events;\n"
    loop = "        for (int i = 0; i < {}; ++i) work = work * 6364136223846793005u + record.order_id;\n"
    edits = (
        Edit("compile with optimization", {"build.sh": ("-O0", "-O1")}),
        Edit(
            "find orders in a hash table",
            {"src/book.h": ("std::map<uint64_t, std::list<Order>", "std::unordered_map<uint64_t, std::list<Order>")},
        ),
        Edit(
            "do not copy records",
            {
                engine: (
                    "        std::vector<uint64_t> copied(64, record.order_id);\n"
                    "        work += copied[record.order_id % 64];\n",
                    "",
                )
            },
        ),
        Edit("slower by 5 %", {engine: (counted, counted + loop.format(SLOWER_LOOPS))}),
        Edit(
            "twice the work in a rare action",
            {
                engine: (
                    "        if (record.action == 'T' && !effect.ignored)",
                    f"        if (record.action == '{RARE}')\n    {loop.format(RARE_LOOPS)}"
                    "        if (record.action == 'T' && !effect.ignored)",
                )
            },
        ),
        Edit("words", {engine: (counted, "        // Every record counts.\n\n" + counted)}),
        Edit("a build that breaks", {engine: (counted, "        ++counts.event;\n")}),
        Edit(
            "a wrong result",
            {
                engine: ("        ++counts.event;\n", counted),
                "src/features.h": (
                    "    f[2] = (a1 - b1) / 1e9;\n",
                    "    f[2] = (a1 - b1) / 1e9 * (book.n > 2000 ? 1.0000000001 : 1.0);\n",
                ),
            },
        ),
    )
    return EngineRepository(folder, cache, files, edits)


SLOWER_LOOPS: Final = 15
"""About a twentieth of the cost of a record."""
RARE_LOOPS: Final = 4000
"""About the cost of such a record."""


def rust(folder: Path, cache: Path) -> EngineRepository:
    """The plan in Rust, one commit for each phase. Its recipe is in a ladder file below the top."""
    source = EXAMPLES / "rust_ladder"
    files = {f"parts/{path.name}": path.read_text() for path in sorted((source / "parts").iterdir())}
    files["book.rs"] = (source / "p0.rs").read_text()
    files["plan/ladder.toml"] = (
        'name = "ours"\n'
        f'feed = "{FEED}"\n'
        'build = "cd .. && rustc --edition=2021 --crate-type=cdylib -C opt-level=$LEVEL -g -C target-cpu=x86-64-v3 '
        '-o plan/book.so book.rs"\n'
        'artifact = "book.so"\nsources = ["../book.rs", "../parts"]\n'
        '[environment]\nLEVEL = "1"\n[[step]]\nvariant = "./book.so"\n'
    )
    engine = "parts/engine.rs"
    counted = "        let number = self.desk_of((record.instrument_id, record.publisher_id));\n"
    loop = (
        "for _ in 0..{} {{ self.totals.decoded = "
        "self.totals.decoded.wrapping_mul(6364136223846793005).wrapping_add(record.order_id); }}\n"
    )
    trade = "            Effect::Traded if"
    edits = (
        Edit("records are read in place", {"book.rs": ("type Events = Cloned;", "type Events = Borrowed;")}),
        Edit(
            "a snapshot, no locks", {"book.rs": ("type Context = Locked<ByName>;", "type Context = Snapshot<ByName>;")}
        ),
        Edit("orders in a hash table", {"book.rs": ("type Lookup = Scan;", "type Lookup = Hash;")}),
        Edit("slower by 5 %", {engine: (counted, counted + "        " + loop.format(RUST_SLOWER_LOOPS))}),
        Edit(
            "twice the work in a rare action",
            {
                engine: (
                    "        let desk = &mut self.desks[number];\n        let instrument = desk.instrument;\n",
                    f"        if record.action == b'{RARE}' {{ {loop.format(RUST_RARE_LOOPS).strip()} }}\n"
                    "        let desk = &mut self.desks[number];\n        let instrument = desk.instrument;\n",
                )
            },
        ),
        Edit("words", {engine: (trade, "            // Of the trades.\n" + trade)}),
        Edit("a build that breaks", {engine: (trade, "            Effect::Trade if")}),
        Edit("a wrong result", {engine: ("            Effect::Trade if", "            Effect::Traded if 1 > 2 &&")}),
    )
    uses = files["book.rs"]
    for name, more in (
        ("records::Cloned", "records::{Borrowed, Cloned}"),
        ("context::Locked", "context::{Locked, Snapshot}"),
    ):
        uses = _replaced(uses, f"use parts::{name};", f"use parts::{more};")
    files["book.rs"] = "#![allow(unused_imports)]\n" + _replaced(
        uses, "use parts::lookup::Scan;", "use parts::lookup::{Hash, Scan};"
    )
    return EngineRepository(folder, cache, files, edits)


RUST_SLOWER_LOOPS: Final = 200
RUST_RARE_LOOPS: Final = 10_000
"""About the cost of such a record. The total moves by more, as the engine's hash tables have random keys."""


def _replaced(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)
