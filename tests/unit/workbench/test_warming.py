"""Cached kernels are not compiled again; compilers end with their parent; helpers of a user's variant count."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lobench.engine.errors import UsageError
from lobench.variants import load_file
from lobench.workbench.measurement.variant_digest import variant_digest
from tests.support.paths import ROOT
from tests.support.replays import run_python

pytestmark = pytest.mark.normal

VARIANT = """
import helper
from lobench.engine.compiling import kernel
from lobench.engine.policy import Events
from lobench.variants import p0_baseline
from lobench.variants.p1_zero_copy import load, release

@kernel
def at(state, address, stride, index):
    return helper.place(address, stride, index)

VARIANT = p0_baseline.VARIANT.derive("with a helper", events=Events(name="helped", load=load, at=at, release=release))
"""
RIGHT = """
from lobench.engine.compiling import kernel

@kernel
def place(address, stride, index):
    return address + index * stride
"""
WRONG = RIGHT.replace("index * stride", "(index - index % 2) * stride")


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    path = list(sys.path)
    yield
    sys.path[:] = path
    for name in ("helper", "other"):
        sys.modules.pop(name, None)


def write(folder: Path, helper: str = RIGHT, name: str = "helped") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "helper.py").write_text(helper)
    (folder / f"{name}.py").write_text(VARIANT)
    return folder / f"{name}.py"


def test_a_variants_helpers_stand_beside_it(tmp_path: Path) -> None:
    file = write(tmp_path)
    first = variant_digest(load_file(str(file)))
    assert not list(tmp_path.rglob("*.pyc"))
    for helper, same in ((WRONG, False), (RIGHT, True)):
        for name in [name for name in sys.modules if name == "helper" or name.startswith("lobench_user_helped")]:
            del sys.modules[name]
        write(tmp_path, helper)
        assert (variant_digest(load_file(str(file))) == first) is same


def test_helpers_of_one_name_are_refused(tmp_path: Path) -> None:
    load_file(str(write(tmp_path / "one")))
    with pytest.raises(UsageError, match=r"its module 'helper' has the name of .*one/helper.py; rename one of them"):
        load_file(str(write(tmp_path / "two", WRONG, "another")))


def test_an_installed_module_is_not_taken_for_a_namesake(tmp_path: Path) -> None:
    (tmp_path / "statistics.py").write_text("raise ValueError\n")
    (tmp_path / "plain.py").write_text("import statistics\nfrom lobench.variants.p0_baseline import VARIANT\n")
    assert load_file(str(tmp_path / "plain.py")).name == "plain"


def test_compilers_end_with_their_parent(tmp_path: Path) -> None:
    child = "import os, sys; from lobench.workbench.processes import child; child.end_with_parent(int(sys.argv[1])); "
    child += "print(os.getpid(), flush=True); import time; time.sleep(600)"
    parent = textwrap.dedent(
        f"""
        import os, subprocess, sys, time
        subprocess.Popen([sys.executable, "-c", {child!r}, str(os.getpid())])
        time.sleep(600)
        """
    )
    process = subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    number = int(process.stdout.readline())
    process.kill()
    process.wait()
    # The pipe closes when the last process that holds it ends.
    assert process.stdout.read() == ""
    process.stdout.close()
    for _ in range(500):
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{number}/stat").read_text().split()[2] == "Z":
            return
        time.sleep(0.01)
    pytest.fail("the child still runs")


def test_a_compiler_without_its_parent_ends() -> None:
    code = "from lobench.workbench.processes.child import end_with_parent; end_with_parent(1 << 30)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL


READ = """
import json, sys
from lobench.engine.feeds import load, open_feed
from lobench.engine.replay import Replay
from lobench.variants import load_file

feed = load(open_feed(["synth:liquid-future,n=2000"]))
with Replay(load_file(sys.argv[1]), until="decode", observe=False) as replay:
    replay.apply(feed.slice(0, feed.count))
    print(json.dumps(replay.end_state()))
"""


@pytest.mark.long
def test_an_edited_helper_is_compiled_anew(tmp_path: Path) -> None:
    """Wrong, it reads other records; mended, it is the kernel that was kept before."""

    def read(helper: str) -> Any:
        return run_python(READ, str(write(tmp_path, helper)), LOBENCH_CACHE_DIR=str(tmp_path / "cache"))

    right = read(RIGHT)
    assert read(WRONG) != right
    kept = sorted((tmp_path / "cache" / "kernels").iterdir())
    assert read(RIGHT) == right
    assert sorted((tmp_path / "cache" / "kernels").iterdir()) == kept


@pytest.mark.long
def test_an_edited_helper_is_found_by_verify(tmp_path: Path) -> None:
    """Wrong, it differs; mended, it agrees, and both kernels are in the cache from then on."""
    file = write(tmp_path)
    assert run_verify(file, tmp_path / "cache") == 0
    write(tmp_path, WRONG)
    assert run_verify(file, tmp_path / "cache") == 1
    kept = sorted((tmp_path / "cache" / "kernels").iterdir())
    write(tmp_path, RIGHT)
    assert run_verify(file, tmp_path / "cache") == 0
    assert sorted((tmp_path / "cache" / "kernels").iterdir()) == kept


def run_verify(file: Path, cache: Path) -> int:
    """Exit code of `lobench verify` of a user's variant against the reference."""
    command = [sys.executable, "-m", "lobench", "verify", "synth:liquid-future,n=2000", "--until", "book"]
    done = subprocess.run(
        [*command, "--variants", "helped", "--variants-from", str(file)],
        cwd=ROOT,
        env={**os.environ, "LOBENCH_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode
