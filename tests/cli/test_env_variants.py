"""`lobench env` and `lobench variants`."""

from __future__ import annotations

import json
import os
import platform
import re
import socket
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from lobench import variants
from lobench.engine.policy import AXES, CORE_AXES
from lobench.workbench.environment import environment as facts
from lobench.workbench.environment import revision
from lobench.workbench.results.conversion import as_json
from tests.support.command import COMMAND, answer, environment, lobench, refused
from tests.support.paths import ROOT

pytestmark = pytest.mark.fast

OWN = """
from lobench.variants.p4_hash_lookup import VARIANT as last

VARIANT = last.derive("mine, like the last")
"""


def test_env_tells_machine_and_versions() -> None:
    told = answer("env")
    assert set(told) == set(as_json(facts()))
    assert told["cpu"]["threads"] == os.cpu_count()
    assert told["system"]["kernel"] == f"{platform.system()} {platform.release()}"
    assert told["python"].endswith(platform.python_version())
    for name in ("numpy", "numba", "llvmlite"):
        assert told["packages"][name] == metadata.version(name)
    assert told["memory"]["total_bytes"] > told["memory"]["available_bytes"] > 0
    assert len(told["load_average"]) == 3
    assert told["numba"]["cpu"]


def test_env_tells_numbas_variables_but_no_path(tmp_path: Path) -> None:
    changed = environment(NUMBA_OPT="2", NUMBA_CPU_NAME="generic", LOBENCH_CACHE_DIR=str(tmp_path))
    done = subprocess.run([*COMMAND, "env", "--json"], env=changed, capture_output=True, text=True, timeout=60)
    numba = json.loads(done.stdout)["numba"]
    assert numba["cpu"] == "generic"
    assert {"NUMBA_OPT": "2", "NUMBA_CPU_NAME": "generic"}.items() <= numba["variables"].items()
    for text in (done.stdout, lobench("env").stdout):
        for private in (str(tmp_path), str(Path.home()) + "/", str(ROOT)):
            assert private not in text
        assert socket.gethostname() not in re.findall(r"[\w.-]+", text)


def test_env_for_a_person() -> None:
    lines = lobench("env").stdout.splitlines()
    labels = [line.split()[0] for line in lines]
    assert labels[:4] == ["lobench", "cpu", "cores", "caches"]
    assert not any("None" in line for line in lines)


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a checkout")
def test_revision_is_the_checkouts() -> None:
    found = revision()
    assert found is None or len(found.removesuffix("-dirty")) == 40


def test_variants() -> None:
    told = answer("variants")
    known = variants.discover()
    assert [entry["name"] for entry in told["variants"]] == list(known)
    for entry in told["variants"]:
        variant = known[entry["name"]]
        expected = {"phase": variant.phase, "policies": variant.policies, "summary": variant.summary}
        assert entry == {"name": variant.name, **expected}
    assert told["reference"] == variants.REFERENCE
    assert list(told["axes"]) == list(AXES)
    assert told["core_axes"] == list(CORE_AXES)
    assert told["factorial"] == 16
    assert told["from_top"] == [variant.name for variant in variants.from_top(known)]


def test_variants_for_a_person() -> None:
    text = lobench("variants").stdout
    for name in variants.discover():
        assert f"\n{name} " in text
    for axis in AXES:
        assert f"\n{axis} " in text
    assert "axis=policy" in text
    assert "`factorial` stands for all 16 combinations" in text
    assert f"`from-top` for {variants.from_top(variants.discover())[0].name} complete and without" in text


def test_variants_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(OWN)
    told = answer("variants", "--variants-from", "mine.py", folder=tmp_path)
    assert told["variants"][-1]["name"] == "mine"
    assert told["variants"][-1]["phase"] is None
    assert told["factorial"] == 16
    (tmp_path / "other.py").write_text("VARIANT = 1\n")
    assert "defines no VARIANT" in refused(2, "variants", "--variants-from", "other.py", folder=tmp_path)
