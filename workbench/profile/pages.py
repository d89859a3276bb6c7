"""The files that show a document: annotated source, flame graph, and speedscope's input."""

from __future__ import annotations

import json
from pathlib import Path

from lobench.workbench.profile.flamegraph import flame_graph
from lobench.workbench.profile.model.costs import Lined
from lobench.workbench.profile.sourcepage import source_page
from lobench.workbench.profile.sources import Sources
from lobench.workbench.profile.speedscope import speedscope


def write_pages(found: Lined, sources: Sources, folder: Path) -> None:
    """Write ``source.html``, ``flame.svg`` and ``lines.speedscope.json``."""
    (folder / "source.html").write_text(source_page(found, sources), encoding="utf-8")
    (folder / "flame.svg").write_text(flame_graph(found, alive=True), encoding="utf-8")
    (folder / "lines.speedscope.json").write_text(json.dumps(speedscope(found)), encoding="utf-8")
