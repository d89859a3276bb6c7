"""The files that asv publishes, in a form it can read: a broken file is left out, the others stay."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from lobench.engine.errors import UsageError
from lobench.workbench.history.asv_files import read_object


def stage(results: Path, folder: Path) -> None:
    """Copy asv's results to a folder, without comments, which asv does not accept there.

    Other files are left out and listed on stderr.
    """
    folder.mkdir()
    for file in sorted(results.rglob("*.json")):
        if not file.is_file():
            continue
        problem = None
        try:
            content = read_object(file)
            problem = "not a JSON object" if content is None else _problem(file, content)
        except UsageError as error:
            content, problem = None, str(error).removeprefix(f"{file}: ")
        if content is None or problem is not None:
            print(f"{file}: {problem}; it is left out of the site", file=sys.stderr)
            continue
        place = folder / file.relative_to(results)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(content), encoding="utf-8")


def _problem(file: Path, content: dict[str, Any]) -> str | None:
    """Why asv would fail on a file."""
    if file.name == "machine.json" and not isinstance(content.get("machine"), str):
        return "names no machine"
    if not isinstance(content.get("version"), int):
        return "names no version"
    results = content.get("results", {})
    if not isinstance(results, dict) or not all(isinstance(one, list) for one in results.values()):
        return "holds no results"
    return None
