"""Identities of a source's kernels, computed by its own engine before any of them is compiled.

They are finer than imports: a variant may import a module and use nothing of it, as phase 7 derives from phase 4 but
replaces its lookup.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from lobench.workbench.atomic_write import write_whole
from lobench.workbench.commits.code_text import digest_of
from lobench.workbench.commits.participant import WORKER, started
from lobench.workbench.commits.sources import Source

_SECONDS = 120.0

# Identities from another version of the worker are not comparable.
_METHOD = digest_of([(WORKER.name, WORKER.read_bytes())])[:12]

Identities = dict[str, str]
"""Variant to a digest of everything that its kernels are compiled from and started with."""


def kernels_of(sources: Sequence[Source]) -> list[Identities]:
    """The identities of each source's variants. Unknown ones are absent: those of an engine that caches kernels in
    another way or does not run, and those of kernels with values that have no key."""
    with ThreadPoolExecutor(max(1, len(sources))) as lanes:
        return list(lanes.map(_kernels_of, sources))


def _kernels_of(source: Source) -> Identities:
    if source.shared is None:
        return {}
    store = source.kernels / f"identities-{_METHOD}.json"
    with suppress(OSError, ValueError):
        kept: Identities = json.loads(store.read_text(encoding="utf-8"))
        return kept
    try:
        done = subprocess.run(
            **started(source, WORKER, "identify"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            timeout=_SECONDS,
            check=True,
        )
        found: Identities = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError):
        return {}
    write_whole(store, json.dumps(found), "LOBENCH_CACHE_DIR names another cache", folders=True)
    return found
