"""A scratch repository with a miniature engine: it has the engine's few names and does countable work, so that whole
histories are made, built and measured in seconds.

Its parts are at the top, as in commits without a ``lobench`` package; ``move`` puts them into one.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from lobench.workbench.git import environment
from lobench.workbench.history.store import History, load
from tests.support import forked
from tests.support.command import calm
from tests.support.dbn_files import header
from tests.support.paths import ROOT

FILES = {
    "pyproject.toml": '[project]\nname = "miniature"\nversion = "1"\ndependencies = []\n',
    "engine/__init__.py": "",
    "engine/errors.py": "class UsageError(Exception):\n    pass\n",
    "engine/feeds.py": """
import os


class Ids:
    def __getitem__(self, part):
        return self

    def sum(self):
        return 0


class Chunk:
    def __init__(self, start, count):
        self.address, self.stride, self.count = start, 56, count


class Feed:
    records = {"order_id": Ids()}

    def __init__(self, path):
        with open(path, "rb") as file:
            header = 8 + int.from_bytes(file.read(8)[4:], "little")
        self.count = (os.path.getsize(path) - header) // 56

    def slice(self, start, stop):
        return Chunk(start, stop - start)


def open_feed(specs):
    return Feed(specs[0])


def load(feed):
    return feed
""",
    "engine/replay.py": """
class Result:
    def __init__(self, counters):
        self.counters = counters


class Replay:
    def __init__(self, variant, *, evaluate, observe, counters=False):
        self.variant, self.state, self.loops = variant, 1, 0

    def run(self, address, stride, count):
        wrong = self.variant.wrong
        for index in range(address, address + count):
            for _ in range(self.variant.work):
                pass
            self.state = (self.state * 31 + index) % 65521 if index != wrong else 7
        self.loops += count * self.variant.work

    def apply(self, chunk):
        self.run(chunk.address, chunk.stride, chunk.count)

    def end_state(self):
        return self.state

    def finish(self):
        return Result({"loops": self.loops})

    def close(self):
        pass
""",
    "variants/__init__.py": """
import importlib
import pkgutil

from engine.errors import UsageError


def discover(files=()):
    return {i.name: importlib.import_module(__name__ + "." + i.name) for i in pkgutil.iter_modules(__path__)}


def resolve(name, known):
    if name not in known:
        raise UsageError("no variant named " + name)
    return known[name]
""",
}


class Miniature:
    """The repository; ``work`` are loops for each event, of variant ``p0_plain`` unless another is named."""

    def __init__(self, folder: Path, cache: Path, files: Mapping[str, str] = FILES) -> None:
        self.folder = folder
        self.cache = cache
        self.feed = folder.parent / f"{folder.name}.dbn"
        self.feed.write_bytes(header() + calm(6_000).tobytes())
        self.git("init", "-q", "-b", "main")
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def git(self, *words: str, when: int | None = None) -> str:
        self.folder.mkdir(exist_ok=True)
        identity = ("-c", "user.name=nobody", "-c", "user.email=nobody@localhost")
        command = ["git", "-C", str(self.folder), *identity, *words]
        dates = {} if when is None else dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), f"{when} +0000")
        done = subprocess.run(command, check=True, capture_output=True, env={**environment(), **dates})
        return done.stdout.decode(errors="replace").strip()

    def commit(self, subject: str, when: int | None = None, /, **files: str) -> str:
        """Commit, at a time in seconds since the epoch; ``files`` are texts by path, with two underscores for a slash
        and without ``.py``."""
        for name, text in files.items():
            path = self.folder / (name.replace("__", "/") + ".py")
            path.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-qm", subject, "--allow-empty", when=when)
        return self.git("rev-parse", "HEAD")

    def work(self, loops: int, note: str = "", wrong: int = -1, variant: str = "p0_plain") -> str:
        """A commit whose variant makes ``loops`` loops for each event, and is wrong at event ``wrong``."""
        text = f"# {note}\nwork = {loops}\nwrong = {wrong}\n"
        return self.commit(f"{loops} loops {note}".strip(), **{f"variants__{variant}": text})

    def move(self) -> str:
        """A commit that puts the parts under one import name and changes nothing else: the folders stay where they
        are, and imports say ``lobench``."""
        for folder in ("engine", "variants"):
            for path in (self.folder / folder).rglob("*.py"):
                path.write_text(re.sub(r"^from (engine|variants)\b", r"from lobench.\1", path.read_text(), flags=re.M))
            (self.folder / "lobench").mkdir(exist_ok=True)
            (self.folder / "lobench" / folder).symlink_to(f"../{folder}")
        (self.folder / "lobench/__init__.py").write_text('"""One import name."""\n')
        return self.commit("One import name")

    def lobench(self, *words: object, **changes: str) -> subprocess.CompletedProcess[str]:
        """Run the command inside the repository to its end, with changes of the environment."""
        return forked.run([*map(str, words)], self.folder, self._variables(changes), 3600, safe=True)

    def _variables(self, changes: dict[str, str]) -> dict[str, str]:
        own = {"PYTHONPATH": str(ROOT), "NO_COLOR": "1", "LOBENCH_CACHE_DIR": str(self.cache)}
        return {**os.environ, **own, **changes}

    def started(self, *words: object, **changes: str) -> subprocess.Popen[str]:
        """The command, running inside the repository as a terminal runs it: in a process group of its own."""
        command = [sys.executable, "-P", "-m", "lobench", *map(str, words)]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self._variables(changes),
            process_group=0,
            # Tests in the background of a shell start with it ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            stdout=pipe,
            stderr=pipe,
            text=True,
        )

    def history(self) -> History:
        """The recorded data of the repository."""
        (folder,) = self.folder.glob(".asv/lobench/*/")
        return load(folder / "history.json", folder.name)
