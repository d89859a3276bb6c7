"""All of scripts/peers: install, test and measure other libraries, write the page; findings are kept in a folder."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from outcome import CONFORMANCE, INSTALLED, load, result_file
from page import page
from peers import PEERS, Peer

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CONSTRAINTS = ROOT / "scripts/peers-constraints.txt"
FEEDS = ("synth:liquid-future,n=100000", "synth:equity-universe,n=100000", "synth:deep-book,n=100000")
BESIDE = ("p0_baseline", "p4_hash_lookup", "p7_cache_layout")
BUDGET = "150s"
_STEP = """
import sys, numpy, lobench
records = lobench.load(lobench.open_feed(sys.argv[1:])).records
print(numpy.gcd.reduce(records["price"][(records["action"] == 65) | (records["action"] == 77)]))
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/peers", description=__doc__)
    parser.add_argument("--environment", type=Path, default=_cache(), metavar="FOLDER", help="default %(default)s")
    parser.add_argument("--feed", action="append", metavar="FEED", help=f"repeatable; default {' '.join(FEEDS)}")
    parser.add_argument("--budget", default=BUDGET, help="time per feed (default %(default)s)")
    parser.add_argument("--processes", default="8", help="processes per feed (default %(default)s)")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "out/peers", help="results (default %(default)s)")
    parser.add_argument("--page", type=Path, default=ROOT / "docs/peers.md", help="default %(default)s")
    parser.add_argument("--only-page", action="store_true", help="only write the page, from existing results")
    arguments = parser.parse_args()
    if not arguments.only_page:
        _measured(arguments)
    arguments.page.write_text(page(load(arguments.output)), encoding="utf-8")
    print(f"page          {arguments.page}")
    return 0


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lobench/peers"


def _measured(arguments: argparse.Namespace) -> None:
    output: Path = arguments.output
    output.mkdir(parents=True, exist_ok=True)
    for old in output.glob(result_file("*")):
        old.unlink()
    python = _environment(arguments.environment)
    missing = {peer.package: reason for peer in PEERS if (reason := _install(python, peer))}
    peers = [peer for peer in PEERS if peer.package not in missing]
    installed = {
        "command": " ".join(["scripts/peers", *sys.argv[1:]]),
        "versions": {peer.package: _version(python, peer) for peer in peers},
        "missing": missing,
    }
    _write(output / INSTALLED, installed)
    _write(output / CONFORMANCE, {peer.engine: _conformance(python, peer) for peer in peers})
    for number, feed in enumerate(arguments.feed or FEEDS):
        result = _measure(python, peers, feed, arguments)
        shutil.copy(result, output / result_file(number))


def _environment(folder: Path) -> Path:
    """The Python of an environment with lobench; created or updated if necessary."""
    python = folder / "bin/python"
    wanted = hashlib.blake2b(
        b"".join(file.read_bytes() for file in (CONSTRAINTS, ROOT / "pyproject.toml", ROOT / "setup.py"))
        + str(ROOT).encode()
    ).hexdigest()
    stamp = folder / "lobench-installed"
    if not python.exists():
        print(f"making a virtual environment in {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        reason = _pip(python, "--config-settings", "editable_mode=compat", "-e", str(ROOT))
        if reason:
            sys.exit(f"scripts/peers: lobench could not be installed in {folder}: {reason}")
        stamp.write_text(wanted, encoding="utf-8")
    return python


def _install(python: Path, peer: Peer) -> str | None:
    """Why it is not installed, if so."""
    print(f"installing {peer.package}", file=sys.stderr)
    return _pip(python, peer.package)


def _pip(python: Path, *words: str) -> str | None:
    command = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-c", CONSTRAINTS, *words]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
        return None
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    return (errors or done.stderr.splitlines() or ["pip says nothing"])[-1].removeprefix("ERROR: ")


def _version(python: Path, peer: Peer) -> str:
    asked = f"from importlib.metadata import version; print(version({peer.package!r}))"
    return subprocess.run([python, "-c", asked], check=True, capture_output=True, text=True).stdout.strip()


def _conformance(python: Path, peer: Peer) -> dict[str, Any] | str:
    """The answer of ``lobench conform``, or why there is none."""
    done = _lobench(python, "conform", str(HERE / peer.files[0]), "--json")
    if done.returncode in (0, 1) and done.stdout.startswith("{"):
        found: dict[str, Any] = json.loads(done.stdout)
        return found
    return (done.stderr.splitlines() or ["it says nothing"])[-1]


def _measure(python: Path, peers: list[Peer], feed: str, arguments: argparse.Namespace) -> Path:
    """The result of a session on a feed; the price step, which a library may ask for, is the feed's."""
    names = [*BESIDE, *(name for peer in peers for name in (peer.engine, peer.twice))]
    words = [feed, "--variants", " ".join(names), "--until", "book", "--budget", arguments.budget]
    words += ["--processes", arguments.processes, "-o", str(arguments.output / "sessions"), "--json"]
    for file in (file for peer in peers for file in peer.files):
        words += ["--variants-from", str(HERE / file)]
    step = subprocess.run([python, "-c", _STEP, feed], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    done = _lobench(python, "measure", *words, PEERS_TICK=step)
    if not done.stdout.startswith("{"):
        sys.exit(f"scripts/peers: lobench measure {feed}: {done.stderr}")
    return Path(json.loads(done.stdout)["result_file"])


def _lobench(python: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    print(f"lobench {words[0]} {Path(words[1]).stem}", file=sys.stderr)
    return subprocess.run([python, "-m", "lobench", *words], capture_output=True, text=True, env=os.environ | variables)


def _write(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
